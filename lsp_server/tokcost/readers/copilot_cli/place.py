"""The place of a session: from its start, each resumption and each change of its folder, and from moves of HEAD by its
own tools.

A reflog has whole seconds; the events show the order within one.
"""

from typing import NamedTuple

import msgspec

from tokcost.model.usage import Usage
from tokcost.readers.sources.git_commands import before_moves
from tokcost.readers.sources.records import KeptFolder


class Context(msgspec.Struct, gc=False):
    """The folder and the branch in an event."""

    cwd: KeptFolder | None = None
    branch: KeptFolder | None = None
    is_pending: bool = msgspec.field(default=False, name="pendingGitContext")
    """Whether the branch is being looked up, and follows in another event."""


class Place(msgspec.Struct, gc=False):
    """The place of a session's responses, kept between two reads."""

    cwd: str = ""
    branch: str = ""
    told_ms: int = 0
    """The time of the event that recorded it."""
    moving: dict[str, int] = {}
    """Running tool calls that move HEAD, with the number of their moves."""
    moved_ms: int = 0
    """The end of the last such call."""

    def change(self, context: Context, time_ms: int) -> None:
        """Continue at an event's place. The branch of another folder is unknown until it is recorded."""
        if context.cwd is not None and context.cwd != self.cwd:
            self.cwd, self.branch = context.cwd, ""
        if not context.is_pending:
            self.branch = context.branch or ""
        self.told_ms = time_ms

    def begin_moves(self, call: str, moves: int) -> None:
        """Record the start of a tool that moves HEAD `moves` times."""
        self.moving = {**self.moving, call: moves} if len(self.moving) < _MOST_MOVING else {call: moves}

    def end_moves(self, call: str, time_ms: int) -> None:
        """Record the end of a tool."""
        if self.moving.pop(call, 0):
            self.moved_ms = time_ms

    def of(self, usage: Usage) -> Usage:
        """A response with its place. It is logged when it is complete: moves of HEAD within its second came after it
        was requested, unless a tool of this session moved HEAD, or the branch was recorded in that second."""
        second = usage.time_ms // 1000
        is_behind = self.moved_ms // 1000 == second and self.moved_ms > self.told_ms
        return usage._replace(
            cwd=self.cwd,
            branch=self.branch,
            branch_stale=self.moved_ms > self.told_ms,
            moves_head=not is_behind and self.told_ms // 1000 != second,
        )


_MOST_MOVING = 64
"""The maximum number of its own calls that can move HEAD at once; calls that never ended are forgotten."""


def mark_moved(found: list[Usage], time_ms: int, moves: int) -> None:
    """Record that a tool moves HEAD: the responses of its second were requested before that."""
    for index in range(len(found) - 1, -1, -1):
        if found[index].time_ms // 1000 != time_ms // 1000:
            break
        found[index] = before_moves(found[index], moves)


class Told(NamedTuple):
    """A context with its time."""

    time_ms: int
    context: Context
