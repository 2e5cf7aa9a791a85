"""The clone that a command or a hook is about, and its state at this moment."""

from pathlib import Path

from tokcost.errors import NotARepository
from tokcost.model.claims import Consent
from tokcost.model.worktree import Worktree
from tokcost.policy.clone_state import CloneState, may_have_budget, read_state, state_of_hook, stops_unchecked
from tokcost.repo.worktree import find_worktree

__all__ = [
    "CloneState",
    "consent_in",
    "here",
    "may_have_budget",
    "root_around",
    "state_around",
    "state_here",
    "state_of_hook",
    "stops_unchecked",
]


def here(cwd: Path) -> Worktree:
    """The worktree around a folder. Raises `NotARepository`."""
    found = find_worktree(str(cwd))
    if found is None:
        raise NotARepository(f"{cwd} lies in no git repository", "Go into the clone that you mean.")
    return found


def state_here(cwd: Path) -> CloneState:
    """What holds in the worktree around a folder. Raises `NotARepository`."""
    return read_state(here(cwd))


def state_around(cwd: Path) -> CloneState | None:
    """What holds in the worktree around a folder; `None` where there is none."""
    found = find_worktree(str(cwd))
    return None if found is None else read_state(found)


def root_around(cwd: Path) -> str:
    """The main worktree of the clone around a folder; empty where there is none."""
    found = find_worktree(str(cwd))
    return found.root if found else ""


def consent_in(home: Path, worktree: Worktree) -> Consent:
    """What the person whose ledger is in `home` agreed to publish in a clone."""
    from tokcost.policy.consent import read_consent  # which knows the ledger; most hooks need not load it here

    return read_consent(home, read_state(worktree))
