"""The place and time at which a response of Claude Code was requested, as far as the surrounding lines show it.

A line records the state at the time it was written. A response that runs `cd` is written after its tool has run, with
the new folder, and the branch field may lag behind the assistant's own switch for as long as the process lives.
"""

import re

import msgspec

from tokcost.model.usage import Usage
from tokcost.readers.claude_code.line_times import LineTimes
from tokcost.readers.claude_code.lines import KNOWN_COPY, Line
from tokcost.readers.claude_code.order import Open
from tokcost.readers.sources.git_commands import before_moves, may_move_head, moves_of_head
from tokcost.readers.sources.records import Folder, Name, decoded

COMMAND = b'"command"'
COMMAND_WITHIN = 2048
"""Bytes from the beginning of a line within which the command of its tool begins."""
_LONGEST_COMMAND = 4096
"""Bytes of a command that are searched."""
_CHANGES_FOLDER = re.compile(rb"(?:[\"&;|(]|\\n) *(?:cd|pushd) ")
_CWD = b'"cwd":"'
_COUNTS = b'"usage":{"input_tokens"'
"""The beginning of the counts of a response, after which it has no command."""


class State(msgspec.Struct, gc=False):
    """The state of a transcript that is kept between two reads."""

    parents: tuple[str, ...] = ()
    """Sessions from which this file's history was copied."""
    cwd: str = ""
    branch: str = ""
    time_ms: int = 0
    moved_by: str = ""
    """The response with a command that moves HEAD, while the branch field is unchanged."""
    folder: str = ""
    """The folder in the last line that has one, if that is a prompt or the result of a tool."""
    first_ms: int = 0
    """The first time in the file, in milliseconds UTC; 0 if unknown."""
    unfinished: str = ""
    """The last response, if its lines so far have only the stream's initial counts."""
    open: tuple[Open, ...] = ()
    """Responses without a request id to which the next lines may belong."""
    compacted_ms: int = 0
    """The time of the conversation's last compaction since the last total; 0 if there was none."""
    compacted_in: str = ""
    compacted_on: str = ""
    """The folder and the branch at that time."""


class _Place(msgspec.Struct, gc=False):
    type: str | None = None
    session: Name | None = msgspec.field(default=None, name="sessionId")
    sidechain: bool | None = msgspec.field(default=None, name="isSidechain")
    cwd: Folder | None = None


_place = msgspec.json.Decoder(_Place)


class Asking:
    """Follows folder and branch through the lines of one file, block by block."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._block = b""
        self._before_block = b""
        """The last line with a place in the previous blocks."""
        self.line_begin = 0
        """The position in the block of the line that is being read."""
        self._last_cwd = state.cwd
        self._left = ""
        """The folder of the previous response, if the last one names another."""

    def begin(self, block: bytes) -> None:
        """Start the next block of lines."""
        self._block = block

    def knows_beginning(self, block: bytes) -> bool:
        """Whether a block shows when the file was begun, which is then remembered: its first lines may have no time."""
        self._state.first_ms = LineTimes().first(block) or 0
        # After a first time that cannot be read no later one is used: responses above it would look like copies.
        return self._state.first_ms > 0 or b'"timestamp"' in block

    def end(self, end: int) -> None:
        """Finish a block that was read up to `end`."""
        # As bytes: the place in it is decoded only if a response needs it.
        self._before_block = self._line_above(end)
        self._block = b""

    def remember(self) -> None:
        """Remember what later lines may need from the lines that were read."""
        above = self._above(0)
        if above is not None:
            cwd = above.cwd or ""
            self._state.folder = cwd if above.type != "assistant" and "\0" not in cwd else ""

    def is_copy(self, time_ms: int) -> bool:
        """Whether a response is older than its own file: it was copied into it when a session was forked."""
        return time_ms < self._state.first_ms

    def folder(self, line: Line) -> str:
        """The folder in which a response was requested: that of the prompt or the result above its first line, if
        the folder has changed since the last response."""
        cwd, before = line.cwd or "", self._last_cwd
        if cwd == before:
            self._left = ""
            return before
        self._last_cwd, self._left = cwd, before
        above = self._above(self.line_begin)
        if above is None:
            return self._state.folder or cwd
        # Older versions write sub-agents into the file of their session, so the line above may be another agent's.
        is_same = (above.session or "", bool(above.sidechain)) == (line.session or "", bool(line.sidechain))
        return above.cwd or cwd if is_same and above.type != "assistant" else cwd

    def _above(self, end: int) -> _Place | None:
        """The place in the last line before `end` that has one."""
        line = self._line_above(end)
        return decoded(_place, line) if line else None

    def _line_above(self, end: int) -> bytes:
        at = self._block.rfind(_CWD, 0, end)
        if at < 0:
            return self._before_block
        begin, stop = self._block.rfind(b"\n", 0, at) + 1, self._block.find(b"\n", at)
        return self._block[begin : stop if stop >= 0 else len(self._block)]

    def lags(self, branch: str, key: str, request_id: str | None, time_ms: int) -> bool:
        """Whether the branch field of a response probably lags behind HEAD: an earlier response has moved HEAD and
        the field is unchanged. Processes write the branch of their start, or of their last check."""
        state = self._state
        if branch != state.branch:
            state.moved_by, state.branch = "", branch
        return state.moved_by != "" and state.moved_by != _identity(key, request_id, time_ms)

    def heed(self, raw: bytes, key: str, found: dict[str, Usage]) -> None:
        """Process the command in a line of a response, if it has one."""
        command = raw.find(COMMAND, 0, COMMAND_WITHIN)
        if command >= 0:
            self.heed_command(raw, command, _counts_behind(raw, command), key, found)

    def heed_command(self, raw: bytes, at: int, usage: int, key: str, found: dict[str, Usage]) -> None:
        """Process a line of a response that has a command (`at`) before its counts (`usage`). A command that moves
        HEAD does so after this response and the earlier ones of its second; a response with a command that changes
        the folder was requested in the previous folder."""
        # The command ran in the session from which the line was copied.
        if found[key].copy_rank == KNOWN_COPY:
            return
        stop = min(usage, at + _LONGEST_COMMAND)
        if not self._left and not may_move_head(raw, at, stop):
            return
        # Where no line stands between two responses, only a command shows that the folder was left.
        if self._left and found[key].cwd == self._last_cwd and _CHANGES_FOLDER.search(raw, at, stop):
            found[key] = found[key]._replace(cwd=self._left)
        if moves := moves_of_head(raw, at, stop, found[key].cwd):
            self._state.moved_by = identity(found[key])
            _mark(found, key, moves)


def _counts_behind(raw: bytes, command: int) -> int:
    """The position of a response's counts after a command in its line; the line's end if they are further away than
    the maximum length of a command."""
    counts = raw.rfind(_COUNTS, command, command + _LONGEST_COMMAND)
    return counts if counts >= 0 else len(raw)


def identity(usage: Usage) -> str:
    """An identity of a response within its file."""
    return _identity(usage.key, usage.request_id, usage.time_ms)


def _identity(key: str, request_id: str | None, time_ms: int) -> str:
    """An identity of a response within its file; gateways answer everything under one message id."""
    return f"{key}@{request_id or time_ms}"


def _mark(found: dict[str, Usage], key: str, moves: int) -> None:
    moving = found[key]
    for other, usage in reversed(found.items()):
        # A reflog has whole seconds: moves are only in doubt within one.
        if usage.time_ms // 1000 < moving.time_ms // 1000:
            break
        if usage.session == moving.session:
            # A response that was marked before precedes two commands now.
            found[other] = before_moves(usage, moves + (usage.moves_head and other != key))
