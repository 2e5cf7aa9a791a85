"""Moves of HEAD by opencode's own tools.

A reflog has whole seconds; a message has the millisecond in which its request was sent, and a tool the one in which it
began. Tool calls are parts of the message whose response requested them. A response that was complete within the second
of its request was requested before any move of HEAD in that second, unless a tool of its session moved HEAD.
"""

from typing import NamedTuple

import msgspec

from tokcost.model.usage import Usage
from tokcost.readers.sources.git_commands import before_moves, leads_out, moves_of_head
from tokcost.readers.sources.sqlite_store import Store

_NEEDED = {"part": ("message_id", "data")}
_MOST_UNINDEXED = 1000
_IS_QUICK = f"""SELECT 1 FROM pragma_index_list('part') AS kept, pragma_index_info(kept.name) AS part
WHERE part.seqno = 0 AND part.name = 'message_id'
UNION SELECT 1 FROM (SELECT count(*) AS many FROM (SELECT 1 FROM part LIMIT {_MOST_UNINDEXED} + 1))
WHERE many <= {_MOST_UNINDEXED}"""
"""A row if the parts of a message are indexed. Without an index, each message costs a scan of all parts."""
_BETWEEN = "\x1e"
"""JSON text never contains it unescaped."""
_WORDS = " OR ".join(f"instr(data, '{word}')" for word in ("switch", "checkout", "rebase", "bisect", "stash branch"))
_CALLS = f"""SELECT group_concat(data, '{_BETWEEN}') FROM part
WHERE message_id = ? AND instr(substr(data, 1, 1000), '"command"') AND ({_WORDS})"""
_LONGEST_COMMAND = 8192
"""Bytes of a command that are searched."""


class _Input(msgspec.Struct, gc=False):
    command: str = ""
    workdir: str = ""


class _Time(msgspec.Struct, gc=False):
    start: int | float = 0


class _State(msgspec.Struct, gc=False):
    input: _Input = msgspec.field(default_factory=_Input)
    time: _Time = msgspec.field(default_factory=_Time)


class _Part(msgspec.Struct, gc=False):
    state: _State = msgspec.field(default_factory=_State)


class _Move(NamedTuple):
    """A command that moves HEAD."""

    time_ms: int
    """Its start, in milliseconds UTC."""
    times: int
    """The number of moves."""


_part = msgspec.json.Decoder(_Part)


class HeadMoves:
    """The moves of HEAD by the tools of the messages that are read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_known = store.has(_NEEDED) and bool(store.row(_IS_QUICK))
        self._moves: dict[tuple[str, int], set[_Move]] = {}
        """By session and second."""
        self._quick: set[str] = set()
        """The keys of responses that were complete within the second of their request."""

    def heed(self, message: str, usage: Usage, completed_ms: int) -> None:
        """Process the tools called by a message; `usage` is that of its response, `completed_ms` its end, 0 while it
        is running."""
        if not self._is_known:
            return
        if completed_ms // 1000 == usage.time_ms // 1000:
            self._quick.add(usage.key)
        (found,) = self._store.row(_CALLS, message) or (None,)
        for text in found.split(_BETWEEN) if isinstance(found, str) else ():
            try:
                state = _part.decode(text).state
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            command = state.input.command.encode("utf-8", "replace")
            if leads_out(state.input.workdir.encode("utf-8", "replace"), usage.cwd.encode("utf-8", "replace")):
                continue
            if times := moves_of_head(command, 0, min(len(command), _LONGEST_COMMAND), usage.cwd):
                move = _Move(max(int(state.time.start), usage.time_ms), times)
                self._moves.setdefault((usage.session, move.time_ms // 1000), set()).add(move)

    def placed(self, usage: Usage) -> Usage:
        """A response with what the moves of its session show about the order within the second of its request."""
        moves = self._moves.get((usage.session, usage.time_ms // 1000), ())
        later = sum(move.times for move in moves if move.time_ms >= usage.time_ms)
        is_behind = any(move.time_ms < usage.time_ms for move in moves)
        usage = usage._replace(branch_stale=is_behind, moves_head=usage.key in self._quick and not is_behind)
        return before_moves(usage, later) if later else usage
