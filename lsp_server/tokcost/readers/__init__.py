"""Assistants' logs to `Usage` values: a folder for each assistant, and in `sources/` what they have in common."""
