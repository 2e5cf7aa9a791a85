"""Decisions of the developer and the repository: consent, budgets, the repository's own file."""
