"""What git knows: worktrees, HEAD, reflogs. Git is asked here and nowhere else."""
