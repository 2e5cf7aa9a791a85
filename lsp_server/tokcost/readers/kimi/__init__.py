"""Kimi Code, and the Kimi CLI before it."""
