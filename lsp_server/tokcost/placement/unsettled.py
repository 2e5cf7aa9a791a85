"""The usage that a move of HEAD may place elsewhere; all other usage stays where it is. Pure: no file, no clock."""

from bisect import bisect_right
from typing import NamedTuple

from tokcost.model.history import Rename
from tokcost.model.place import UNKNOWN, BranchPlace
from tokcost.placement.timeline import NEVER, Timeline


class Stretch(NamedTuple):
    """A span of seconds in which all usage has the same place."""

    until: int
    """The first second after the span."""
    place: BranchPlace | None
    """The place; `None` where the assistant's branch field or the server's observations decide: within the second of
    a move, and where git has no record."""


def stretch_at(timeline: Timeline, second: int) -> Stretch:
    """The stretch that begins at a second. `place` in `branch.py` gives the same answers."""
    if timeline.problem:
        return Stretch(NEVER, None)
    if second < timeline.begins:
        return Stretch(timeline.begins, None)
    stay = bisect_right(timeline.starts, second) - 1
    if timeline.starts[stay] == second:
        return Stretch(second + 1, None)
    until = timeline.starts[stay + 1] if stay + 1 < len(timeline.starts) else NEVER
    last = stay
    while (since := timeline.carries[last]) is not None:
        if second <= since:
            # Usage up to that commit stays, later usage moves along.
            until = min(until, since + 1)
            break
        last += 1
    branch = timeline.branches[last]
    if branch is None:
        return Stretch(until, UNKNOWN)
    return Stretch(until, BranchPlace(branch, "reflog" if branch == timeline.branches[stay] else "carried"))


def changed_since(before: Timeline, now: Timeline) -> int:
    """The first second from which the place of usage may differ between `before` and `now`, which has newer entries.
    The last stay of `before` is never settled, because only newer entries show how it ended."""
    same = 0
    most = min(len(before.starts) - 1, len(now.starts))
    while same < most and _stay(before, same) == _stay(now, same):
        same += 1
    # The timelines agree up to this stay, so the earlier of the two ends is where they can first differ.
    ended = min(one.starts[same] for one in (before, now) if same < len(one.starts))
    first = same
    while first and now.carries[first - 1] is not None:
        first -= 1  # its usage moved along
    carried = now.carries[same - 1] if same else None
    return ended if carried is None else min(ended, max(now.starts[first], carried + 1))


def renamed_since(timeline: Timeline, second: int) -> list[Rename]:
    """The renames of branches from a second on, in order. Usage on a branch before its rename belongs to the new
    name, also where the assistant's field decided."""
    return [rename for rename in timeline.renames if rename.second >= second]


def _stay(timeline: Timeline, number: int) -> tuple[int, str | None, int | None]:
    return timeline.starts[number], timeline.branches[number], timeline.carries[number]
