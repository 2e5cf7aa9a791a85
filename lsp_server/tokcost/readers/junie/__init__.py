"""Junie, of JetBrains."""
