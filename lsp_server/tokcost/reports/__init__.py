"""Rendering of values as text: tables, JSON, CSV. No printing."""
