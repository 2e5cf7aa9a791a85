"""Decisions of the developer and the repository: consent, budgets, rules, the repository's own file."""
