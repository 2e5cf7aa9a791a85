"""Values to files that other programs read: usage, FOCUS, metrics."""
