"""Moves of HEAD by Codex's own tools, in the order of a rollout's lines.

A reflog has whole seconds; a rollout shows the order within one: the response whose call moves HEAD was requested
before that, and so were the ones above it in the rollout. Newer versions write a call, the usage of its response, then
the call's output; older ones write the usage above the call.
"""

import re
from datetime import datetime

import msgspec

from tokcost.model.usage import Usage
from tokcost.readers.sources.git_commands import before_moves, moves_of_head
from tokcost.readers.sources.records import milliseconds

CALL_WORDS = (b'_call"', b'_call_output"')
"""Text in the lines of tool calls and of their outputs."""
_CALLS = (b'"function_call"', b'"custom_tool_call"', b'"local_shell_call"')
_HEAD = 256
"""Bytes at the beginning of a line that contain its time and kind."""
_LONGEST_COMMAND = 8192
"""Bytes of a call that are searched."""
_TIME = re.compile(rb'"timestamp"\s*:\s*"([^"]{10,40})"')


class Moves(msgspec.Struct, gc=False):
    """The state of a rollout's calls that is kept between two reads."""

    pending: int = 0
    """Moves of HEAD by calls that have no output yet."""
    is_over: bool = False
    """Whether a call moved HEAD, without a response since."""
    has_moved: bool = False
    """Whether a call moved HEAD, so that the branch of the session's start is stale."""
    turn_second: int = 0
    """The start of the turn, in seconds UTC."""
    used_second: int = 0
    """The time of the last response, in seconds UTC."""


class HeadMoves:
    """Follows the calls of one rollout, and adds their evidence to its responses."""

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self._marked: set[str] = set()
        """Responses known to precede a move of HEAD by a call."""

    def begin_turn(self, time_ms: int) -> None:
        """Record that the user sent a message, and may have moved HEAD before."""
        self._moves.turn_second = time_ms // 1000

    def take(self, line: bytes, found: list[Usage], folder: str) -> None:
        """Process a line of a call or of its output, made in that folder; `found` is the usage in the lines above."""
        moves, head = self._moves, line[:_HEAD]
        if b'_call_output"' in head:
            if moves.pending:
                moves.pending, moves.is_over, moves.has_moved = 0, True, True
        elif any(kind in head for kind in _CALLS):
            count = moves_of_head(line, 0, min(len(line), _LONGEST_COMMAND), folder)
            moves.pending += count
            if count:
                self._mark_above(_second(head), found)

    def placed(self, usage: Usage, *, is_later_turn: bool) -> Usage:
        """A response of this thread with what the rollout shows about the order within its second."""
        moves, second = self._moves, usage.time_ms // 1000
        usage = usage._replace(branch_stale=is_later_turn or moves.has_moved)
        if moves.pending:
            usage = self._before(usage)
        elif usage.branch_stale and not moves.is_over and max(moves.turn_second, moves.used_second) < second:
            # It took some time: it was requested before its second began, and before any move of HEAD in it.
            usage = usage._replace(moves_head=True)
        moves.is_over, moves.used_second = False, second
        return usage

    def _mark_above(self, second: int, found: list[Usage]) -> None:
        """Mark the usage above a call within its second: it precedes the call's move of HEAD."""
        for index in range(len(found) - 1, -1, -1):
            if found[index].time_ms // 1000 != second:
                break
            found[index] = self._before(found[index])

    def _before(self, usage: Usage) -> Usage:
        count = self._moves.pending + (usage.key in self._marked)
        self._marked.add(usage.key)
        return before_moves(usage, count)


def _second(head: bytes) -> int:
    match = _TIME.search(head)
    try:
        return milliseconds(datetime.fromisoformat(match[1].decode("ascii"))) // 1000 if match else 0
    except (ValueError, OverflowError):
        return 0
