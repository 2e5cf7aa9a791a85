"""Cursor, an editor."""
