"""Moves of HEAD by Codex's own tools, in the order of a rollout's lines.

A reflog tells seconds, a rollout the order within one: the response whose call moves HEAD was asked for before that,
and so was what the rollout holds above it. Newer versions write a call, the usage of its response, the call's output;
older ones write the usage above the call.
"""

import re
from datetime import datetime

import msgspec

from tokcost.model.usage import Usage
from tokcost.readers.sources.git_commands import before_moves, moves_of_head
from tokcost.readers.sources.records import milliseconds

CALL_WORDS = (b'_call"', b'_call_output"')
"""In the lines of tool calls and of their outputs."""
_CALLS = (b'"function_call"', b'"custom_tool_call"', b'"local_shell_call"')
_HEAD = 256
"""Bytes at the beginning of a line that tell its time and its kind."""
_LONGEST_COMMAND = 8192
"""Bytes of a call that are searched."""
_TIME = re.compile(rb'"timestamp"\s*:\s*"([^"]{10,40})"')


class Moves(msgspec.Struct, gc=False):
    """The state that must be remembered of a rollout's calls between two reads."""

    pending: int = 0
    """Moves of HEAD by calls that have no output yet."""
    is_over: bool = False
    """HEAD was moved by a call, and there was no response since."""
    has_moved: bool = False
    """HEAD was moved by some call: the branch of the session's start is stale."""
    turn_second: int = 0
    """The start of the turn, in seconds UTC."""
    used_second: int = 0
    """The time at which the last response was logged, in seconds UTC."""


class HeadMoves:
    """Follows the calls of one rollout, and says of its responses what they tell."""

    def __init__(self, moves: Moves) -> None:
        self._moves = moves
        self._marked: set[str] = set()
        """Responses of which a call is known that moved HEAD after them."""

    def begin_turn(self, time_ms: int) -> None:
        """Note that the user said something, and may have moved HEAD before."""
        self._moves.turn_second = time_ms // 1000

    def take(self, line: bytes, found: list[Usage], folder: str) -> None:
        """Heed a line of a call or of its output, made in that folder; `found` is the usage in the lines above."""
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
        """A response of this thread with what the rollout tells of the order within its second."""
        moves, second = self._moves, usage.time_ms // 1000
        usage = usage._replace(branch_stale=is_later_turn or moves.has_moved)
        if moves.pending:
            usage = self._before(usage)
        elif usage.branch_stale and not moves.is_over and max(moves.turn_second, moves.used_second) < second:
            # It took its time: it was asked for before its second began, and before whatever moved HEAD in it.
            usage = usage._replace(moves_head=True)
        moves.is_over, moves.used_second = False, second
        return usage

    def _mark_above(self, second: int, found: list[Usage]) -> None:
        """Mark what was logged above a call within its second: it came before the call moved HEAD."""
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
