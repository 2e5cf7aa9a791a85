"""Readers turn assistants' logs into `Usage` values: one folder for each assistant, and `sources/` for common parts."""
