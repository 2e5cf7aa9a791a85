"""The git hooks of tokcost. Nothing here is installed until the user asks for it."""

HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-merge", "post-rewrite")
"""All our hooks by git's names, in the order in which git runs them (githooks(5))."""
