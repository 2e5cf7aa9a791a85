"""Worktrees and repositories as the ledger knows them and as git's rooms do."""

from tokcost.ledger.open import Ledger
from tokcost.ledger.places import KnownRepository, KnownWorktree, repositories
from tokcost.repo.head import reflog_stamp
from tokcost.repo.worktree import Worktree


def as_worktree(known: KnownWorktree, repository: KnownRepository) -> Worktree:
    """The same worktree; one that was never seen alive has no git folder of its own."""
    return Worktree(known.path, known.git_dir or known.path, repository.common_dir, repository.root)


def moved_stamp(known: KnownWorktree, repository: KnownRepository) -> str:
    """What its HEAD reflog looks like now, if that differs from when its usage was last placed; else empty."""
    stamp = reflog_stamp(as_worktree(known, repository)) if known.git_dir else ""
    return "" if stamp == known.stamp else stamp


def repository_of(ledger: Ledger, worktree: Worktree) -> KnownRepository:
    """The repository of a worktree as the ledger knows it; one it does not know has id -1 and no usage."""
    for one in repositories(ledger):
        if one.common_dir == worktree.common_dir:
            return one
    return KnownRepository(-1, worktree.common_dir, worktree.root, "")
