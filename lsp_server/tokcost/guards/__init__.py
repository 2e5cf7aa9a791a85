"""Budgets in front of assistants: their hooks, and what these expect to hear."""
