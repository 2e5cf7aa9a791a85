"""The worktrees and repositories that the ledger knows, held against what is on the disk now: clones that were moved,
worktrees that are gone."""

import os
from collections.abc import Iterable, Sequence

from tokcost.ledger.open import Ledger
from tokcost.ledger.places import (
    KnownRepository,
    KnownWorktree,
    is_aside,
    move_repository,
    record_worktree,
    repositories,
    step_aside,
    worktrees,
)
from tokcost.repo.head import reflog_stamp
from tokcost.repo.worktree import Worktree, disk_identity, find_worktree, repository_fingerprint

DIGEST = "sha256:"
"""Begins a working directory of which the log has only the digest (`Usage.cwd`)."""


def digest_of(path: str) -> str:
    """The name of a folder in logs that have only its digest."""
    from hashlib import sha256  # most logs name folders by their paths

    return DIGEST + sha256(os.fsencode(path)).hexdigest()


def as_worktree(known: KnownWorktree, repository: KnownRepository) -> Worktree:
    """A worktree that the ledger knows, as git's rooms take one; without a git folder of its own where nobody ever saw
    it."""
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
    """The repository that is at a path where the ledger knows none. The folder's identity on the disk decides, where
    another folder is at the old place, or none; the beginning of the reflog does where a clone was moved to another
    disk: its old folder is gone, and no other one began like it."""
    now = set(repository_fingerprint(common_dir).split())
    shared = [(one, now & set(one.fingerprint.split())) for one in known if one.common_dir != common_dir]
    certain = [one for one, tokens in shared if any(map(_is_identity, tokens)) and not _is_there(one)]
    if certain:
        return certain[-1]
    gone = [one for one, tokens in shared if tokens and not os.path.exists(one.common_dir)]
    return gone[0] if len(gone) == 1 else None


def _is_identity(token: str) -> bool:
    return token.startswith("inode:")


def _is_there(one: KnownRepository) -> bool:
    """Whether the folder at the known place of a repository is the one that was seen there. A mount can show the same
    folder at two places."""
    return disk_identity(one.common_dir) in one.fingerprint.split()


def arrived_at(known: Sequence[KnownRepository], common_dir: str) -> KnownRepository | None:
    """The repository that is at this path now while the ledger has it elsewhere: at a path that the ledger does not
    know, or in place of another one, as when two clones swap their names. A clone that is made anew in the folder of an
    older one goes on with its usage."""
    at = next((one for one in known if one.common_dir == common_dir), None)
    if at is None:
        return moved_from(known, common_dir)
    now = disk_identity(common_dir)
    if not now or now in at.fingerprint.split():
        return None
    return next((one for one in known if now in one.fingerprint.split() and not _is_there(one)), None)


def follow_move(ledger: Ledger, here: Worktree | None) -> None:
    """Let the ledger know where the clone of this worktree is now. A transaction of its own."""
    if here is not None and arrived_at(repositories(ledger), here.common_dir) is not None:
        with ledger.transaction():
            move_here(ledger, here)


def move_here(ledger: Ledger, here: Worktree) -> bool:
    """Follow a move as `follow_move` does, as part of the caller's transaction; whether anything has moved. What was in
    this place steps aside, and is looked for where the clone came from. Usage may name the main worktree by its old
    path still, also when only a linked one was seen."""
    known = repositories(ledger)
    moved = arrived_at(known, here.common_dir)
    if moved is None:
        return False
    for one in known:
        if one.common_dir == here.common_dir:
            step_aside(ledger, one)
    if not is_aside(moved):
        keep_main(ledger, moved)
    move_repository(ledger, moved.id, here.common_dir, here.root)
    left = find_worktree(moved.root)
    if left is not None and left.common_dir == moved.common_dir:
        move_here(ledger, left)
    return True


def keep_main(ledger: Ledger, moved: KnownRepository) -> None:
    """Remember where the main worktree of a clone was that is gone from there; part of the caller's transaction."""
    if moved.root == moved.common_dir or os.path.lexists(moved.root):
        return
    if all(one.path != moved.root for one in worktrees(ledger)):
        record_worktree(ledger, moved.id, moved.root, moved.common_dir)


def repository_of(ledger: Ledger, worktree: Worktree) -> KnownRepository:
    """The repository of a worktree as the ledger knows it; one it does not know has id -1 and no usage."""
    known = repositories(ledger)
    if (moved := arrived_at(known, worktree.common_dir)) is not None:
        return moved._replace(common_dir=worktree.common_dir, root=worktree.root)
    for one in known:
        if one.common_dir == worktree.common_dir:
            return one
    return KnownRepository(-1, worktree.common_dir, worktree.root, "")
