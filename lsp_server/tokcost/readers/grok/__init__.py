"""Grok Build, of xAI."""
