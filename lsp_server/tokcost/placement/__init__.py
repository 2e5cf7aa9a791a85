"""Pure rules that decide which branch a worktree's HEAD was on at a given time."""
