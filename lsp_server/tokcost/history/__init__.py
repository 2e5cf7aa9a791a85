"""Merged changes and what they cost, from history alone."""
