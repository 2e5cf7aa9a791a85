"""The git hooks of tokcost: what git runs at a commit. Nothing here is installed until the user asks."""
