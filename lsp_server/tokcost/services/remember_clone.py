"""A clone that something of ours is put into, remembered in the ledger: `tokcost uninstall` finds it again, whether
anything is ever spent in it or not."""

from contextlib import suppress
from pathlib import Path

from tokcost.errors import TokcostError
from tokcost.ledger.open import open_ledger
from tokcost.ledger.places import record_worktree, repositories, worktrees
from tokcost.model.worktree import Worktree
from tokcost.repo.named_worktree import git_folder, is_named
from tokcost.repo.worktree import find_worktree
from tokcost.usage.known_worktrees import follow_move, named_worktrees, record_clone

_BUSY_SECONDS = 1.0


def remember_clone(home: Path, worktree: Worktree) -> None:
    """Have the ledger know the clone of a worktree; one that cannot be written now hears of it by the first usage."""
    with suppress(TokcostError), open_ledger(home, busy_seconds=_BUSY_SECONDS) as ledger:
        # Before the clone is recorded: a renamed one would otherwise be recorded as another clone.
        follow_move(ledger, worktree)
        with ledger.transaction():
            record_clone(ledger, worktree)


def count_in_named(home: Path, worktree: Worktree) -> str | None:
    """Have usage count from now on in a worktree that git finds only where its repository is named. `None` for all
    other worktrees, which need no such step. Raises `EnvironmentProblem`.

    Returns the git folder of the repository in which it counts: one that git finds there, or the first of several that
    have this worktree. Empty if it counts in none, because the repository has a worktree elsewhere.
    """
    if git_folder(worktree) == worktree.path:
        return None
    found = find_worktree(worktree.path)
    if found is not None or not is_named(worktree):
        return found.git_dir if found else ""
    with open_ledger(home) as ledger:
        follow_move(ledger, worktree)
        with ledger.transaction():
            number, clones = record_clone(ledger, worktree), {one.id: one for one in repositories(ledger)}
            there = named_worktrees(worktrees(ledger), clones, None).get(worktree.path)
            if there is None:
                record_worktree(ledger, number, worktree.path, worktree.git_dir)
        return (there or worktree).git_dir
