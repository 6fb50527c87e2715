"""What the core asks of the world, as protocols; one file a feature."""
