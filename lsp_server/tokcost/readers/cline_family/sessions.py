"""Sessions of Cline 3 (its CLI) and 4 (its extension), which share one store: a folder for each session.

`SESSION.messages.json` has the conversation, `agent_*.messages.json` those of its sub-agents; each is rewritten
completely. An assistant's message has the counts of its own response (`metrics`), which are repeated only in totals:
`SESSION.json` (the manifest) adds up the session without its sub-agents.

`inputTokens` is the complete prompt, including cache reads and writes (`getCurrentContextSize` in Cline's
`services/usage.ts`). A fork copies messages with their ids and times into a new session. A compaction either leaves
them unchanged and writes the model's further input to another file, or removes their counts; usage that was read before
stays.
"""

import os
from typing import Any, cast

import msgspec

from tokcost.model.bounds import MAX_NAME, MAX_PATH, is_path, whole
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import NO_TOKENS, Usage
from tokcost.readers.sources.files import open_log
from tokcost.readers.sources.git_commands import before_moves, moves_of_head
from tokcost.readers.sources.head_order import HeadOrder
from tokcost.readers.sources.json_file import MOST_BYTES, read_whole
from tokcost.readers.sources.numbers import disjoint, nano_dollars
from tokcost.readers.sources.odd_fields import as_told, without_odd_fields
from tokcost.readers.sources.records import KeptFolder, KeptName, Name, decoded

NAME = "cline"
SUFFIX = ".messages.json"

_RUNS_COMMANDS = frozenset(("run_commands", "execute_command", "bash", "shell"))
_LONGEST_INPUT = 1 << 16
_MOST_OF_MANIFEST = 4 << 20
_FEWEST_DIGITS = 12
"""Of the milliseconds at the beginning of a session id."""


_COUNTS = ("metrics", "inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")
"""Any other field of a message may have another type than usual."""


class _Metrics(msgspec.Struct, gc=False):
    input: int | float | None = msgspec.field(default=None, name="inputTokens")
    output: int | float | None = msgspec.field(default=None, name="outputTokens")
    cache_read: int | float | None = msgspec.field(default=None, name="cacheReadTokens")
    cache_write: int | float | None = msgspec.field(default=None, name="cacheWriteTokens")
    cost: int | float | None = None


class _Model(msgspec.Struct, gc=False):
    id: Name | None = None
    provider: Name | None = None


class _Block(msgspec.Struct, gc=False):
    type: str = ""
    name: str | None = None
    input: msgspec.Raw = msgspec.Raw()


class _Message(msgspec.Struct, gc=False):
    id: Name | None = None
    role: Name | None = None
    ts: int | float | None = None
    model: _Model | None = msgspec.field(default=None, name="modelInfo")
    metrics: _Metrics | None = None
    content: msgspec.Raw = msgspec.Raw()


class _Document(msgspec.Struct, gc=False):
    session: KeptName | None = msgspec.field(default=None, name="sessionId")
    messages: list[msgspec.Raw] = []


class _Git(msgspec.Struct, gc=False):
    branch: KeptFolder | None = None


class _Metadata(msgspec.Struct, gc=False):
    git: _Git | None = None
    fork: msgspec.Raw = msgspec.Raw()


class _Manifest(msgspec.Struct, gc=False):
    cwd: KeptFolder | None = None
    root: KeptFolder | None = msgspec.field(default=None, name="workspace_root")
    model: KeptName | None = None
    provider: KeptName | None = None
    metadata: _Metadata | None = None


_document = msgspec.json.Decoder(_Document)
_message = msgspec.json.Decoder(_Message)
_manifest = msgspec.json.Decoder(_Manifest)
_blocks = msgspec.json.Decoder(list[_Block])
_anything: msgspec.json.Decoder[object] = msgspec.json.Decoder(Any)


def read_session(source: Source) -> Batch:
    """All responses of one conversation. Raises `OSError` if it cannot be read."""
    content = read_whole(source)
    document = decoded(_document, content, MOST_BYTES) or without_odd_fields(_Document, content, ("messages",))
    if document is None:
        return Batch(b"", skipped={"damaged document": 1}, restarted=True, position=len(content))
    session = _Session(source.path, document.session or os.path.basename(source.path).removesuffix(SUFFIX))
    for raw in document.messages:
        session.take(raw)
    usage = list(session.found.values())
    return Batch(b"", usage, skipped=session.skipped, restarted=True, position=len(content))


class _Session:
    """The usage of one conversation, collected message by message."""

    def __init__(self, path: str, name: str) -> None:
        self.found: dict[str, Usage] = {}
        self.skipped: dict[str, int] = {}
        self._name = name[:MAX_NAME]
        self._order = HeadOrder()
        self._turns = 0
        manifest = _manifest_beside(path)
        metadata = manifest.metadata or _Metadata()
        self._cwd = _first_path(manifest.cwd, manifest.root)
        self._branch = (metadata.git and metadata.git.branch) or ""
        self._is_fork = bytes(metadata.fork) not in (b"", b"null")
        self._model = _Model(manifest.model, manifest.provider)

    def take(self, raw: msgspec.Raw) -> None:
        """Read one message."""
        message = decoded(_message, bytes(raw), MOST_BYTES) or without_odd_fields(_Message, bytes(raw), _COUNTS)
        if message is None:
            if b'"metrics"' in bytes(raw):
                self._skip("damaged record")
        elif message.role == "user":
            # Results of tools have the user's role, too.
            self._turns += b'"tool_result"' not in bytes(message.content)
        elif message.role == "assistant":
            self._response(message)

    def _response(self, message: _Message) -> None:
        moves = _moves_of_head(bytes(message.content))
        time_ms = whole(message.ts)
        if message.metrics is None:
            if moves and time_ms:
                self._order.is_before_a_move(time_ms, moves=True)
            return
        said = message.metrics
        tokens = disjoint(said.input, said.cache_read, said.cache_write, said.output, has_cache=True)
        if tokens is None or not time_ms:
            self._skip("usage record with impossible or missing values")
        elif tokens.total:
            usage = self._usage(message, time_ms, moves)._replace(tokens=tokens)
            self.found.setdefault(usage.key, usage)

    def _usage(self, message: _Message, time_ms: int, moves: int) -> Usage:
        model = message.model or self._model
        is_behind = self._order.is_behind_a_move(time_ms)
        is_before = self._order.is_before_a_move(time_ms, moves=moves > 0)
        usage = Usage(
            NAME,
            _key(message, self._name, time_ms),
            time_ms,
            model.id or "",
            NO_TOKENS,
            self._name,
            self._cwd,
            self._branch,
            # The manifest names the branch of the first prompt, and in a fork possibly that of its origin.
            branch_stale=is_behind or self._is_fork or self._turns > 1 or self._order.moved_ms not in (0, time_ms),
            provider=model.provider or "",
            # A message older than its session was copied by a fork.
            copy_rank=2 if time_ms < _began(self._name) else 0,
            reported_cost=nano_dollars(message.metrics.cost if message.metrics else None),
            moves_head=is_before,
        )
        return before_moves(usage, moves) if moves else usage

    def _skip(self, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


def _key(message: _Message, session: str, time_ms: int) -> str:
    """The key of a response. Forks keep message ids. The parts of a divided message all repeat its counts, and have one
    key, so that it is counted once."""
    name, _, _ = (message.id or "").partition("_part_")
    return f"{NAME}:{name}" if name else f"{NAME}:{session}:{time_ms}"


def _began(session: str) -> int:
    """The milliseconds at the beginning of a session id; 0 if there are none."""
    digits = session.partition("_")[0]
    return int(digits) if digits.isdecimal() and _FEWEST_DIGITS <= len(digits) <= _FEWEST_DIGITS + 2 else 0


def _manifest_beside(path: str) -> _Manifest:
    """The manifest of the session in whose folder a conversation is; an empty one if it cannot be read."""
    folder = os.path.dirname(path)
    try:
        with open_log(os.path.join(folder, f"{os.path.basename(folder)}.json")) as stream:
            content = stream.read(_MOST_OF_MANIFEST) or b""
    except OSError:
        return _Manifest()
    return as_told(_manifest, _Manifest, content) or _Manifest()


def _first_path(*paths: str | None) -> str:
    return next((path for path in paths if path and len(path) <= MAX_PATH and is_path(path)), "")


def _moves_of_head(content: bytes) -> int:
    """The number of commands of a response that move HEAD."""
    if b"git" not in content and b"gh pr" not in content:
        return 0
    moves = 0
    for block in decoded(_blocks, content) or ():
        if block.type == "tool_use" and block.name in _RUNS_COMMANDS and len(block.input) <= _LONGEST_INPUT:
            for command in _commands(decoded(_anything, bytes(block.input))):
                text = command.encode("utf-8", "replace")
                moves += moves_of_head(text, 0, len(text))
    return moves


def _commands(said: object) -> list[str]:
    """The commands in a tool's input: texts, or a program and its arguments, single or in a list."""
    if isinstance(said, str):
        return [said]
    if isinstance(said, list):
        return [one for part in cast("list[object]", said) for one in _commands(part)]
    if not isinstance(said, dict):
        return []
    named = cast("dict[str, object]", said)
    program, arguments = named.get("command"), named.get("args")
    if isinstance(program, str) and isinstance(arguments, list):
        return [" ".join([program, *_commands(cast("list[object]", arguments))])]
    return [one for name in ("commands", "command", "cmd") for one in _commands(named.get(name))]
