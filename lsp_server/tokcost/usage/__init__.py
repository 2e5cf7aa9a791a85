"""Importing usage: detecting changed logs, reading them in parallel, placing and pricing their usage."""
