"""What the developer and the repository decided: consent, budgets, the repository's own file."""
