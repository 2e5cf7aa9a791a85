"""The worktree that a command is about."""

from pathlib import Path

from tokcost.errors import NotARepository
from tokcost.policy.clone_state import CloneState, read_state
from tokcost.repo.worktree import Worktree, find_worktree


def here(cwd: Path) -> Worktree:
    """The worktree around a folder. Raises `NotARepository`."""
    found = find_worktree(str(cwd))
    if found is None:
        raise NotARepository(f"{cwd} lies in no git repository", "Go into the clone that you mean.")
    return found


def state_here(cwd: Path) -> CloneState:
    """What holds in the worktree around a folder. Raises `NotARepository`."""
    return read_state(here(cwd))
