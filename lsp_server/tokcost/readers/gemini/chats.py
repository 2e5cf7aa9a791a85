"""Chat files of Gemini CLI.

Since 0.39 a chat is a log to be replayed (`.jsonl`): a first line about the session, messages, and patches. A message
is appended again each time something is added to it. Before, a chat was one JSON object that was rewritten completely
(`.json`); a resumed chat moves from the second form to the first. Cached tokens are included in `input`; thoughts are
separate from `output` and billed like it (`total = input + output + thoughts` in every recorded message).

Driven by an editor, it appends the results of tools as a separate message without counts, which grows until the session
ends: new parts of it were requested by the response before it.

A message that was rewound, or that a later patch leaves out, was paid for: every message ever seen counts once.
"""

import os
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from tokcost.model.bounds import MAX_PATH, is_path
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import MAX_TOKENS, Tokens, Usage, merge
from tokcost.readers.sources import new_lines
from tokcost.readers.sources.files import open_log
from tokcost.readers.sources.git_commands import before_moves, moves_of_head
from tokcost.readers.sources.head_order import HeadOrder
from tokcost.readers.sources.json_file import MOST_BYTES, read_whole
from tokcost.readers.sources.new_lines import is_broken
from tokcost.readers.sources.odd_fields import as_told
from tokcost.readers.sources.records import (
    LONGEST_NAME,
    MAX_RECORD,
    KeptName,
    Name,
    decoded,
    first_kinds,
    going_on,
    milliseconds,
)
from tokcost.readers.sources.salvage import Salvager, whole_rest

NAME = "gemini-cli"

_WORDS = (b'"tokens"', b'"sessionId"')
"""A line without either contains no response and no session."""
_COUNTED = re.compile(_WORDS[0])
_COMMANDS = re.compile(rb'"command"\s*:\s*"(?:[^"\\]|\\.){0,4096}+')
"""Of the tools called by a response."""


_NEEDED = ("tokens", "input", "output", "cached", "thoughts", "tool", "messages", "$set")
"""Any other field may have another type than usual."""


class _Counts(msgspec.Struct, gc=False):
    input: int | None = None
    output: int | None = None
    cached: int | None = None
    thoughts: int | None = None
    tool: int | None = None
    total: int | None = None

    def tokens(self) -> Tokens | None:
        """The disjoint classes; `None` for impossible numbers."""
        read, said, cached = self.input or 0, self.output or 0, self.cached or 0
        thoughts, tool = self.thoughts or 0, self.tool or 0
        if tool and self.total == read + said + thoughts + tool:
            read += tool  # prompt tokens of tool use that `input` excludes
        counts = (read - cached, cached, 0, 0, said + thoughts)
        return Tokens(*counts, thoughts) if min(*counts, thoughts) >= 0 and max(counts) < MAX_TOKENS else None


_NULL = msgspec.Raw(b"null")
_MOST_OF_REGISTRY = 1 << 20


class _Message(msgspec.Struct, gc=False):
    id: Name | None = None
    type: Name | None = None
    timestamp: datetime | None = None
    model: Name | None = None
    tokens: _Counts | None = None
    tools: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="toolCalls")


class _Patch(msgspec.Struct, gc=False):
    session: KeptName | None = msgspec.field(default=None, name="sessionId")
    messages: list[msgspec.Raw] | None = None


class _Line(_Message, gc=False):
    session: KeptName | None = msgspec.field(default=None, name="sessionId")
    project: KeptName | None = msgspec.field(default=None, name="projectHash")
    patch: _Patch | None = msgspec.field(default=None, name="$set")
    messages: list[msgspec.Raw] | None = None


class _LongPatch(msgspec.Struct, gc=False):
    session: msgspec.Raw = msgspec.field(default=_NULL, name="sessionId")
    messages: list[msgspec.Raw] | None = None


class _LongLine(msgspec.Struct, gc=False):
    """A line that is longer than any message: it contains messages. Its texts are checked before they are built,
    since one of 48 MB can take four times as much memory."""

    session: msgspec.Raw = msgspec.field(default=_NULL, name="sessionId")
    project: msgspec.Raw = msgspec.field(default=_NULL, name="projectHash")
    patch: _LongPatch | None = msgspec.field(default=None, name="$set")
    messages: list[msgspec.Raw] | None = None

    def line(self) -> _Line:
        """The chat's object as a line of the newer form. Raises `msgspec.DecodeError` for a text that cannot be one."""
        patch = self.patch and _Patch(_name(self.patch.session), self.patch.messages)
        return _Line(session=_name(self.session), project=_name(self.project), patch=patch, messages=self.messages)


class State(HeadOrder, gc=False):
    """The state of a chat that is kept between two reads."""

    session: str = ""
    project: str = ""
    """The SHA-256 of the project's root folder, from the file."""
    last_ms: int = 0
    """The time of the last response."""
    tools: str = ""
    """The id of the last message with results of tools only."""
    moves: int = 0
    """The number of its commands that move HEAD."""


class _Registry(msgspec.Struct, gc=False):
    projects: dict[str, Any] = {}


_line = msgspec.json.Decoder(_Line)
_long_line = msgspec.json.Decoder(_LongLine)
_kept_name = msgspec.json.Decoder(KeptName | None)
_message = msgspec.json.Decoder(_Message)
_state = msgspec.json.Decoder(State)
_registry = msgspec.json.Decoder(_Registry)


def read_document(source: Source) -> Batch:
    """All responses of a chat in one JSON object. Raises `OSError` if it cannot be read."""
    chat, content = _Chat(source.path, State()), read_whole(source)
    chat.take_document(content)
    return chat.batch(b"", restarted=True, position=len(content))


def read_log(source: Source, cursor: bytes | None) -> Batch:
    """New responses of a chat in a log. Raises `OSError` if it cannot be read."""
    lines, state = going_on(source, cursor, _state)
    chat = _Chat(source.path, state or State())
    for block in lines:
        for raw in block.split(b"\n"):
            chat.take_line(raw)
        if chat.responses >= new_lines.MAX_RECORDS:
            lines.stop()
    chat.take_line(whole_rest(lines))
    written = lines.cursor(msgspec.json.encode(chat.state))
    if lines.too_long:
        chat.skipped["line too long to read"] = len(lines.too_long)
    return chat.batch(written, restarted=lines.restarted, more=lines.more, position=lines.offset)


class _Chat:
    """The usage of one chat, collected record by record."""

    def __init__(self, path: str, state: State) -> None:
        self._path = path
        self.state = state
        self.skipped: dict[str, int] = {}
        self.repeated = 0
        self._found: dict[str, Usage] = {}
        self._last = ""
        """The key of the last response."""
        self._root: str | None = None
        self._salvager = Salvager()

    @property
    def responses(self) -> int:
        """The number of responses found."""
        return len(self._found)

    def batch(self, cursor: bytes, *, restarted: bool, more: bool = False, position: int) -> Batch:
        """One usage for each response, in the order of their first records."""
        repeated = {"further record of the same response": self.repeated} if self.repeated else {}
        found = list(self._found.values())
        return Batch(cursor, found, (), (), self.skipped, repeated, restarted=restarted, more=more, position=position)

    def take_document(self, raw: bytes) -> None:
        """Read a complete `.json` file."""
        line = as_told(_line, _Line, raw, _NEEDED) if len(raw) <= MAX_RECORD else _long(raw, MOST_BYTES)
        if line is not None:
            self._line(line)
        elif any(word in raw for word in _WORDS):
            self._skip("damaged record")

    def take_line(self, raw: bytes) -> None:
        """Read one line of a `.jsonl` file."""
        # A message without counts may have the tools that the response before it called.
        if not any(word in raw for word in _WORDS) and b'"gemini"' not in raw:
            if is_broken(raw):
                self._salvager.take(raw, self.take_line, self._damaged)
            return
        line = as_told(_line, _Line, raw, _NEEDED) if len(raw) <= MAX_RECORD else _long(raw, new_lines.MAX_LINE)
        if line is not None:
            self._line(line)
        else:
            self._salvager.take(raw, self.take_line, self._damaged)

    def _damaged(self, raw: bytes) -> None:
        """Count damaged text that may have contained a response, or its session: everything except a truncated
        message of somebody else."""
        if any(word in raw for word in _WORDS) or first_kinds(raw)[0] in (None, "gemini"):
            self._skip("damaged record")

    def _line(self, line: _Line) -> None:
        self.state.session = line.session or self.state.session
        self.state.project = line.project or self.state.project
        if line.patch is not None:
            self.state.session = line.patch.session or self.state.session
            self._messages(line.patch.messages or (), copied=True)
        elif line.messages is not None:
            self._messages(line.messages, copied=False)
        else:
            self._message(line, copied=False)

    def _messages(self, messages: Iterable[msgspec.Raw], *, copied: bool) -> None:
        """The messages of a list. A damaged one affects no other."""
        for raw in messages:
            is_short = len(raw) <= MAX_RECORD
            message = as_told(_message, _Message, bytes(raw), _NEEDED) if is_short else None
            if message is not None:
                self._message(message, copied=copied)
            elif _COUNTED.search(memoryview(raw)):  # no data of up to 48 MB are copied
                self._skip("damaged record")

    def _message(self, message: _Message, *, copied: bool) -> None:
        if message.type == "gemini" and message.tokens is not None:
            self._response(message, message.tokens, copied=copied)
        # A patch repeats the tools of earlier messages.
        elif message.type == "gemini" and not copied:
            self._tools(message)

    def _tools(self, message: _Message) -> None:
        """Process a message without counts, which has results of tools."""
        moves, state = _moves_of_head(bytes(message.tools), self._folder()), self.state
        known = state.moves if message.id == state.tools else 0
        if moves > known and state.last_ms:
            state.is_before_a_move(state.last_ms, moves=True)
            if self._last in self._found:
                self._found[self._last] = before_moves(self._found[self._last], moves - known)
        if moves or message.id == state.tools:
            state.tools, state.moves = message.id or "", moves

    def _response(self, message: _Message, counts: _Counts, *, copied: bool) -> None:
        tokens = counts.tokens()
        if tokens is None or not message.id or message.timestamp is None:
            self._skip("usage record with impossible or missing values")
            return
        time_ms = milliseconds(message.timestamp)
        moves = _moves_of_head(bytes(message.tools), self._folder())
        is_behind = not copied and self.state.is_behind_a_move(time_ms)
        usage = Usage(
            NAME,
            # Both ids stay when a resumed chat moves from `.json` to `.jsonl`, so its responses count once.
            f"gemini:{self.state.session}:{message.id}",
            time_ms,
            message.model or "",
            tokens,
            self.state.session,
            self._folder(),
            branch_stale=is_behind and moves < 2,
            provider="google",
            # A patch writes earlier messages again with its own time.
            copy_rank=1 if copied else 0,
            moves_head=not copied and self.state.is_before_a_move(time_ms, moves=moves > 0),
        )
        if not copied:
            self.state.last_ms, self._last = max(time_ms, self.state.last_ms), usage.key
        before = self._found.get(usage.key)
        self.repeated += before is not None
        self._found[usage.key] = usage if before is None else merge(before, usage)

    def _folder(self) -> str:
        """The project's root: from the file beside the chats, the registry, or as its SHA-256."""
        if self._root is None:
            self._root = _project_root(self._path, self.state.project)
        return self._root

    def _skip(self, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


def _moves_of_head(tools: bytes, folder: str) -> int:
    """The number of commands of a response that move HEAD."""
    return sum(moves_of_head(tools, *command.span(), folder) for command in _COMMANDS.finditer(tools))


def _long(raw: bytes, longest: int) -> _Line | None:
    found = decoded(_long_line, raw, longest)
    try:
        return found and found.line()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _name(raw: msgspec.Raw) -> str | None:
    """A name. Raises `msgspec.DecodeError` for anything else."""
    # The decoder refuses an empty text.
    return _kept_name.decode(raw if len(raw) <= LONGEST_NAME else b"")


def _project_root(path: str, digest: str) -> str:
    """The root folder of the project of a chat: `.project_root` beside its chats, else the registry `projects.json`,
    else `sha256:` and the digest in the file, which is resolved with the folders known on this machine."""
    project = path[: path.rfind(f"{os.sep}chats{os.sep}")]
    root = _first_line(os.path.join(project, ".project_root")) or _registered(project)
    return root or (f"sha256:{digest}" if digest else "")


def _registered(project: str) -> str:
    settings = os.path.dirname(os.path.dirname(project))
    try:
        with open_log(os.path.join(settings, "projects.json")) as stream:
            registry = decoded(_registry, stream.read(_MOST_OF_REGISTRY) or b"")
    except OSError:
        return ""
    known = registry.projects if registry else {}
    name = os.path.basename(project)
    return next((root for root, short in known.items() if short == name and is_path(root)), "")


def _first_line(path: str) -> str:
    try:
        with open_log(path) as stream:
            line = os.fsdecode((stream.read(MAX_PATH) or b"").partition(b"\n")[0].strip())
    except OSError:
        return ""
    return line if is_path(line) else ""
