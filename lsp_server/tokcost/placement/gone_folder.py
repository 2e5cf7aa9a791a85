"""The branch of a usage whose folder no longer exists. Pure: no file, no clock.

The folder may have been part of the worktree that its path leads to, or a separate worktree inside it that was removed.
In the second case the outer worktree's reflog says nothing about it, but the assistant's own field does.
"""

from bisect import bisect_left, bisect_right

from tokcost.model.place import UNKNOWN, BranchPlace
from tokcost.model.usage import Usage
from tokcost.placement.timeline import Timeline

_HOMES = frozenset({"worktrees", ".worktrees"})
"""Folders in which people and assistants keep worktrees."""


def place_in_gone_folder(
    timeline: Timeline, usage: Usage, inside: tuple[str, ...], found: BranchPlace, *, is_own: bool = False
) -> BranchPlace:
    """The branch of the usage, from `found` (the answer of the outer worktree's timeline) and `inside` (the names of
    the folders between that worktree and the usage).

    The assistant's field wins where it contradicts the reflog, unless the field is stale and names an earlier branch of
    the outer worktree. Without a field, a folder in which worktrees are kept is not considered part of the outer
    worktree; nor is one in which an assistant creates worktrees for itself (`is_own`).
    """
    second = usage.time_ms // 1000
    name = timeline.present_name(usage.branch, second) if usage.branch not in ("", "HEAD") else ""
    # A worktree lies below such a folder: usage in the folder itself belongs to the outer worktree.
    is_home = is_own or not _HOMES.isdisjoint(inside[:-1])
    if not name:
        return UNKNOWN if is_home else found
    # All stays of this second: if the field names one of them, it does not contradict the reflog.
    first, last = bisect_left(timeline.starts, second) - 1, bisect_right(timeline.starts, second)
    if name in timeline.branches[first:last]:
        return found
    if usage.branch_stale and not is_home and name in timeline.branches[:first]:
        return found
    return BranchPlace(name, "transcript")
