"""The branch of a usage, derived from the history of its worktree's HEAD. Pure: no file, no clock."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from tokcost.model.place import UNKNOWN, BranchPlace, Observation
from tokcost.placement.timeline import Timeline


def place(
    timeline: Timeline,
    time_ms: int,
    hint: str = "",
    *,
    hint_stale: bool = False,
    moves_head: bool = False,
    observed: Sequence[Observation] = (),
) -> BranchPlace:
    """The branch of a usage at `time_ms` (milliseconds UTC), under the branch's present name.

    `hint` is the assistant's own branch field. It decides between branches that HEAD was on within the same second,
    because a reflog cannot order those, and it is the only evidence where git has no record. A hint taken before that
    second (`hint_stale`) says nothing about the order within it, so the last position of HEAD in that second counts.

    With `moves_head` the usage precedes a move of HEAD within that second. It belongs to a position of HEAD before the
    last of these moves. If the hint is stale, some of the moves may precede the usage, so only the last one counts as
    later.

    `observed` are the positions of HEAD that the server saw. They are better evidence than a hint. They do not override
    the reflog where it is clear, because the reflog also shows what was carried along.

    A detached HEAD is on no branch, whatever the hint says, unless a branch was created from it. A caller that knows
    the origin of an assistant's own detached worktree has to apply that knowledge itself.
    """
    second = time_ms // 1000
    # Logs have git's word for a detached HEAD in place of a branch.
    if hint == "HEAD":
        hint = ""
    elif timeline.renames:
        hint = timeline.present_name(hint, second)
    if timeline.problem or second < timeline.begins:
        if seen := _seen(timeline, time_ms, observed):
            return BranchPlace(seen, "observed")
        return BranchPlace(hint, "transcript") if hint else UNKNOWN
    stay = bisect_right(timeline.starts, second) - 1
    if timeline.starts[stay] == second:
        # The stay before the first move of this second also covers a part of it.
        first = bisect_left(timeline.starts, second) - 1
        name = _seen(timeline, time_ms, observed) or ("" if hint_stale else hint)
        if moves_head:
            stay = _agreeing(timeline, first, stay - 1, name, stay - 1 if hint_stale else first)
        else:
            stay = _agreeing(timeline, first, stay, name, stay)
    # Last, so that it also moves usage that a hint or an observation has placed within the second.
    branch = timeline.branches[_carried_to(timeline, stay, second)]
    if branch is None:
        return UNKNOWN
    return BranchPlace(branch, "reflog" if branch == timeline.branches[stay] else "carried")


def steady_span(timeline: Timeline, time_ms: int) -> tuple[int, int]:
    """The span of milliseconds around a moment (end excluded) in which `place` gives every usage the same answer,
    whatever its hint; empty where no such span is known."""
    second = time_ms // 1000
    if timeline.problem or second < timeline.begins:
        return 0, 0
    starts = timeline.starts
    stay = bisect_right(starts, second) - 1
    # Hints and observations decide here, and differ from one usage to the next.
    if starts[stay] == second:
        return 0, 0
    since, ends = timeline.carries[stay], [*starts[stay + 1 : stay + 2], _NEVER]
    if since is not None and second > since:
        return 0, 0
    begins = max(starts[stay] + 1, timeline.begins, timeline.told_from)
    return begins * 1000, min(ends[0], _NEVER if since is None else since + 1) * 1000


_NEVER = 1 << 40


def stretches_of_last_move(timeline: Timeline, head_written_ms: int) -> list[Observation]:
    """The branches within the second of the newest move, divided by the time at which git wrote HEAD; empty if that
    time belongs to another event or HEAD moved more than once in that second."""
    second = head_written_ms // 1000
    starts = timeline.starts
    if timeline.problem or len(starts) < 2 or starts[-1] != second or second in (starts[-2], timeline.rewritten):
        return []
    before, after = (branch or "" for branch in timeline.branches[-2:])
    first, last = second * 1000, second * 1000 + 999
    stretches = [Observation(head_written_ms, last, after)]
    return [Observation(first, head_written_ms - 1, before), *stretches] if head_written_ms > first else stretches


def observed_at(stretches: Sequence[Observation], time_ms: int) -> str | None:
    """The branch on which a server saw HEAD at a moment; `None` if no server watched, HEAD was on no branch, or two
    servers disagree."""
    seen = {one.branch for one in stretches if one.first_ms <= time_ms <= one.last_ms}
    return (seen.pop() or None) if len(seen) == 1 else None


def _seen(timeline: Timeline, time_ms: int, stretches: Sequence[Observation]) -> str:
    """The present name of the branch from `observed_at`; empty if unknown."""
    name = observed_at(stretches, time_ms)
    return timeline.present_name(name, time_ms // 1000) if name else ""


def _agreeing(timeline: Timeline, first: int, last: int, name: str, otherwise: int) -> int:
    """The last of the stays `first` to `last` that is on the branch `name`; `otherwise` if there is none."""
    agreeing = (stay for stay in range(last, first - 1, -1) if timeline.branches[stay] == name)
    return next(agreeing, otherwise)


def _carried_to(timeline: Timeline, stay: int, second: int) -> int:
    """The stay whose branch received the usage of `stay`.

    Work that is uncommitted when a branch is created moves along to that branch, and on to a branch created from that
    one.
    """
    while True:
        since = timeline.carries[stay]
        # The last commit of the stay has taken this usage in.
        if since is None or second <= since:
            return stay
        stay += 1
