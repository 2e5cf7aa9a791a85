"""Compares the worktrees and repositories in the ledger with the disk: moved clones, removed worktrees."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence

from tokcost.ledger.open import Ledger
from tokcost.ledger.places import (
    KnownRepository,
    KnownWorktree,
    is_aside,
    move_repository,
    record_fingerprint,
    record_repository,
    record_worktree,
    repositories,
    step_aside,
    worktrees,
)
from tokcost.model.worktree import CloneState, Worktree, truth
from tokcost.repo.head import reflog_stamp
from tokcost.repo.named_worktree import git_folder, is_named
from tokcost.repo.worktree import disk_identity, find_worktree, repository_fingerprint
from tokcost.usage.same_project import ANEW, COMMIT, Replaced, compare, is_copy

DIGEST = "sha256:"
"""The prefix of a working directory whose log holds only its digest (`Usage.cwd`)."""


GIT_SECONDS = 1.0
IN_HOOK_SECONDS = 0.15
"""The time that git may take to tell another project in the place of a known clone. After 0.2 s in one wait, a hook
counts as stuck, and its commit gets no line (`tokcost_hooks/watch.py`)."""


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


def named_worktrees(
    known: Iterable[KnownWorktree], repositories: Mapping[int, KnownRepository], here: CloneState | None
) -> dict[str, Worktree]:
    """By their paths, the worktrees that git finds only where their repository is named, and in which usage counts:
    those in the ledger, whose owners were told so (`count_in_named`), and the one that a command or a hook is about, if
    its owner wants cost lines. A program that keeps copies of a project in a repository of its own names the folder of
    that project, too."""
    found = [as_worktree(one, repositories[one.repository]) for one in known if one.git_dir]
    if here and truth(here.config.section("tokcost").get("enabled", "")):
        found.insert(0, here.worktree)
    return {one.path: one for one in found if is_named(one)}


def is_counted(here: Worktree, named: Mapping[str, Worktree]) -> bool:
    """Whether usage counts in a worktree that is asked about, among the `named_worktrees`."""
    return git_folder(here) == here.path or named.get(here.path) == here


def moved_from(known: Iterable[KnownRepository], common_dir: str) -> KnownRepository | None:
    """The known repository that is now at a path unknown to the ledger.

    The folder's identity on the disk decides if the old place is empty, a link, or has another folder. The beginning of
    the reflog decides if a clone was moved to another disk: its old folder is gone or a link to this one, and no other
    clone began like it.
    """
    others = [one for one in known if one.common_dir != common_dir]
    if (certain := _moved_by_identity(others, common_dir)) is not None:
        return certain
    now = _own_tokens(common_dir)
    gone = [one for one in others if _shares(one, now) and _led_to(one) in ("", common_dir)]
    return gone[0] if len(gone) == 1 else None


def _moved_by_identity(others: Sequence[KnownRepository], common_dir: str) -> KnownRepository | None:
    """The repository whose folder this is, or else the one in whose place this clone was made again."""
    now = disk_identity(common_dir)
    own = [one for one in others if now in one.fingerprint.split() and not _is_there(one)]
    if own or not now:
        return own[-1] if own else None
    anew = [one for one in others if f"{ANEW}{now}" in one.fingerprint.split() and not _is_occupied(one)]
    return anew[-1] if anew else None


def _own_tokens(common_dir: str) -> set[str]:
    """The tokens of a clone's fingerprint without the commit, which every clone of a project may have."""
    return {token for token in repository_fingerprint(common_dir).split() if not token.startswith(COMMIT)}


def _shares(one: KnownRepository, tokens: Iterable[str]) -> bool:
    """Whether a repository is a clone with one of these tokens, or one was made again in its place that is."""
    known = one.fingerprint.split()
    return any(token in known or f"{ANEW}{token}" in known for token in tokens)


def _is_there(one: KnownRepository) -> bool:
    """Whether the folder at a repository's known place is the one that was first seen there. A mount can show the same
    folder in two places; a link that was left there shows where the clone is now."""
    return disk_identity(one.common_dir) in one.fingerprint.split() and _led_to(one) == one.common_dir


def _is_occupied(one: KnownRepository) -> bool:
    """Whether the folder there is that one, or the clone that was made again in its place."""
    return _shares(one, disk_identity(one.common_dir).split()) and _led_to(one) == one.common_dir


def _led_to(one: KnownRepository) -> str:
    """The folder that a repository's known place, which is remembered without links, leads to now; empty if there is
    none."""
    return os.path.realpath(one.common_dir) if os.path.exists(one.common_dir) else ""


def _at(known: Iterable[KnownRepository], common_dir: str) -> KnownRepository | None:
    return next((one for one in known if one.common_dir == common_dir), None)


def _identify(
    known: Sequence[KnownRepository], common_dir: str, replaced: Replaced | None = None
) -> KnownRepository | None:
    """The repository in the ledger, with its present fingerprint, that a clone is; `None` if the ledger has none.

    The ledger may have it elsewhere: the path is unknown, or belonged to another clone, as when two clones swap their
    names. A clone that is made again in the folder of an older one continues with its usage if it is of the same
    project (`replaced`); as long as that is unknown, nothing is concluded.
    """
    at = _at(known, common_dir)
    if at is None:
        return moved_from(known, common_dir)
    if not _has_other_folder(at):
        is_first = disk_identity(common_dir) in at.fingerprint.split()
        return at if COMMIT in at.fingerprint or not is_first else at._replace(fingerprint=_with_commit(at))
    moved = _moved_by_identity([one for one in known if one is not at], common_dir)
    if moved is not None or replaced is None or replaced.known != at:
        return moved or at
    return at._replace(fingerprint=_with_anew(at)) if replaced.is_same else moved_from(known, common_dir)


def _has_other_folder(at: KnownRepository) -> bool:
    """Whether the folder in a repository's place is neither the one first seen there nor the clone made again there."""
    now = disk_identity(at.common_dir)
    if not at.fingerprint or (now and _shares(at, [now])):
        return False
    tokens = _own_tokens(at.common_dir)
    return bool(tokens) and not _shares(at, tokens)


def _with_commit(at: KnownRepository) -> str:
    """The fingerprint of a clone that had no commit yet when it was first seen."""
    known = at.fingerprint.split()
    kinds = {token.partition(":")[0] for token in known}
    more = [token for token in repository_fingerprint(at.common_dir).split() if token.partition(":")[0] not in kinds]
    return " ".join([*known, *more])


def _with_anew(at: KnownRepository) -> str:
    """The fingerprint of a clone and of the one made again in its place. The older folder stays in it, since it may be
    found elsewhere."""
    known = [token for token in at.fingerprint.split() if not token.startswith(ANEW)]
    now = repository_fingerprint(at.common_dir).split()
    commits = [token for token in now if token.startswith(COMMIT) and COMMIT not in at.fingerprint]
    return " ".join([*known, *commits, *(f"{ANEW}{token}" for token in now if not token.startswith(COMMIT))])


def follow_move(ledger: Ledger, here: Worktree | None, seconds: float = GIT_SECONDS) -> None:
    """Record the present place of this worktree's clone in a separate transaction. If git has to be asked, it is asked
    before, for `seconds` at most."""
    if here is None:
        return
    known = repositories(ledger)
    at, replaced = _at(known, here.common_dir), None
    if at is not None and _identify(known, here.common_dir) == at and _has_other_folder(at):
        replaced = compare(ledger, at, seconds)
    found = _identify(known, here.common_dir, replaced)
    if found != at or (found is None and _older_clone(known, here) is not None):
        with ledger.transaction():
            move_here(ledger, here, replaced)


def follow_replaced(ledger: Ledger, seconds: float, end: float) -> None:
    """Do that for all known clones in whose place another folder is: usage is about to be placed in them. After `end`
    (`time.monotonic`), git is asked no more."""
    for one in filter(_has_other_folder, repositories(ledger)):
        there = find_worktree(one.root)
        if there is None or there.common_dir != one.common_dir:
            there = Worktree(one.root, one.common_dir, one.common_dir, one.root)
        if time.monotonic() < end:
            follow_move(ledger, there, seconds)


def move_here(ledger: Ledger, here: Worktree, replaced: Replaced | None = None) -> bool:
    """Follow a move as `follow_move` does, in the caller's transaction; returns whether anything has moved. `replaced`
    is what was found out about its place before.

    The previous occupant of the place is set aside, and looked for where the clone came from. Usage may still name the
    main worktree by its old path, even if only a linked worktree was seen.
    """
    known = repositories(ledger)
    found, at = _identify(known, here.common_dir, replaced), _at(known, here.common_dir)
    if found is not None and at is not None and found.id == at.id:
        if found.fingerprint != at.fingerprint:
            record_fingerprint(ledger, at.id, found.fingerprint)
        return False
    if at is not None:
        keep_main(ledger, at)
        step_aside(ledger, at)
    if found is None:
        return _part_off(ledger, known, here) or at is not None
    # Before the move, which changes the root that this remembers.
    if not is_aside(found):
        keep_main(ledger, found)
    move_repository(ledger, found.id, here.common_dir, here.root)
    left = find_worktree(found.root)
    if left is not None and left.common_dir == found.common_dir:
        found = found._replace(common_dir=here.common_dir, root=here.root)
        if not _part_off(ledger, [found], left):
            move_here(ledger, left)
    return True


def _made_in_place_of(older: KnownRepository, common_dir: str) -> int | None:
    """The moment, in milliseconds UTC, at which a clone was made in the place of an older one; `None` if it was not,
    or its files are those of the older one, as in a backup."""
    now = disk_identity(common_dir)
    if not now or f"{ANEW}{now}" not in older.fingerprint.split() or is_copy(older, now):
        return None
    return int(now.rpartition(":")[2]) // 1_000_000  # `repository_fingerprint`


def _older_clone(known: Iterable[KnownRepository], here: Worktree) -> KnownRepository | None:
    """The clone in whose place this one was made again."""
    return next((one for one in known if _made_in_place_of(one, here.common_dir) is not None), None)


def _part_off(ledger: Ledger, known: Iterable[KnownRepository], here: Worktree) -> bool:
    """Give a clone that was made again in the place of a known one, which is elsewhere, what was spent in it; returns
    whether it was."""
    older = _older_clone(known, here)
    since_ms = None if older is None else _made_in_place_of(older, here.common_dir)
    if older is None or since_ms is None:
        return False
    from tokcost.usage.part_clones import part  # rarely are both clones still there

    part(ledger, older, here, since_ms)
    return True


def record_clone(ledger: Ledger, here: Worktree) -> int:
    """Row id of the clone of a worktree, created or updated, in the caller's transaction; the caller has followed its
    moves (`move_here`).

    A clone that was made again in the place of another one keeps the fingerprint of both: the older one may be found
    elsewhere. Only the clone that a fingerprint is of renews it, since its reflog expires. The main worktree that is
    known stays known where git does not record it (`Worktree.root`).
    """
    at, now = _at(repositories(ledger), here.common_dir), repository_fingerprint(here.common_dir)
    if at is None:
        return record_repository(ledger, here.common_dir, here.root, now)
    root = at.root if here.root == here.common_dir else here.root
    return record_repository(ledger, here.common_dir, root, _renewed(at.fingerprint, now))


def _renewed(before: str, now: str) -> str:
    known, tokens = before.split(), now.split()
    if known and {token for token in tokens if not token.startswith(COMMIT)}.isdisjoint(known):
        return before
    kinds = {token.partition(":")[0] for token in tokens}
    return " ".join([*tokens, *(token for token in known if token.partition(":")[0] not in kinds)])


def keep_main(ledger: Ledger, moved: KnownRepository) -> None:
    """Remember the former place of a clone's main worktree, in the caller's transaction."""
    if moved.root == moved.common_dir:
        return
    if all(one.path != moved.root for one in worktrees(ledger)):
        record_worktree(ledger, moved.id, moved.root, moved.common_dir)


def born_ms(one: KnownRepository) -> int:
    """The time at which a clone was made, by its fingerprint; 0 if unknown."""
    tokens = (token.removeprefix(ANEW).split(":") for token in one.fingerprint.split())
    times = [token[3] for token in tokens if token[0] == "inode" and len(token) == 4]
    return min((int(time) for time in times if time.isdecimal()), default=0) // 1_000_000


def repository_of(ledger: Ledger, worktree: Worktree) -> KnownRepository:
    """The repository of a worktree as the ledger knows it; an unknown one has id -1 and no usage."""
    found = _identify(repositories(ledger), worktree.common_dir)
    if found is None:
        return KnownRepository(-1, worktree.common_dir, worktree.root, "")
    if found.common_dir == worktree.common_dir:
        return found
    return found._replace(common_dir=worktree.common_dir, root=worktree.root)
