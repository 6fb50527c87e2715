"""Microsoft Teams: what comes in, what is shown, what is sent."""
