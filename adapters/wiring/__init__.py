"""The composition root: the one place where the rings are put together."""
