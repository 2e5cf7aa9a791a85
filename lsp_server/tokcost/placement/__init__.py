"""Pure rules: which branch had HEAD of a worktree at a moment."""
