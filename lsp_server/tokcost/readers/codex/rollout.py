"""Lines of a Codex rollout.

Newer versions write one `token_usage_record` for each response, with a response id, which is exact. All versions write
`token_count` events with a running total, repeatedly without a new request (`totals.py`). Both may be in one rollout,
since another version can resume a thread; an event whose response has a record adds nothing.

Cached tokens and cache writes are included in `input_tokens`, and reasoning in `output_tokens`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from tokcost.model.logs import Batch, Source
from tokcost.model.usage import MAX_TOKENS, Usage, is_possible_time
from tokcost.readers.codex.compressed import Decompressed
from tokcost.readers.codex.head_moves import CALL_WORDS, HeadMoves
from tokcost.readers.codex.lines import Counts, Line, Payload, key_of, name_of, read_line, tokens_of
from tokcost.readers.codex.state import State
from tokcost.readers.codex.totals import DEFAULT_LIMIT, JUMPED, Event, Passed
from tokcost.readers.sources import files, new_lines
from tokcost.readers.sources.files import open_log
from tokcost.readers.sources.new_lines import NewLines, broken_lines, lines_with
from tokcost.readers.sources.records import decoded, first_kinds, going_on, kind_of, milliseconds
from tokcost.readers.sources.salvage import Salvager, is_record, whole_rest

NAME = "codex"

_EVENTS = (b'"token_count"', b'"thread_settings_applied"')
"""Events whose damage loses usage, or its model."""
_WORDS = (*_EVENTS, b'"token_usage_record"', b'"turn_context"', b'"session_meta"', b'"task_started"')

_MAX_EXPANDED = 16 << 30
"""The limit for reading a compressed file: 100 kB can be made to expand to any number of gigabytes."""

_REPLAYED = "history of the session it was forked from"
_RECORDED = "running total of a response that has a record of its own"
_TOLD = "record of a response that a running total already counted"
_IMPOSSIBLE = "usage record with impossible or missing values"
_ODD = "field of an unexpected type, ignored"

_KINDS = (None, "token_usage_record", "session_meta", "turn_context")
"""Records whose damage loses usage, or its place; `None` is an unknown kind."""

_REPLAY_MS = 60_000
"""A copied history is written at once when its thread begins: later lines are the thread's own."""
_SAME_MS = 5_000
"""The maximum time between a record and an event of one response."""
_MOST_PENDING = 16


class _BareHead(msgspec.Struct, gc=False):
    """The first line of a rollout from before September 2025: no envelope, and no counts in the following lines."""

    id: str
    timestamp: str
    type: str | None = None


_bare_head = msgspec.json.Decoder(_BareHead)
_state = msgspec.json.Decoder(State)
_encode = msgspec.json.Encoder().encode


def read_rollout(source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """New responses of one rollout; a compressed one is read completely whenever it has changed. Raises `OSError` if
    it cannot be read."""
    if source.path.endswith(".zst"):
        return _compressed_portions(source)
    return files.in_portions(_plain_portion, source, cursor)


def _plain_portion(source: Source, cursor: bytes | None) -> Batch:
    lines, state = going_on(source, cursor, _state)
    rollout = _Rollout((state or State()).of_this_version(), source.path)
    for block in lines:
        rollout.take(block)
        if len(rollout.usage) >= new_lines.MAX_RECORDS:
            lines.stop()
    if rest := whole_rest(lines):
        rollout.take(rest)
    written = _encode(rollout.state)
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
    """The usage in the lines of one rollout, in order."""

    def __init__(self, state: State, path: str) -> None:
        self.state = state
        self._named = Path(path).name.partition(".jsonl")[0][-36:]
        """The thread id in the file's name: the only source if the first line is lost."""
        self._moves = HeadMoves(state.moves)
        self.usage: list[Usage] = []
        self.skipped: dict[str, int] = {}
        self.duplicates: dict[str, int] = {}
        self._salvager = Salvager()

    def take(self, block: bytes) -> None:
        """Read all relevant lines of a block."""
        if not self.state.begun:
            self._begin(block)
        end = self._lines(block)
        if end is not None:
            self._lines(self._salvager.mended(block[end:], self._damaged))

    def _lines(self, block: bytes) -> int | None:
        """Read the lines up to the first broken one, and return its position; `None` if there is none."""
        calls = {span for word in CALL_WORDS for span in lines_with(block, word)}
        told = {span for word in _WORDS for span in lines_with(block, word)}.union(broken_lines(block))
        # Both kinds in one order: that of the lines shows which responses were requested before HEAD moved.
        for span in sorted(calls | told):
            raw = block[span[0] : span[1]]
            line, is_odd = read_line(raw) if span in told else (None, False)
            if span in told and line is None and not is_record(raw):
                return span[0]
            if span in calls:
                self._moves.take(raw, self.usage, self.state.cwd)
            if is_odd:
                self.count(_ODD)
            elif span in told and line is None:
                self._unreadable(raw)
            if line is not None and line.payload is not None:
                self._line(line, line.payload)
        return None

    def _unreadable(self, record: bytes) -> None:
        """Count a complete record that cannot be parsed, unless it shows another kind."""
        kind = kind_of(record)
        if kind in _KINDS or (kind == "event_msg" and any(word in record for word in _EVENTS)):
            self._lose("damaged record")

    def _damaged(self, fragment: bytes) -> None:
        """Count damaged text that may have contained usage or its place, unless it shows another kind."""
        kind, event = first_kinds(fragment)
        if kind in _KINDS or (kind == "event_msg" and event is None) or any(word in fragment for word in _EVENTS):
            self._lose("damaged record")

    def _begin(self, block: bytes) -> None:
        self.state.begun = True
        head = decoded(_bare_head, block.partition(b"\n")[0])
        if head is not None and head.type is None:
            self.count("file of a version that recorded no usage")

    def count(self, reason: str) -> None:
        """Count a skipped record."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def _lose(self, reason: str) -> None:
        """Count a record that may have contained a response."""
        self.count(reason)
        self.state.has_lost = True

    def _count_no_more(self, reason: str) -> None:
        """Subtract a record that was counted in this read; in a later one it stays."""
        left = self.skipped.pop(reason, 0) - 1
        if left > 0:
            self.skipped[reason] = left

    def pass_over(self, heads: Iterable[bytes]) -> None:
        """Count lines that are too long to be read, given their beginnings."""
        for head in heads:
            if any(word in head for word in _WORDS):
                self.count("line too long to read")

    def _line(self, line: Line, payload: Payload) -> None:
        self.state.time_ms = milliseconds(line.timestamp) or self.state.time_ms
        match line.type, payload.type:
            case "session_meta", _:
                self._session(payload)
            case "turn_context", _:
                self._turn(payload)
            case "token_usage_record", _:
                self._record(payload)
            case "event_msg", "token_count":
                self._token_count(payload)
            case "event_msg", "thread_settings_applied":
                self._settings(payload)
            case "event_msg", "task_started":
                self._next_turn(payload.turn)
            case _:
                pass

    def _session(self, meta: Payload) -> None:
        state = self.state
        if not state.thread:
            state.thread, state.parent = meta.id or self._named, meta.parent
            state.is_subagent = meta.is_subagent
            state.start_ms = milliseconds(meta.timestamp) or state.time_ms
            state.replaying = state.totals.inherits = bool(state.parent)
            state.replay_ms = state.time_ms
        # The rollout of a fork or a sub-agent begins with its own `session_meta`; the parent's follows with the copied
        # history.
        elif meta.id is not None and meta.id != state.thread:
            state.replaying = state.is_copy = True
            state.replay_ms = state.time_ms
            return
        # It is written again with the same id: real rollouts have up to 30.
        state.resumed += 1
        state.provider = meta.provider or state.provider
        state.cwd = meta.cwd or state.cwd
        branch = (meta.git.branch or "") if meta.git else ""
        state.branch = branch or state.branch

    def _turn(self, context: Payload) -> None:
        state = self.state
        if state.replaying and self._is_own_turn(context):
            state.replaying = False
        if context.turn is None:
            state.parts += 1
        self._next_turn(context.turn)
        state.is_turn_named = context.model is not None
        state.model = context.model or state.later_model or state.model
        state.later_model = ""
        state.cwd = context.cwd or state.cwd
        self._moves.begin_turn(state.time_ms)

    def _next_turn(self, turn: str | None) -> None:
        """Begin or continue a turn: only its `turn_context` or earlier settings can name its model."""
        state = self.state
        if turn is None or turn == state.turn:
            return
        state.parts += 1
        state.is_turn_named = False
        state.model, state.later_model = state.later_model or state.model, ""
        if not state.replaying:
            state.turns += 1
            state.turn = turn

    def _settings(self, event: Payload) -> None:
        """Settings apply to later turns; the current one keeps its own."""
        state, settings = self.state, event.settings
        tier = settings.service_tier if settings else None
        word = (tier or "").strip().lower()
        state.tier = "" if word in ("default", "auto", "standard") else word
        if settings is None:
            return
        state.provider = settings.provider or state.provider
        if state.is_turn_named:
            state.later_model = settings.model or state.later_model
        else:
            state.model = settings.model or state.model
            state.cwd = settings.cwd or state.cwd

    def _is_own_turn(self, context: Payload) -> bool:
        """Whether a turn is this thread's own.

        Copied turns keep their ids, which begin with their creation time (UUID version 7); without ids, copied lines
        were written either before the fork or all at the moment of it. If the parent's `session_meta` was not copied,
        its turns were not either.
        """
        state = self.state
        made = _uuid7_ms(context.turn)
        if made is not None:
            return made >= state.start_ms
        # All lines of a copy are written within a second or so of the parent's `session_meta`.
        return state.time_ms >= max(state.start_ms, state.replay_ms + 1000 if state.is_copy else 0)

    def _is_replay(self) -> bool:
        """Whether the line belongs to the parent's history. Some threads never write a turn of their own."""
        state = self.state
        if state.replaying and state.time_ms > max(state.start_ms, state.replay_ms) + _REPLAY_MS:
            state.replaying = False
        return state.replaying

    def _record(self, record: Payload) -> None:
        state = self.state
        thread = record.thread or self._thread
        own = thread == self._thread
        if own and self._is_replay():
            if (_uuid7_ms(record.turn) or 0) < state.start_ms:
                self._repeated(_REPLAYED)
                return
            # A record of the thread's own turn ends the copied history, too.
            state.replaying = False
        counts = record.usage.values() if record.usage else None
        if counts is None or not is_possible_time(state.time_ms):
            self.count(_IMPOSSIBLE)
            return
        # Without an id of its own a response is known by its turn: in a copy, times differ.
        name = record.response or f"{record.turn or state.time_ms}.{name_of(counts, state.response_counts)}"
        if own:
            self._next_turn(record.turn)
            name = self._told_apart(name, record, counts)
            state.thread_total = record.thread_usage.values() if record.thread_usage else None
            if self._was_told(counts):
                self._repeated(_TOLD)
                return
            state.pending = [*state.pending, counts][-_MOST_PENDING:]
        self._add(f"codex:{thread}:{name}", counts, thread)

    def _told_apart(self, name: str, record: Payload, counts: Counts) -> str:
        """The name of a response: its id, followed by a number if a server gives several the same id, each of which
        makes a total grow."""
        state = self.state
        before, state.response_counts = state.response_counts, counts
        if name != state.response or before is None:
            state.response, state.response_shared = name, 0
            return name
        now = record.thread_usage.values() if record.thread_usage else None
        if now is not None and state.thread_total is not None:
            is_another = key_of(now) != key_of(state.thread_total)
        else:
            is_another = key_of(counts) != key_of(before) and before not in state.pending
        state.response_shared += is_another
        return f"{name}.{state.response_shared}" if state.response_shared else name

    def _was_told(self, counts: Counts) -> bool:
        """Whether a running total has just reported this response."""
        state = self.state
        told, state.told = state.told, None
        return told is not None and key_of(told) == key_of(counts) and abs(state.time_ms - state.told_ms) <= _SAME_MS

    def _token_count(self, payload: Payload) -> None:
        state, info = self.state, payload.info
        if info is None or (info.total is None and info.last is None):
            return
        total = info.total.values() if info.total else None
        last = info.last.values() if info.last else None
        if (info.total is not None and total is None) or (total is None and last is None):
            self.count(_IMPOSSIBLE)
            return
        if not is_possible_time(state.time_ms):
            self.count(_IMPOSSIBLE)
            return
        if total is not None and last is not None and any(last) and not any(total):
            total = None  # it cannot contain its own response: whoever wrote it keeps no total
        limit = (payload.limits.limit if payload.limits else None) or DEFAULT_LIMIT
        event = Event(limit, total, last, state.time_ms, state.parts, state.resumed)
        if self._is_replay():
            state.totals.observe(event)
            self._repeated(_REPLAYED)
        elif self._has_record(event):
            state.totals.observe(event)
            self._repeated(_RECORDED)
        else:
            self._spent(event)

    def _has_record(self, event: Event) -> bool:
        """Whether the response of an event has a record; earlier records had no event."""
        state = self.state
        for number in range(len(state.pending) - 1, -1, -1):
            if event.last is not None and key_of(state.pending[number]) == key_of(event.last):
                state.pending = state.pending[number + 1 :]
                return True
        if not state.pending or event.total is None or state.thread_total is None:
            return False
        if key_of(event.total) != key_of(state.thread_total):
            return False
        state.pending = []
        return True

    def _spent(self, event: Event) -> None:
        state = self.state
        if state.pending:
            state.pending = state.pending[state.totals.take_over(event, state.pending) :]
        found = state.totals.spent(event)
        if isinstance(found, Passed):
            (self.count if found.is_lost else self._repeated)(found.reason)
            return
        state.told, state.told_ms = found.counts, event.time_ms
        # A damaged record explains a jump: its response is in the total, and its loss has been reported.
        if found.is_jump and not state.has_lost:
            self.count(JUMPED)
        state.has_lost = False
        if found.corrects is not None:
            self._count_no_more(JUMPED)
            self._correct(f"codex:{self._thread}:{found.corrects.key}", found.corrects.counts)
        self._add(f"codex:{self._thread}:{found.key}", found.counts, self._thread)

    @property
    def _thread(self) -> str:
        return self.state.thread or self._named

    def _repeated(self, reason: str) -> None:
        self.duplicates[reason] = self.duplicates.get(reason, 0) + 1

    def _add(self, key: str, counts: Counts, thread: str) -> None:
        state = self.state
        if max(counts) >= MAX_TOKENS:
            self.count(_IMPOSSIBLE)
            return
        usage = self._usage(key, counts, thread)
        self.usage.append(self._moves.placed(usage, is_later_turn=state.turns > 1))

    def _correct(self, key: str, counts: Counts) -> None:
        """Report new counts of a response that was reported before, possibly in an earlier read."""
        for index in range(len(self.usage) - 1, -1, -1):
            told = self.usage[index]
            if told.key == key:
                self.usage[index] = told._replace(tokens=tokens_of(counts, told.model))
                return
        self.usage.append(self._usage(key, counts, self._thread))

    def _usage(self, key: str, counts: Counts, thread: str) -> Usage:
        state = self.state
        return Usage(
            NAME,
            key,
            state.time_ms,
            state.model,
            tokens_of(counts, state.model),
            thread,
            state.cwd,
            state.branch,
            provider=state.provider,
            tier=state.tier,
            # A record that names another thread was copied from its rollout.
            copy_rank=0 if thread == self._thread else 2,
            subagent=state.is_subagent and thread == self._thread,
            final=True,
        )


def _compressed_portions(source: Source) -> Iterator[Batch]:
    """The portions of a compressed file, which cannot be continued in the middle: its cursors only distinguish its
    portions."""
    rollout, lines = _Rollout(State(), source.path), NewLines(source, None, limit=_MAX_EXPANDED)
    number = 0
    with open_log(source.path) as stream:
        for block in lines.blocks(Decompressed(stream)):
            rollout.take(block)
            if len(rollout.usage) >= new_lines.MAX_RECORDS:
                number += 1
                yield _portion(rollout, number, min(stream.tell(), source.size), more=True)
                rollout = _Rollout(rollout.state, source.path)
    if rest := whole_rest(lines):
        rollout.take(rest)
    if lines.rest:
        rollout.count("compressed file that ends early")
    if lines.more:
        rollout.count("rest of a compressed file that is too large")
    rollout.pass_over(lines.too_long)
    yield _portion(rollout, number + 1, source.size, more=False)


def _portion(rollout: _Rollout, number: int, position: int, *, more: bool) -> Batch:
    return Batch(
        b"portion %d" % number if more else b"",
        rollout.usage,
        skipped=rollout.skipped,
        duplicates=rollout.duplicates,
        # Each further portion adds to the first.
        restarted=number == 1,
        more=more,
        position=position,
    )


def _uuid7_ms(text: str | None) -> int | None:
    """The time in a version 7 UUID, in milliseconds UTC (RFC 9562 section 5.7)."""
    if text is None or len(text) != 36 or text[14] != "7":
        return None
    try:
        return int(text[:8] + text[9:13], 16)
    except ValueError:
        return None
