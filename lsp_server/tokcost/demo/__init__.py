"""A scratch repository with logs that real assistants wrote."""
