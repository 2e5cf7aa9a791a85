"""The branch a worktree was on at a moment, from what git remembers. Pure: no file, no clock.

HEAD's reflog is read backwards. Where it says `checkout: moving from A to B`, only A is certain to be a branch
(leaving a detached HEAD, git writes the commit's id), so every stay takes its name from the entry that ends it, and
the last from HEAD.
"""

import re
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from tokcost.model.history import NULL_ID, Creation, History, ReflogEntry, Rename
from tokcost.model.place import UNKNOWN, BranchPlace

_CHECKOUT = re.compile(r"checkout: moving from (.+) to (.+)$", re.DOTALL)
_REBASE_START = re.compile(r"(?:pull.*|rebase)(?: -i)? \(start\)|(?:rebase|pull.*): checkout ")
_RETURNING = re.compile(r"returning to refs/heads/(.+)$", re.DOTALL)
_COMMIT = ("commit", "cherry-pick", "revert", "merge", "am:")
_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?$")
_WORKTREE_BIRTH_SECONDS = 5


class Stay(NamedTuple):
    """From `second` on HEAD was on `branch` (`None`: detached)."""

    second: int
    branch: str | None


class Carry(NamedTuple):
    """Usage on `source` after `since` follows to `target`, which was created from it at `second`."""

    second: int
    since: int
    source: str
    target: str


class Timeline(NamedTuple):
    """Where HEAD of one worktree has been."""

    seconds: list[int]
    """Start of each stay; several may share a second, then they are in order."""
    branches: list[str | None]
    """The branch of each stay, under the name it has now."""
    first: str | None
    """The branch before the first stay."""
    begins: int
    """Before this second nothing is known."""
    carries: dict[str, list[Carry]]
    """By source, oldest first."""
    names: dict[str, str]
    """Former names of branches to present ones."""
    commits: list[int]
    """When commits were made here, ascending."""
    renames: list[int]
    """When branches were renamed, ascending."""
    newest: int
    """Second of the newest entry."""
    problem: str = ""
    """Why git remembers nothing here; empty when it does."""


def build_timeline(history: History) -> Timeline:
    """Read a worktree's history once; `place` then answers in the time of a binary search."""
    names: dict[str, str] = {}
    stays, first = _stays(history, names)
    entries = history.entries
    commits = sorted(entry.second for entry in entries if entry.message.startswith(_COMMIT))
    return Timeline(
        [stay.second for stay in stays],
        [stay.branch for stay in stays],
        first,
        _begins(entries),
        _carries(entries, history.creations, names, commits),
        names,
        commits,
        [rename.second for rename in history.renames],
        entries[-1].second if entries else 0,
        history.problem,
    )


def place(timeline: Timeline, time_ms: int, hint: str = "", *, hint_stale: bool = False) -> BranchPlace:
    """The branch of a usage at `time_ms`.

    `hint` is the assistant's own branch field. It decides between branches that HEAD was on within one and the same
    second, which a reflog cannot order, unless it was taken before that second (`hint_stale`); and it is all there is
    where git remembers nothing.
    """
    second = time_ms // 1000
    hint = "" if hint == "HEAD" else timeline.names.get(hint, hint)
    if timeline.problem or second < timeline.begins:
        return BranchPlace(hint, "transcript") if hint else UNKNOWN
    branch = _branch_at(timeline, second, "" if hint_stale else hint)
    if branch is None:
        return UNKNOWN
    carried = _carried(timeline, branch, second)
    return BranchPlace(carried, "carried") if carried != branch else BranchPlace(branch, "reflog")


def unsettled_since(timeline: Timeline, placed_second: int) -> int:
    """Usage from this second on may belong elsewhere than it did when the newest reflog entry was that of
    `placed_second`: what was not committed by then may have been carried along, and a rename concerns everything."""
    if timeline.renames and timeline.renames[-1] >= placed_second:
        return 0
    before = bisect_left(timeline.commits, placed_second)
    return timeline.commits[before - 1] if before else 0


def _stays(history: History, names: dict[str, str]) -> tuple[list[Stay], str | None]:
    """All stays oldest first and the branch before the first, walking back from HEAD. Fills `names`."""
    stays: list[Stay] = []
    renames = list(history.renames)
    branch = history.head
    hops = 0
    left_for: str | None = None
    for index in range(len(history.entries) - 1, -1, -1):
        entry = history.entries[index]
        while renames and renames[-1].second >= entry.second:
            _rename(names, renames.pop())
        moved = _CHECKOUT.match(entry.message)
        if moved:
            source, target = moved.groups()
            stays.append(Stay(entry.second, branch))
            if _ID.match(source):
                # Detached. Several hops between commits that end where they began are a bisect of that branch.
                left_for, hops = (target, 0) if not _ID.match(target) else (left_for, hops + 1)
                branch = None
            else:
                branch = names.get(source, source)
                if hops and left_for == source:
                    stays = _bisected(stays, branch)
                left_for, hops = None, 0
        elif returning := _RETURNING.search(entry.message):
            stays.append(Stay(entry.second, branch))
            branch = names.get(returning[1], returning[1])
        elif _REBASE_START.match(entry.message):
            stays.append(Stay(entry.second, branch))
            branch = _before_rebase(history.entries, index, branch, names)
    while renames:
        _rename(names, renames.pop())
    stays.reverse()
    return stays, branch


def _bisected(stays: list[Stay], branch: str) -> list[Stay]:
    """Give the detached stays that were just walked through (the newest are first in the list) to the bisected
    branch."""
    for index in range(len(stays) - 1, -1, -1):
        if stays[index].branch is not None:
            break
        stays[index] = stays[index]._replace(branch=branch)
    return stays


def _before_rebase(entries: list[ReflogEntry], index: int, branch: str | None, names: dict[str, str]) -> str | None:
    """`git rebase UPSTREAM BRANCH` starts on another branch than it ends on: the one that was checked out last."""
    for entry in reversed(entries[:index]):
        if returning := _RETURNING.search(entry.message):
            return names.get(returning[1], returning[1])
        if moved := _CHECKOUT.match(entry.message):
            return branch if _ID.match(moved[2]) else names.get(moved[2], moved[2])
    return branch


def _rename(names: dict[str, str], rename: Rename) -> None:
    names[rename.before] = names.get(rename.after, rename.after)


def _begins(entries: list[ReflogEntry]) -> int:
    """The first second of which the reflog tells anything.

    A reflog that begins with the very first commit also tells of the time before it: there was no other branch yet.
    One that begins with a clone or a new worktree tells nothing of an earlier life of that folder.
    """
    if not entries:
        return 0
    first = entries[0]
    if first.old[:40] == NULL_ID and first.message.startswith("commit (initial)"):
        return 0
    return first.second - (_WORKTREE_BIRTH_SECONDS if first.old[:40] == NULL_ID else 0)


def _carries(
    entries: list[ReflogEntry], creations: dict[str, Creation], names: dict[str, str], commits: list[int]
) -> dict[str, list[Carry]]:
    found: dict[str, list[Carry]] = {}
    for entry in entries:
        moved = _CHECKOUT.match(entry.message)
        if moved is None or entry.old != entry.new:
            continue
        source, target = (names.get(name, name) for name in moved.groups())
        born = creations.get(target)
        if born is None or source == target or born.source not in ("HEAD", *moved.groups()[:1]):
            continue
        if entry.second - 1 <= born.second <= entry.second:
            committed = bisect_right(commits, entry.second)
            since = commits[committed - 1] if committed else -1
            found.setdefault(source, []).append(Carry(entry.second, since, source, target))
    return found


def _branch_at(timeline: Timeline, second: int, hint: str) -> str | None:
    low, high = bisect_left(timeline.seconds, second), bisect_right(timeline.seconds, second)
    before = timeline.branches[low - 1] if low else timeline.first
    if low == high:
        return before
    candidates = [before, *timeline.branches[low:high]]
    return hint if hint in candidates else candidates[-1]


def _carried(timeline: Timeline, branch: str, second: int) -> str:
    after = second
    while True:
        for carry in timeline.carries.get(branch, ()):
            if carry.second >= after and carry.since < second:
                branch, after = carry.target, carry.second
                break
        else:
            return branch
