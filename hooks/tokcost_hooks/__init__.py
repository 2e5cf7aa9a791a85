"""The git hooks of tokcost: what git runs at a commit. Nothing here is installed until the user asks."""

HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-merge", "post-rewrite")
"""All hooks of ours, by git's names, in the order in which git runs them (githooks(5))."""
