"""The timeline of one worktree's HEAD, reconstructed from its reflog. Pure: no file, no clock.

The history is a sequence of stays, separated by moves. Git records exactly what HEAD *left*, but only what the user
typed for its target. A stay therefore takes its branch from the move that ends it, and the last stay from HEAD itself.
"""

import sys
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from tokcost.model.history import NULL_ID, HeadHistory, ReflogEntry, Rename, is_commit
from tokcost.placement.moves import Move, is_id, read_moves, steady_seconds
from tokcost.placement.renaming import PresentNames

_BIRTH_SECONDS = 5
"""Seconds before the first reflog entry during which a new clone or linked worktree may already have been in use."""

NEVER = sys.maxsize
"""A second later than any clock."""

_UNCHANGED = PresentNames()


class Timeline(NamedTuple):
    """The stays of one worktree's HEAD. The first three lists are parallel, with one item for each stay."""

    starts: list[int]
    """First second of each stay, non-decreasing; that of the first stay precedes all times."""
    branches: list[str | None]
    """The branch under its present name; `None` if HEAD was detached."""
    carries: list[int | None]
    """The second after which usage of this stay moved along to the next stay, whose branch was created from this
    one; `None` if the next stay began otherwise."""
    begins: int
    """The second before which nothing is known."""
    commits: list[int]
    """The times of commits that were made here, ascending."""
    renames: list[Rename]
    """The renames, ascending."""
    newest: int
    """Second of the newest entry."""
    problem: str = ""
    """The reason why git has no record here; empty if it has one."""
    told_from: int = 0
    """The second before which this timeline may know less than git does."""
    rewritten: int = 0
    """Second of the last move that began no stay (a rename, the return of a rebase, a switch to the present branch);
    0 if there is none. Git writes HEAD for such a move too."""
    names: PresentNames = _UNCHANGED
    """The present names after all `renames`."""

    def present_name(self, name: str, second: int) -> str:
        """The present name of the branch that was called `name` at a moment."""
        return self.names.of(name, second)


def build_timeline(history: HeadHistory) -> Timeline:
    """The timeline of a worktree's history. Looking up a moment in it takes a binary search."""
    entries = history.entries
    seconds = steady_seconds(entries)
    # Stable, so renames of one second keep the order in which git wrote them.
    renames = sorted(history.renames, key=lambda rename: rename.second)
    names = PresentNames(renames)
    moves = read_moves(entries)
    branches = _branches(moves, history, [seconds[move.entry] for move in moves], names)
    carries = _carries(moves, history, seconds, branches)
    starts = [-NEVER, *(seconds[move.entry] for move in moves)]
    return Timeline(
        *_joined(starts, branches, carries),
        begins=_begins(entries) if history.quiet_since is None else history.quiet_since,
        commits=[second for second, entry in zip(seconds, entries, strict=True) if is_commit(entry.message)],
        renames=renames,
        newest=seconds[-1] if seconds else 0,
        problem=history.problem,
        told_from=history.told_from,
        rewritten=next((starts[stay] for stay in range(len(moves), 0, -1) if branches[stay] == branches[stay - 1]), 0),
        names=names,
    )


def unsettled_since(timeline: Timeline, placed_second: int) -> int:
    """The second from which usage may belong elsewhere than it did when `placed_second` was the newest reflog entry:
    usage not committed by then may have been carried along, and a rename affects everything."""
    if timeline.renames and timeline.renames[-1].second >= placed_second:
        return 0
    return committed_before(timeline, placed_second)


def committed_before(timeline: Timeline, second: int) -> int:
    """The second of the last commit before a moment; 0 if there is none."""
    before = bisect_left(timeline.commits, second)
    return timeline.commits[before - 1] if before else 0


def _branches(
    moves: Sequence[Move], history: HeadHistory, seconds: Sequence[int], names: PresentNames
) -> list[str | None]:
    """The branch of each stay; stay `k` lies between moves `k - 1` and `k`."""
    exact = {move.source for move in moves} | {move.target for move in moves if move.kind in ("return", "rename")}
    known = {name for name in exact if name and not is_id(name)} | {history.head} | history.creations.keys()
    found: list[str | None] = []
    for number, move in enumerate(moves):
        name = _before(moves, number, history.head)
        # The branch before a rebase may come from what a user typed for a target, such as a tag or `HEAD~2`: only a
        # name that git itself wrote somewhere is taken for a branch.
        certain = move.kind != "start"
        is_branch = name is not None and not is_id(name) and (certain or name in known)
        found.append(names.of(name, seconds[number]) if name is not None and is_branch else None)
    found.append(history.head)
    _give_bisects_their_branch(found, moves, names, seconds)
    return found


def _before(moves: Sequence[Move], number: int, head: str | None) -> str | None:
    """The position of HEAD before a move.

    A rebase returns from its branch, but its start does not name what it left (`git rebase UPSTREAM BRANCH` begins and
    ends on different branches). The previous move names it, or else the target of the return.
    """
    move = moves[number]
    if move.kind == "return":
        return move.target
    if move.kind != "start":
        return move.source
    if number and moves[number - 1].target:
        return moves[number - 1].target
    if number + 1 == len(moves):
        return head
    return moves[number + 1].target if moves[number + 1].kind == "return" else None


def _give_bisects_their_branch(
    branches: list[str | None], moves: Sequence[Move], names: PresentNames, seconds: Sequence[int]
) -> None:
    """Assign the branch of a bisect to its stays: a bisect visits commits and returns to where it began. A single
    visit to a commit and back is not enough, because people look at old commits that way."""
    origin: int | None = None
    for number, move in enumerate(moves):
        if move.kind != "checkout" or not is_id(move.target):
            came_back = move.kind == "checkout" and is_id(move.source)
            target = names.of(move.target, seconds[number])
            if origin is not None and came_back and number - origin > 1 and branches[origin] == target:
                branches[origin + 1 : number + 1] = [target] * (number - origin)
            origin = None
        elif not is_id(move.source):
            origin = number
    if origin is not None and branches[-1] == branches[origin]:
        branches[origin + 1 :] = [branches[origin]] * (len(branches) - origin - 1)


def _carries(
    moves: Sequence[Move], history: HeadHistory, seconds: Sequence[int], branches: Sequence[str | None]
) -> list[int | None]:
    """The second after which each stay's usage moved along to the next stay (see `Timeline.carries`)."""
    carries: list[int | None] = []
    committed, seen = -1, 0
    for number, move in enumerate(moves):
        # Entries of one second are in order: a commit after the switch is on the new branch.
        for index in range(seen, move.entry):
            if is_commit(history.entries[index].message):
                committed = seconds[index]
        seen = move.entry
        # Commits on a detached HEAD are on the new branch only, so the usage of the complete stay moves along.
        since = -NEVER if is_id(move.source) else committed
        carries.append(since if _creates(move, history, seconds[move.entry], branches[number + 1]) else None)
    return [*carries, None]


def _creates(move: Move, history: HeadHistory, second: int, target: str | None) -> bool:
    """Whether a move created its branch from the previous one and took the worktree along unchanged."""
    entry = history.entries[move.entry]
    born = history.creations.get(target) if target else None
    if move.kind != "checkout" or born is None or entry.old != entry.new:
        return False
    # git writes the reflog of the new branch before that of HEAD, so that a second may begin in between; its entry has
    # what the user typed: nothing (HEAD) or the name of the branch.
    return born.source in ("HEAD", move.source) and second - 1 <= born.second <= second


def _joined(
    starts: Sequence[int], branches: Sequence[str | None], carries: Sequence[int | None]
) -> tuple[list[int], list[str | None], list[int | None]]:
    """Merge neighbouring stays on one branch (a rebase, a rename, a switch to the present branch)."""
    joined: tuple[list[int], list[str | None], list[int | None]] = ([], [], [])
    for number, branch in enumerate(branches):
        # The last of the joined moves decides what followed to the next branch.
        if number and branch == joined[1][-1]:
            joined[2][-1] = carries[number]
            continue
        joined[0].append(starts[number])
        joined[1].append(branch)
        joined[2].append(carries[number])
    return joined


def _begins(entries: Sequence[ReflogEntry]) -> int:
    """The first second covered by the reflog.

    A reflog that begins with the very first commit also covers the time before it, since no other branch existed. A
    reflog that begins with a clone or a new worktree does not cover an earlier use of that folder.
    """
    if not entries:
        return NEVER
    first = entries[0]
    born = first.old.startswith(NULL_ID)
    if born and first.message.startswith("commit (initial)"):
        return -NEVER
    return first.second - (_BIRTH_SECONDS if born else 0)
