"""The reason why a usage is on no branch. Pure: no file, no clock."""

from bisect import bisect_right
from typing import Literal

from tokcost.placement.timeline import Timeline

Reason = Literal["no_worktree", "no_reflog", "before_reflog", "detached", "folder_gone"]
"""The reasons, each where the assistant names no branch either.

- `no_worktree`: the repository is bare, and the folder belongs to no worktree of it.
- `no_reflog`: git keeps no record of HEAD there.
- `before_reflog`: it happened before that record begins.
- `detached`: HEAD was on no branch.
- `folder_gone`: the folder is gone, and was perhaps a worktree of its own.
"""


def reason_at(timeline: Timeline, second: int) -> Reason:
    """The reason for usage in the second (UTC), in a worktree with this timeline."""
    if timeline.problem:
        return "no_reflog"
    # Before the stays: their first one reaches back for ever.
    if second < timeline.begins:
        return "before_reflog"
    stay = bisect_right(timeline.starts, second) - 1
    return "detached" if timeline.branches[stay] is None else "folder_gone"
