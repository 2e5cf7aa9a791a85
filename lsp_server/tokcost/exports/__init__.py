"""Files for other programs: usage, FOCUS, metrics."""
