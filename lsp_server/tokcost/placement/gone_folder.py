"""The branch of a usage in a folder that is gone. Pure: no file, no clock.

Such a folder may have been a part of the worktree that its path leads to, or a worktree of its own inside of it that
was removed. The reflog of the outer worktree tells nothing of the latter; the assistant's own field does.
"""

from bisect import bisect_left, bisect_right

from tokcost.model.place import UNKNOWN, BranchPlace
from tokcost.model.usage import Usage
from tokcost.placement.timeline import Timeline

_HOMES = frozenset({"worktrees", ".worktrees"})
"""Folders in which people and assistants keep worktrees."""


def place_in_gone_folder(timeline: Timeline, usage: Usage, inside: tuple[str, ...], found: BranchPlace) -> BranchPlace:
    """`found` is what the timeline of the outer worktree says, `inside` the names of the folders between that and the
    usage.

    What the assistant says wins where it contradicts the reflog, except where its field is stale and names a branch
    that the outer worktree was on before. Without a word of the assistant, a folder where worktrees are kept is no part
    of the outer one.
    """
    second = usage.time_ms // 1000
    name = timeline.present_name(usage.branch, second) if usage.branch not in ("", "HEAD") else ""
    is_home = not _HOMES.isdisjoint(inside[:-1])
    if not name:
        return UNKNOWN if is_home else found
    first, last = bisect_left(timeline.starts, second) - 1, bisect_right(timeline.starts, second)
    if name in timeline.branches[first:last]:
        return found
    if usage.branch_stale and not is_home and name in timeline.branches[:first]:
        return found
    return BranchPlace(name, "transcript")
