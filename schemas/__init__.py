"""What to extract: target schemas, their checks and their errors."""
