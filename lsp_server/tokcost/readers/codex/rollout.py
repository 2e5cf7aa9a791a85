"""Lines of a Codex rollout.

Newer versions write one `token_usage_record` for each response, with a response id: exact. Older ones write
`token_count` events with a running total, again and again without a new request; there a response is what the total
grew by.

Cached tokens are inside `input_tokens` and reasoning is inside `output_tokens`. `cache_write_input_tokens` is a part
of `input_tokens` too and stays in `input`: it has no price of its own, and no log shows that it is billed apart.
"""

import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from tokcost.model.logs import Batch, Source
from tokcost.model.usage import MAX_TOKENS, Tokens, Usage, is_possible_time
from tokcost.readers.codex.head_moves import CALL_WORDS, HeadMoves, Moves
from tokcost.readers.sources import jsonl
from tokcost.readers.sources.jsonl import NewLines, lines_with, open_log
from tokcost.readers.sources.records import KeptFolder, KeptName, Name, decoded, going_on, kind_of, milliseconds

NAME = "codex"

_WORDS = (b'"token_usage_record"', b'"token_count"', b'"turn_context"', b'"session_meta"', b'"thread_settings_applied"')

_MAX_WINDOW = 64 << 20
"""zstd keeps so much of what it wrote; more is for `--ultra` and `--long` alone, and no assistant compresses so."""
_MAX_EXPANDED = 16 << 30
"""A compressed file is read so far: 100 kB can be made to expand to any number of gigabytes."""

_REPLAYED = "history of the session it was forked from"

_KINDS = (None, "token_usage_record", "session_meta", "turn_context")
"""Records whose damage loses usage, or the place of it; `None`: not even that can be told."""
_EVENTS = (b'"token_count"', b'"thread_settings_applied"')
"""The same for events, which have their kind inside."""


class _Counters(msgspec.Struct, gc=False):
    input: int | None = msgspec.field(default=None, name="input_tokens")
    cached: int | None = msgspec.field(default=None, name="cached_input_tokens")
    output: int | None = msgspec.field(default=None, name="output_tokens")
    reasoning: int | None = msgspec.field(default=None, name="reasoning_output_tokens")

    def values(self) -> tuple[int, int, int, int] | None:
        """Input, cached, output, reasoning; `None` for impossible numbers."""
        found = (self.input or 0, self.cached or 0, self.output or 0, self.reasoning or 0)
        return found if min(found) >= 0 and found[1] <= found[0] and max(found) < MAX_TOKENS * 1000 else None


class _Info(msgspec.Struct, gc=False):
    total: _Counters | None = msgspec.field(default=None, name="total_token_usage")
    last: _Counters | None = msgspec.field(default=None, name="last_token_usage")


class _Git(msgspec.Struct, gc=False):
    branch: KeptFolder | None = None


class _Settings(msgspec.Struct, gc=False):
    service_tier: KeptName | None = None


class _Payload(msgspec.Struct, gc=False):
    type: str | None = None
    id: KeptName | None = None
    timestamp: datetime | None = None
    cwd: KeptFolder | None = None
    model: KeptName | None = None
    provider: KeptName | None = msgspec.field(default=None, name="model_provider")
    git: _Git | None = None
    turn: KeptName | None = msgspec.field(default=None, name="turn_id")
    forked_from: KeptName | None = msgspec.field(default=None, name="forked_from_id")
    parent_thread: KeptName | None = msgspec.field(default=None, name="parent_thread_id")
    thread: Name | None = msgspec.field(default=None, name="thread_id")
    response: Name | None = msgspec.field(default=None, name="response_id")
    usage: _Counters | None = None
    info: _Info | None = None
    settings: _Settings | None = msgspec.field(default=None, name="thread_settings")


class _Line(msgspec.Struct, gc=False):
    type: str | None = None
    timestamp: datetime | None = None
    payload: _Payload | None = None


class _BareHead(msgspec.Struct, gc=False):
    """The first line of a rollout from before September 2025: no envelope, and no counts in the lines behind it."""

    id: str
    timestamp: str
    type: str | None = None


class _State(msgspec.Struct, gc=False):
    """What must be remembered of a rollout between two reads."""

    begun: bool = False
    """The first line was seen."""
    thread: str = ""
    parent: str = ""
    """The thread this one was forked or spawned from."""
    replaying: bool = False
    """Between the parent's `session_meta` and this thread's own first turn: the parent's history, copied."""
    replay_ms: int = 0
    start_ms: int = 0
    forked: bool = False
    """The first running total contains the parent's."""
    base: tuple[int, int, int, int] = (0, 0, 0, 0)
    """The last running total."""
    epoch: int = 0
    """How often the running total began anew."""
    has_records: bool = False
    """This thread's responses are recorded one by one; its running totals repeat them."""
    model: str = ""
    provider: str = ""
    tier: str = ""
    cwd: str = ""
    branch: str = ""
    turn: str = ""
    turns: int = 0
    """Prompts so far. The branch is that of the session's start: a later prompt may come from another one."""
    moves: Moves = msgspec.field(default_factory=Moves)


_line = msgspec.json.Decoder(_Line)
_bare_head = msgspec.json.Decoder(_BareHead)
_state = msgspec.json.Decoder(_State)
_encode = msgspec.json.Encoder().encode


def read_rollout(source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """New responses of one rollout; a compressed one is read whole whenever it changed.

    Raises `OSError` when it cannot be read.
    """
    if source.path.endswith(".zst"):
        return _compressed_portions(source)
    return jsonl.in_portions(_plain_portion, source, cursor)


def _plain_portion(source: Source, cursor: bytes | None) -> Batch:
    lines, state = going_on(source, cursor, _state)
    rollout = _Rollout(state or _State(), source.path)
    for block in lines:
        rollout.take(block)
        if len(rollout.usage) >= jsonl.MAX_RECORDS:
            lines.stop()
    written = _encode(rollout.state)
    if lines.rest and kind_of(lines.rest) is not None:
        rollout.take(lines.rest)
    rollout.pass_over(lines.too_long)
    return Batch(
        lines.cursor(written),
        rollout.usage,
        skipped=rollout.skipped,
        duplicates=rollout.duplicates,
        restarted=lines.restarted,
        more=lines.more,
        position=lines.offset,
    )


class _Rollout:
    """What the lines of one rollout say, in their order."""

    def __init__(self, state: _State, path: str) -> None:
        self.state = state
        self._named = Path(path).name.partition(".jsonl")[0][-36:]
        """The thread's id in the file's name: all there is when the first line is lost."""
        self._moves = HeadMoves(state.moves)
        self.usage: list[Usage] = []
        self.skipped: dict[str, int] = {}
        self.duplicates: dict[str, int] = {}

    def take(self, block: bytes) -> None:
        """Read all lines of a block that can matter."""
        if not self.state.begun:
            self._begin(block)
        calls = {span for word in CALL_WORDS for span in lines_with(block, word)}
        for begin, end in sorted(calls.union(*(lines_with(block, word) for word in _WORDS))):
            if (begin, end) in calls:
                self._moves.take(block[begin:end], self.usage)
                continue
            line = self._decode(block[begin:end])
            if line is not None and line.payload is not None:
                self._line(line, line.payload)

    def _begin(self, block: bytes) -> None:
        self.state.begun = True
        head = decoded(_bare_head, block.partition(b"\n")[0])
        if head is not None and head.type is None:
            self.count("file of a version that recorded no usage")

    def count(self, reason: str) -> None:
        """Count a record that was passed over."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def pass_over(self, heads: Iterable[bytes]) -> None:
        """Lines too long to be read, given their beginnings."""
        for head in heads:
            if any(word in head for word in _WORDS):
                self.count("line too long to be read")

    def _decode(self, raw: bytes) -> _Line | None:
        line = decoded(_line, raw)
        if line is None and (kind_of(raw) in _KINDS or any(word in raw for word in _EVENTS)):
            self.count("damaged record")
        return line

    def _line(self, line: _Line, payload: _Payload) -> None:
        match line.type, payload.type:
            case "session_meta", _:
                self._session(line, payload)
            case "turn_context", _:
                self._turn(line, payload)
            case "token_usage_record", _:
                self._record(line, payload)
            case "event_msg", "token_count":
                self._token_count(line, payload)
            case "event_msg", "thread_settings_applied":
                tier = payload.settings.service_tier if payload.settings else None
                self.state.tier = "" if tier in (None, "default", "auto", "standard") else tier
            case _:
                pass

    def _session(self, line: _Line, meta: _Payload) -> None:
        state = self.state
        if not state.thread:
            state.thread = meta.id or ""
            state.parent = meta.forked_from or meta.parent_thread or ""
            state.forked = bool(meta.forked_from)
            state.start_ms = milliseconds(meta.timestamp or line.timestamp)
        elif meta.id != state.thread:
            state.replaying = True
            state.replay_ms = milliseconds(line.timestamp)
            return
        state.provider = meta.provider or state.provider
        state.cwd = meta.cwd or state.cwd
        branch = (meta.git.branch or "") if meta.git else ""
        state.branch = branch or state.branch

    def _turn(self, line: _Line, context: _Payload) -> None:
        state = self.state
        if state.replaying and self._is_own_turn(line, context):
            state.replaying = False
        state.model = context.model or state.model
        state.cwd = context.cwd or state.cwd
        if not state.replaying and (context.turn or "") != state.turn:
            state.turns += 1
            state.turn = context.turn or ""
        self._moves.begin_turn(line.timestamp)

    def _is_own_turn(self, line: _Line, context: _Payload) -> bool:
        """Copied turns keep their ids, which begin with the time they were made (UUID version 7); without ids, what is
        copied was either written before the fork or all at the moment of it."""
        made = _uuid7_ms(context.turn)
        if made is not None:
            return made >= self.state.start_ms
        return milliseconds(line.timestamp) >= max(self.state.start_ms, self.state.replay_ms + 1000)

    def _record(self, line: _Line, record: _Payload) -> None:
        state = self.state
        thread = record.thread or self._thread
        own = thread == self._thread
        state.has_records = state.has_records or own
        if own and state.replaying and (_uuid7_ms(record.turn) or 0) < state.start_ms:
            self._repeated(_REPLAYED)
            return
        counts = record.usage.values() if record.usage else None
        if counts is None or record.response is None or not is_possible_time(milliseconds(line.timestamp)):
            self.count("usage record with impossible or missing values")
            return
        self._add(line, f"codex:{thread}:{record.response}", counts, thread)

    def _token_count(self, line: _Line, event: _Payload) -> None:
        state = self.state
        if state.has_records or event.info is None or event.info.total is None:
            return
        total = event.info.total.values()
        last = event.info.last.values() if event.info.last else None
        if total is None or not is_possible_time(milliseconds(line.timestamp)):
            self.count("usage record with impossible or missing values")
            return
        if state.replaying:
            state.base = total
            self._repeated(_REPLAYED)
            return
        spent = self._spent(total, last)
        if spent is None or not any(spent):
            self._repeated("running total without a new response")
            return
        key = f"codex:{self._thread}:{state.epoch}.{total[0]}.{total[2]}.{total[1]}"
        self._add(line, key, spent, self._thread)

    def _spent(
        self, total: tuple[int, int, int, int], last: tuple[int, int, int, int] | None
    ) -> tuple[int, int, int, int] | None:
        """What a running total has more than the one before; `None` when it tells nothing new."""
        state, base = self.state, self.state.base
        if total == base:
            return None
        if base == (0, 0, 0, 0) and state.forked and last is not None:
            state.forked, state.base = False, total
            return last if any(last) else None
        grown = tuple(new - old for new, old in zip(total, base, strict=True))
        if last is not None and total == last and grown != last:
            state.epoch += 1
            state.base = total
            return total
        if min(grown) >= 0:
            state.base = total
            return (grown[0], grown[1], grown[2], grown[3])
        if last is not None and base[0] - total[0] < last[0]:
            return None
        state.epoch += 1
        state.base = total
        return last if last is not None and all(a <= b for a, b in zip(last, total, strict=True)) else total

    @property
    def _thread(self) -> str:
        return self.state.thread or self._named

    def _repeated(self, reason: str) -> None:
        self.duplicates[reason] = self.duplicates.get(reason, 0) + 1

    def _add(self, line: _Line, key: str, counts: tuple[int, int, int, int], thread: str) -> None:
        state = self.state
        read, cached, output, reasoning = counts
        cached = min(cached, read)
        if max(counts) >= MAX_TOKENS:
            self.count("usage record with impossible or missing values")
            return
        usage = Usage(
            NAME,
            key,
            milliseconds(line.timestamp),
            state.model,
            Tokens(read - cached, cached, 0, 0, output, min(reasoning, output)),
            thread,
            state.cwd,
            state.branch,
            provider=state.provider,
            tier=state.tier,
            copy_rank=0 if thread == self._thread else 2,
        )
        self.usage.append(self._moves.placed(usage, is_later_turn=state.turns > 1))


def _compressed_portions(source: Source) -> Iterator[Batch]:
    """Nobody can go on in the middle of a compressed file: its cursors only tell its portions apart."""
    rollout, lines = _Rollout(_State(), source.path), NewLines(source, None, limit=_MAX_EXPANDED)
    number = 0
    with open_log(source.path) as stream:
        for block in lines.blocks(_Decompressed(stream)):
            rollout.take(block)
            if len(rollout.usage) >= jsonl.MAX_RECORDS:
                number += 1
                yield _portion(rollout, number, min(stream.tell(), source.size), more=True)
                rollout = _Rollout(rollout.state, source.path)
    if lines.rest and kind_of(lines.rest) is not None:
        rollout.take(lines.rest)
    elif lines.rest:
        rollout.count("compressed file that ends early")
    if lines.more:
        rollout.count("rest of a compressed file that holds too much")
    rollout.pass_over(lines.too_long)
    yield _portion(rollout, number + 1, source.size, more=False)


def _portion(rollout: _Rollout, number: int, position: int, *, more: bool) -> Batch:
    return Batch(
        b"portion %d" % number if more else b"",
        rollout.usage,
        skipped=rollout.skipped,
        duplicates=rollout.duplicates,
        restarted=number == 1,
        more=more,
        position=position,
    )


class _Decompressed:
    """What a compressed stream expands to, read in pieces."""

    def __init__(self, stream: io.FileIO) -> None:
        import zstandard

        decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
        self._plain = decompressor.stream_reader(stream, read_across_frames=True)
        self._errors = (zstandard.ZstdError, MemoryError)

    def read(self, size: int, /) -> bytes:
        """The next bytes; none at the end. Raises `OSError` when the stream is damaged."""
        try:
            return self._plain.read(size)
        except self._errors as error:
            raise OSError(f"not readable as zstd: {error}") from error


def _uuid7_ms(text: str | None) -> int | None:
    """The time inside a version 7 UUID, in milliseconds UTC (RFC 9562 section 5.7)."""
    if text is None or len(text) != 36 or text[14] != "7":
        return None
    try:
        return int(text[:8] + text[9:13], 16)
    except ValueError:
        return None
