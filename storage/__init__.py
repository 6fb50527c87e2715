"""What is remembered: the only ring that speaks SQL."""
