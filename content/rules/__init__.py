"""The rules of ``content check``, one small function each, in tables by what they look at."""
