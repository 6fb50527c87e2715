"""The outside world: platforms, HTTP, the shell, the environment."""
