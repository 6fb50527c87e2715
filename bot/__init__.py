"""The conversation core: pure rules and conversations; no clock, no network, no files, no SQL."""
