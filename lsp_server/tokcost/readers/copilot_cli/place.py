"""The place of a session: what its start, each resumption and each change of its folder say, and moves of HEAD by its
own tools.

A reflog tells seconds, the events the order within one.
"""

from typing import NamedTuple

import msgspec

from tokcost.model.usage import Usage
from tokcost.readers.sources.git_commands import before_moves
from tokcost.readers.sources.records import KeptFolder


class Context(msgspec.Struct, gc=False):
    """The folder and the branch as an event has them."""

    cwd: KeptFolder | None = None
    branch: KeptFolder | None = None
    is_pending: bool = msgspec.field(default=False, name="pendingGitContext")
    """The branch is looked up, and told by another event."""


class Place(msgspec.Struct, gc=False):
    """The place of a session's responses; kept between two reads."""

    cwd: str = ""
    branch: str = ""
    told_ms: int = 0
    """The time of the event that told it."""
    moving: dict[str, int] = {}
    """Calls of tools that move HEAD and are still running, with the number of their moves."""
    moved_ms: int = 0
    """The end of the last such call."""

    def change(self, context: Context, time_ms: int) -> None:
        """Go on at what an event says. Of another folder the branch is not known until it is told."""
        if context.cwd is not None and context.cwd != self.cwd:
            self.cwd, self.branch = context.cwd, ""
        if not context.is_pending:
            self.branch = context.branch or ""
        self.told_ms = time_ms

    def begin_moves(self, call: str, moves: int) -> None:
        """Note that a tool begins which moves HEAD `moves` times."""
        self.moving = {**self.moving, call: moves} if len(self.moving) < _MOST_MOVING else {call: moves}

    def end_moves(self, call: str, time_ms: int) -> None:
        """Note that a tool has ended."""
        if self.moving.pop(call, 0):
            self.moved_ms = time_ms

    def of(self, usage: Usage) -> Usage:
        """A response with its place. It is logged when it is complete: what moved HEAD within its second came after it
        was asked for, unless a tool of this session did, or the branch was told in that second."""
        second = usage.time_ms // 1000
        is_behind = self.moved_ms // 1000 == second and self.moved_ms > self.told_ms
        return usage._replace(
            cwd=self.cwd,
            branch=self.branch,
            branch_stale=self.moved_ms > self.told_ms,
            moves_head=not is_behind and self.told_ms // 1000 != second,
        )


_MOST_MOVING = 64
"""The largest number of its own calls that can move HEAD at once; those that never ended are forgotten."""


def mark_moved(found: list[Usage], time_ms: int, moves: int) -> None:
    """Note that a tool moves HEAD: the responses of its second were asked for before that."""
    for index in range(len(found) - 1, -1, -1):
        if found[index].time_ms // 1000 != time_ms // 1000:
            break
        found[index] = before_moves(found[index], moves)


class Told(NamedTuple):
    """A context with its time."""

    time_ms: int
    context: Context
