"""Worktrees and repositories as the ledger knows them and as git's rooms do."""

import os
from collections.abc import Iterable

from tokcost.ledger.open import Ledger
from tokcost.ledger.places import (
    KnownRepository,
    KnownWorktree,
    move_repository,
    record_worktree,
    repositories,
    worktrees,
)
from tokcost.repo.head import reflog_stamp
from tokcost.repo.worktree import Worktree, repository_fingerprint

DIGEST = "sha256:"
"""Begins a working directory of which the log has only the digest (`Usage.cwd`)."""


def digest_of(path: str) -> str:
    """The name of a folder in logs that have only its digest."""
    from hashlib import sha256  # most logs name folders by their paths

    return DIGEST + sha256(os.fsencode(path)).hexdigest()


def as_worktree(known: KnownWorktree, repository: KnownRepository) -> Worktree:
    """The same worktree; one that was never seen alive has no git folder of its own."""
    return Worktree(known.path, known.git_dir or known.path, repository.common_dir, repository.root)


GONE = "gone"
"""The stamp of an assistant's own worktree whose usage was placed when the worktree was gone."""


def moved_stamp(known: KnownWorktree, repository: KnownRepository) -> str:
    """The stamp of its HEAD reflog now, if that differs from when its usage was last placed; else empty."""
    stamp = reflog_stamp(as_worktree(known, repository)) if known.git_dir else ""
    if not stamp and known.origin_branch and not os.path.isdir(known.path):
        stamp = GONE
    return "" if stamp == known.stamp else stamp


def gone_worktree(path: str, linked: Iterable[Worktree]) -> Worktree | None:
    """The innermost of some linked worktrees that a folder lay in and whose own folder is gone: git still knows of
    it."""
    folder = os.path.normpath(path)
    around = [one for one in linked if folder == one.path or folder.startswith(one.path + os.sep)]
    return max((one for one in around if not os.path.lexists(one.path)), key=lambda one: len(one.path), default=None)


def moved_from(known: Iterable[KnownRepository], common_dir: str) -> KnownRepository | None:
    """The repository that is at another path now, whose old folder is gone. The folder's identity on the disk decides;
    the beginning of the reflog does where a clone was moved to another disk and no other one began like it."""
    now = set(repository_fingerprint(common_dir).split())
    shared = [(one, now & set(one.fingerprint.split())) for one in known if one.common_dir != common_dir]
    gone = [(one, tokens) for one, tokens in shared if tokens and not os.path.exists(one.common_dir)]
    certain = [one for one, tokens in gone if any(token.startswith("inode:") for token in tokens)]
    if certain:
        return certain[-1]
    return gone[0][0] if len(gone) == 1 else None


def follow_move(ledger: Ledger, here: Worktree | None) -> None:
    """Let the ledger know where the clone of this worktree is now. Usage may name the main worktree by its old path
    still, also when only a linked one was seen. A transaction of its own."""
    known = repositories(ledger) if here is not None else []
    if here is None or any(one.common_dir == here.common_dir for one in known):
        return
    moved = moved_from(known, here.common_dir)
    if moved is not None:
        with ledger.transaction():
            keep_main(ledger, moved)
            move_repository(ledger, moved.id, here.common_dir, here.root)


def keep_main(ledger: Ledger, moved: KnownRepository) -> None:
    """Remember where the main worktree of a clone was that is gone from there; part of the caller's transaction."""
    if moved.root != moved.common_dir and all(one.path != moved.root for one in worktrees(ledger)):
        record_worktree(ledger, moved.id, moved.root, moved.common_dir)


def repository_of(ledger: Ledger, worktree: Worktree) -> KnownRepository:
    """The repository of a worktree as the ledger knows it; one it does not know has id -1 and no usage."""
    known = repositories(ledger)
    for one in known:
        if one.common_dir == worktree.common_dir:
            return one
    if (moved := moved_from(known, worktree.common_dir)) is not None:
        return moved._replace(common_dir=worktree.common_dir, root=worktree.root)
    return KnownRepository(-1, worktree.common_dir, worktree.root, "")
