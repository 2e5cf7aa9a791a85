"""Assistants' log files to Usage values; one file per assistant."""
