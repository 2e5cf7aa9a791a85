"""Importing usage: what changed, reading it in parallel, placing and pricing it."""
