"""When things happen: plan what is due, claim it, commit the intent, send, record the result."""
