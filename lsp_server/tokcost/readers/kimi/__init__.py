"""Kimi Code, and its predecessor Kimi CLI."""
