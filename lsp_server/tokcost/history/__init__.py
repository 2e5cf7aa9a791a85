"""Merged changes and their cost, from history alone."""
