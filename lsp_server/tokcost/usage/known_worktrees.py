"""Compares the worktrees and repositories in the ledger with the disk: moved clones, removed worktrees."""

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
from tokcost.model.worktree import Worktree
from tokcost.repo.head import reflog_stamp
from tokcost.repo.worktree import disk_identity, find_worktree, repository_fingerprint

DIGEST = "sha256:"
"""The prefix of a working directory whose log holds only its digest (`Usage.cwd`)."""


def digest_of(path: str) -> str:
    """The name of a folder in logs that hold only its digest."""
    from hashlib import sha256  # most logs name folders by their paths

    return DIGEST + sha256(os.fsencode(path)).hexdigest()


def as_worktree(known: KnownWorktree, repository: KnownRepository) -> Worktree:
    """A worktree from the ledger in the form that the packages for git take; without a git folder if that was never
    seen."""
    return Worktree(known.path, known.git_dir or known.path, repository.common_dir, repository.root)


GONE = "gone"
"""The stamp of an assistant's own worktree whose usage was placed after the worktree was gone."""


def moved_stamp(known: KnownWorktree, repository: KnownRepository) -> str:
    """The present stamp of the worktree's HEAD reflog, if that differs from when its usage was last placed; else
    empty."""
    stamp = reflog_stamp(as_worktree(known, repository)) if known.git_dir else ""
    if not stamp and known.origin_branch and not os.path.isdir(known.path):
        stamp = GONE
    return "" if stamp == known.stamp else stamp


def gone_worktree(path: str, linked: Iterable[Worktree]) -> Worktree | None:
    """The innermost of some linked worktrees that contained a folder, whose own folder is gone, and which git still
    lists."""
    folder = os.path.normpath(path)
    around = [one for one in linked if folder == one.path or folder.startswith(one.path + os.sep)]
    return max((one for one in around if not os.path.lexists(one.path)), key=lambda one: len(one.path), default=None)


def moved_from(known: Iterable[KnownRepository], common_dir: str) -> KnownRepository | None:
    """The known repository that is now at a path unknown to the ledger.

    The folder's identity on the disk decides if the old place is empty, a link, or has another folder. The beginning of
    the reflog decides if a clone was moved to another disk: its old folder is gone or a link to this one, and no other
    clone began like it.
    """
    now = set(repository_fingerprint(common_dir).split())
    shared = [(one, now & set(one.fingerprint.split())) for one in known if one.common_dir != common_dir]
    certain = [one for one, tokens in shared if any(map(_is_identity, tokens)) and not _is_there(one)]
    if certain:
        return certain[-1]
    gone = [one for one, tokens in shared if tokens and _led_to(one) in ("", common_dir)]
    return gone[0] if len(gone) == 1 else None


def _is_identity(token: str) -> bool:
    return token.startswith("inode:")


def _is_there(one: KnownRepository) -> bool:
    """Whether the folder at a repository's known place is the one that was seen there. A mount can show the same
    folder in two places; a link that was left there shows where the clone is now."""
    return disk_identity(one.common_dir) in one.fingerprint.split() and _led_to(one) == one.common_dir


def _led_to(one: KnownRepository) -> str:
    """The folder that a repository's known place, which is remembered without links, leads to now; empty if there is
    none."""
    return os.path.realpath(one.common_dir) if os.path.exists(one.common_dir) else ""


def arrived_at(known: Sequence[KnownRepository], common_dir: str) -> KnownRepository | None:
    """The repository that is at this path now, while the ledger has it elsewhere: the path is unknown to the ledger,
    or belonged to another clone, as when two clones swap their names. A clone that is created again in the folder of
    an older one continues with its usage."""
    at = next((one for one in known if one.common_dir == common_dir), None)
    if at is None:
        return moved_from(known, common_dir)
    now = disk_identity(common_dir)
    if not now or now in at.fingerprint.split():
        return None
    return next((one for one in known if now in one.fingerprint.split() and not _is_there(one)), None)


def follow_move(ledger: Ledger, here: Worktree | None) -> None:
    """Record the present place of this worktree's clone in a separate transaction."""
    if here is not None and arrived_at(repositories(ledger), here.common_dir) is not None:
        with ledger.transaction():
            move_here(ledger, here)


def move_here(ledger: Ledger, here: Worktree) -> bool:
    """Follow a move as `follow_move` does, in the caller's transaction; returns whether anything has moved.

    The previous occupant of the place is set aside, and looked for where the clone came from. Usage may still name the
    main worktree by its old path, even if only a linked worktree was seen.
    """
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
    """Remember the former place of a clone's main worktree, in the caller's transaction."""
    if moved.root == moved.common_dir or os.path.lexists(moved.root):
        return
    if all(one.path != moved.root for one in worktrees(ledger)):
        record_worktree(ledger, moved.id, moved.root, moved.common_dir)


def repository_of(ledger: Ledger, worktree: Worktree) -> KnownRepository:
    """The repository of a worktree as the ledger knows it; an unknown one has id -1 and no usage."""
    known = repositories(ledger)
    if (moved := arrived_at(known, worktree.common_dir)) is not None:
        return moved._replace(common_dir=worktree.common_dir, root=worktree.root)
    for one in known:
        if one.common_dir == worktree.common_dir:
            return one
    return KnownRepository(-1, worktree.common_dir, worktree.root, "")
