"""Git: worktrees, HEAD, reflogs, history. All questions to git are asked in this package."""
