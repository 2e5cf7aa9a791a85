"""Git: worktrees, HEAD, reflogs, history. It is asked here and nowhere else."""
