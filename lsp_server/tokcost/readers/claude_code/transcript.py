"""Lines of a Claude Code transcript.

One response is logged as one line per content block, each repeating the same `message.id` and `usage`; resumed and
forked sessions copy history into new files; sub-agents have files of their own. All meet in one rule: a response
*is* its message id, each token class counts with the largest value that any line gives it, and its place is that of the
original line.

What no line tells (compaction, titles) is in `cost-state`, the session's running total that newer versions write; those
records become `SessionTotal` values and are compared with the lines once everything is read.
"""

from datetime import datetime
from functools import lru_cache

import msgspec

from tokcost.model.bounds import MAX_PARENTS, MAX_SESSION
from tokcost.model.logs import Batch, SessionTotal, Source, WorktreeOrigin
from tokcost.model.usage import MAX_SEARCHES, MAX_TOKENS, Kind, Tokens, Usage, is_possible_time, merge
from tokcost.readers.claude_code.asking import KNOWN_COPY, Asking, State, Written
from tokcost.readers.claude_code.line_times import LineTimes
from tokcost.readers.claude_code.worktree_state import worktree_origins
from tokcost.readers.sources import jsonl
from tokcost.readers.sources.records import Folder, KeptName, Name, decoded, going_on, kind_of, milliseconds

NAME = "claude-code"

_FINAL_IN_EVERY_LINE = (2, 1, 59)
"""From this version on a finished response has a `stop_reason` and its final output count in at least its last line;
before, lines without a `stop_reason` carry the placeholder of the stream's start."""

_MAX_PARTS = 1000
"""So many models has a session, or parts a response: more are a damaged record."""

_HEAD = 640
"""Bytes at the beginning of a line that tell whose it is: older versions write folder, session and branch there."""

_NEVER = b"\n"
"""No line contains its end."""

_NO_STOP_REASON = b'"stop_reason":null'
_ANYWHERE = (None, "", "global", "not_available")
"""What `inference_geo` says where the inference was not kept in a region; older models do not know the field."""

_BETWEEN = 64
"""Bytes in which a `stop_reason` stands before the usage, with a `stop_sequence` between them at most."""


class _CacheCreation(msgspec.Struct, gc=False):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _ServerTools(msgspec.Struct, gc=False):
    web_search_requests: int | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    thinking_tokens: int | None = None


class _Counts(msgspec.Struct, gc=False):
    input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens: int | None = None
    output_tokens_details: _OutputDetails | None = None


class _Iteration(_Counts, gc=False):
    type: str | None = None
    model: Name | None = None


class _Usage(_Counts, gc=False):
    server_tool_use: _ServerTools | None = None
    service_tier: Name | None = None
    speed: Name | None = None
    inference_geo: Name | None = None
    iterations: list[_Iteration] | None = None


class _Message(msgspec.Struct, gc=False):
    id: Name | None = None
    model: Name | None = None
    stop_reason: str | None = None
    usage: msgspec.Raw = msgspec.Raw()
    """As it was written: the further lines of a response repeat it byte for byte."""


class _Line(msgspec.Struct, gc=False):
    type: str | None = None
    message: _Message | None = None
    timestamp: datetime | None = None
    uuid: Name | None = None
    request_id: Name | None = msgspec.field(default=None, name="requestId")
    request_session: KeptName | None = msgspec.field(default=None, name="requestSessionId")
    session: Name | None = msgspec.field(default=None, name="sessionId")
    session_kind: str | None = msgspec.field(default=None, name="sessionKind")
    cwd: Folder | None = None
    branch: Folder | None = msgspec.field(default=None, name="gitBranch")
    version: Name | None = None
    sidechain: bool | None = msgspec.field(default=None, name="isSidechain")


class _ModelTotal(msgspec.Struct, gc=False):
    input: int = msgspec.field(default=0, name="inputTokens")
    output: int = msgspec.field(default=0, name="outputTokens")
    thinking: int = msgspec.field(default=0, name="thinkingTokens")
    cache_read: int = msgspec.field(default=0, name="cacheReadInputTokens")
    cache_write: int = msgspec.field(default=0, name="cacheCreationInputTokens")
    cache_write_5m: int | None = msgspec.field(default=None, name="cacheCreationEphemeral5mInputTokens")
    cache_write_1h: int | None = msgspec.field(default=None, name="cacheCreationEphemeral1hInputTokens")
    web_searches: int = msgspec.field(default=0, name="webSearchRequests")


class _CostState(msgspec.Struct, gc=False):
    type: str
    session: Name = msgspec.field(name="sessionId")
    began_ms: int = msgspec.field(name="startTime", default=0)
    models: dict[Name, _ModelTotal] = msgspec.field(name="modelUsage", default_factory=dict[str, _ModelTotal])


_line = msgspec.json.Decoder(_Line)
_counts = msgspec.json.Decoder(_Usage | None)
_cost_state = msgspec.json.Decoder(_CostState)
_state = msgspec.json.Decoder(State)
_encode = msgspec.json.Encoder().encode


def read_transcript(source: Source, cursor: bytes | None) -> Batch:
    """New responses, session totals and worktrees of one transcript. Raises `OSError` when it cannot be read."""
    lines, state = going_on(source, cursor, _state)
    found = _Transcript(state or State(), is_begun=lines.offset > 0)
    for block in lines:
        found.take(block)
        if found.count >= jsonl.MAX_RECORDS:
            lines.stop()
    written = _encode(found.state)
    if lines.rest and kind_of(lines.rest) is not None:
        found.take(lines.rest)
    for head in lines.too_long:
        found.pass_over(head)
    if found.repeated:
        found.duplicates["further line of the same response"] = found.repeated
    return Batch(
        lines.cursor(written),
        found.responses(),
        found.totals,
        found.worktrees,
        found.skipped,
        found.duplicates,
        restarted=lines.restarted,
        more=lines.more,
        position=lines.offset,
    )


class _Transcript:
    """What the lines of one file say, gathered block by block."""

    def __init__(self, state: State, *, is_begun: bool) -> None:
        self.state = state
        self._asking = Asking(state)
        self._is_begun = is_begun
        self.totals: list[SessionTotal] = []
        self.worktrees: list[WorktreeOrigin] = []
        self.skipped: dict[str, int] = {}
        self.duplicates: dict[str, int] = {}
        self.repeated = 0
        self._found: dict[str, Usage] = {}
        self._last: _Line | None = None
        self._key = ""
        """Of the last response."""
        self._id = self._written = _NEVER
        """What a line that tells nothing new of it has at its beginning and behind its content."""
        self._context: tuple[bytes, ...] = ()
        """What it must have besides, anywhere."""
        self._times = LineTimes()

    @property
    def count(self) -> int:
        """How many records there are to hand over."""
        return len(self._found) + len(self.totals) + len(self.worktrees)

    def responses(self) -> list[Usage]:
        """One usage for each response, in the order of their first lines."""
        return list(self._found.values())

    def take(self, block: bytes) -> None:
        """Read all lines of a block that can matter, in their order.

        Most bytes are prompts and tool results; their lines say so at their beginning and are not searched. A search
        costs as much as it passes over, so the assistant's own lines are not searched either: they are decoded, unless
        they repeat the last response. (Inside a text quotes are escaped, so no text can look like an id or usage.)
        """
        begin, size, find = 0, len(block), block.find
        self._times = LineTimes()
        self._asking.begin(block, is_first=not self._is_begun)
        self._is_begun = True
        while begin < size:
            end = find(b"\n", begin)
            if end < 0:
                end = size
            head = begin + _HEAD if begin + _HEAD < end else end
            if find(b'"assistant"', begin, head) >= 0:
                self._asking.at(begin)
                if find(self._id, begin, head) >= 0 and self._is_repetition(block, begin, end):
                    self.repeated += 1
                    self._asking.heed_command(block, begin, end, self._key, self._found)
                elif not self._assistant_line(block[begin:end]):
                    self._bookkeeping(block, begin, end)
            elif find(b'"role":"user"', begin, head) < 0:
                if find(b'"usage"', begin, end) >= 0:
                    self._asking.at(begin)
                    self._assistant_line(block[begin:end])
                elif find(b'"cost-state"', begin, head) >= 0 or find(b'"worktree-state"', begin, head) >= 0:
                    self._bookkeeping(block, begin, end)
                elif find(b'"compact_boundary"', begin, head) >= 0:
                    self._compaction(block[begin:end])
            begin = end + 1
        self._asking.end()
        self._remember()

    def pass_over(self, head: bytes) -> None:
        """A line too long to be read, given its beginning: no loss unless it may have told usage."""
        if b'"user"' not in head[:_HEAD] or b'"assistant"' in head[:_HEAD]:
            self._count(self.skipped, "line too long to be read")

    def _assistant_line(self, raw: bytes) -> bool:
        """Take a line that may be a response's; whether the assistant wrote it."""
        line = self._decode(raw)
        if line is None or line.type != "assistant":
            return False
        if line.message is not None and (written := bytes(line.message.usage)):
            self._response(line, line.message, written, raw)
        return True

    def _response(self, line: _Line, message: _Message, written: bytes, raw: bytes) -> None:
        if message.model == "<synthetic>":
            self._count(self.duplicates, "local message of the assistant itself, not a response")
            return
        usage = decoded(_counts, written)
        if usage is None:
            if written != b"null":
                self._count(self.skipped, "damaged usage record")
            return
        tokens = _tokens(usage)
        key = message.id or line.request_id or line.uuid
        if tokens is None or key is None or not is_possible_time(milliseconds(line.timestamp)) or not _is_sane(usage):
            self._count(self.skipped, "usage record with impossible or missing values")
            return
        self._last, self._key = line, key
        found = self._add(self._placed(_usage(line, message, usage, key, tokens), line))
        self._asking.heed_command(raw, 0, len(raw), key, self._found)
        if line.request_session:
            self._remember_parent(line)
        if usage.iterations and len(usage.iterations) > 1:
            self._iterations(found, usage.iterations)
        self._expect_repetition(line, message, found, raw)

    def _placed(self, usage: Usage, line: _Line) -> Usage:
        """A response where it was asked for, as far as the lines around it tell."""
        asking = self._asking
        cwd = asking.folder(Written(usage.session, bool(line.sidechain), usage.cwd))
        lags = asking.lags(usage.branch, usage.key)
        rank = KNOWN_COPY if asking.is_copy(usage.time_ms) else usage.copy_rank
        if (cwd, lags, rank) == (usage.cwd, usage.branch_stale, usage.copy_rank):
            return usage
        return usage._replace(cwd=cwd, branch_stale=lags, copy_rank=rank)

    def _expect_repetition(self, line: _Line, message: _Message, found: Usage, raw: bytes) -> None:
        """Remember what the lines that repeat this one look like, if they can tell nothing new of its response."""
        self._id = self._written = _NEVER
        self._context = ()
        if not message.id or found.copy_rank != 0:
            return
        written = b'"usage":%s' % bytes(message.usage)
        if found.lower_bound:
            written = _unfinished(raw, written)
        if found.kind == "partial":
            # A line of a sub-agent or an older version would say that the reply is whole.
            self._context = b'"isSidechain":false', b'"version":"%s"' % (line.version or "").encode()
        self._id, self._written = b'"id":"%s"' % message.id.encode(), written

    def _is_repetition(self, block: bytes, begin: int, end: int) -> bool:
        """Whether a line that names the last response tells nothing new of it."""
        if block.rfind(self._written, begin, end) < 0:
            return False
        return all(block.rfind(words, begin, end) >= 0 for words in self._context)

    def _decode(self, raw: bytes) -> _Line | None:
        line = decoded(_line, raw)
        if line is None and b'"usage"' in raw and _may_be_assistant(raw):
            self._count(self.skipped, "damaged usage record")
        return line

    def _add(self, usage: Usage) -> Usage:
        """What all records of a response say together."""
        before = self._found.get(usage.key)
        if before is not None:
            self.repeated += 1
            if before.tokens == usage.tokens and _is_final(before):
                return before
            usage = merge(before, usage)
        self._found[usage.key] = usage
        return usage

    def _remember_parent(self, line: _Line) -> None:
        parent = line.request_session
        known = self.state.parents
        if parent and parent != line.session and parent not in known and len(known) < MAX_PARENTS:
            self.state.parents = (*known, parent)

    def _remember(self) -> None:
        """What records without a place of their own take from the last response before them."""
        if self._last is not None and self._last.timestamp is not None:
            cwd, branch = self._last.cwd or "", self._last.branch or ""
            if "\0" not in cwd and "\0" not in branch:
                self.state.cwd, self.state.branch = cwd, branch
            self.state.time_ms = milliseconds(self._last.timestamp)

    def _iterations(self, parent: Usage, iterations: list[_Iteration]) -> None:
        """Advisor calls are not in a response's own counts; a refused first attempt is noted, not counted."""
        for number, iteration in enumerate(iterations):
            tokens = _tokens(iteration)
            if iteration.type == "advisor_message" and tokens is not None:
                model = iteration.model or parent.model
                key = f"{parent.key}#advisor{number}"
                advisor = parent._replace(key=key, model=model, tokens=tokens, kind="advisor", web_searches=0)
                self._add(advisor)
            elif iteration.type == "fallback_message" and number + 1 < len(iterations):
                self._count(self.duplicates, "refused first attempt, not known to be billed")

    def _bookkeeping(self, block: bytes, begin: int, end: int) -> None:
        raw = block[begin:end]
        kind = kind_of(raw)
        if kind == "cost-state":
            self._cost_state(raw, self._times.before(block, begin))
        elif kind == "worktree-state":
            origins = worktree_origins(raw)
            self.worktrees += origins or ()
            if origins is None:
                self._count(self.skipped, "damaged record")
        elif kind is None and (b'"cost-state"' in raw[:_HEAD] or b'"worktree-state"' in raw[:_HEAD]):
            self._count(self.skipped, "damaged record")

    def _cost_state(self, raw: bytes, before_ms: int | None) -> None:
        record = decoded(_cost_state, raw)
        if record is None or len(record.models) > _MAX_PARTS:
            self._count(self.skipped, "damaged session total")
            return
        self._remember()
        state = self.state
        time_ms = max(before_ms or 0, state.time_ms)
        place = (state.cwd, state.branch, state.parents)
        if spent_ms := min(state.compacted_ms, time_ms):
            place = (state.compacted_in, state.compacted_on, state.parents)
        began_ms = record.began_ms if is_possible_time(record.began_ms) else 0
        state.compacted_ms = 0
        for model, total in record.models.items():
            tokens = _model_total(total)
            if tokens is None:
                self._count(self.skipped, "session total with impossible values")
                continue
            counts = (tokens, total.web_searches)
            self.totals.append(SessionTotal(record.session, model, time_ms, *counts, *place, spent_ms, began_ms))

    def _compaction(self, raw: bytes) -> None:
        """The call that compacts leaves no line, only a mark of its moment; a fork copies those of its parent."""
        line = decoded(_line, raw)
        if line is None or line.type != "system" or not is_possible_time(milliseconds(line.timestamp)):
            return
        state, cwd, branch = self.state, line.cwd or "", line.branch or ""
        if not self._asking.is_copy(milliseconds(line.timestamp)) and "\0" not in cwd + branch:
            state.compacted_ms, state.compacted_in, state.compacted_on = milliseconds(line.timestamp), cwd, branch

    @staticmethod
    def _count(counts: dict[str, int], reason: str) -> None:
        counts[reason] = counts.get(reason, 0) + 1


def _usage(line: _Line, message: _Message, usage: _Usage, key: str, tokens: Tokens) -> Usage:
    assert line.timestamp is not None
    kind, lower_bound = _completeness(line, message)
    tools = usage.server_tool_use
    return Usage(
        NAME,
        key,
        milliseconds(line.timestamp),
        message.model or "",
        tokens,
        line.session or "",
        line.cwd or "",
        line.branch or "",
        False,
        "",
        kind,
        "" if usage.speed in (None, "standard") else usage.speed,
        "" if usage.service_tier in (None, "standard") else usage.service_tier,
        (tools.web_search_requests or 0) if tools else 0,
        lower_bound,
        _copy_rank(line),
        line.request_id is None,
        geo="" if usage.inference_geo in _ANYWHERE else usage.inference_geo or "",
    )


def _completeness(line: _Line, message: _Message) -> tuple[Kind, bool]:
    """Whether the output count is final. A line without `stop_reason` holds what the stream began with: in the main
    thread of newer versions that is all that a broken stream left; in older ones, and in sub-agents, a placeholder."""
    if message.stop_reason is not None:
        return "response", False
    if _version(line.version) >= _FINAL_IN_EVERY_LINE and not line.sidechain:
        return "partial", True
    return "response", True


def _unfinished(raw: bytes, written: bytes) -> bytes:
    """A line's usage together with the null `stop_reason` just before it: with a `stop_reason`, a repetition would make
    the response final. `_NEVER` where they do not stand so."""
    usage = raw.rfind(written)
    begin = raw.rfind(_NO_STOP_REASON, max(0, usage - _BETWEEN), usage) if usage > 0 else -1
    return raw[begin:usage] + written if begin >= 0 else _NEVER


def _is_final(usage: Usage) -> bool:
    """Whether further lines with the same counts tell nothing new."""
    return usage.copy_rank == 0 and not usage.lower_bound


def _copy_rank(line: _Line) -> int:
    if line.request_session and line.request_session != line.session:
        return KNOWN_COPY
    return 0 if line.request_id and line.session_kind != "bg" else 1


def _tokens(usage: _Counts) -> Tokens | None:
    """The disjoint classes, or `None` for impossible numbers. Cache writes that are not split are 5-minute ones."""
    written = usage.cache_creation_input_tokens or 0
    split = usage.cache_creation
    long = (split.ephemeral_1h_input_tokens or 0) if split else 0
    short = (split.ephemeral_5m_input_tokens or 0) if split else 0
    if short + long != written:
        short = written - long
    details = usage.output_tokens_details
    thinking = (details.thinking_tokens or 0) if details else 0
    counts = (usage.input_tokens or 0, usage.cache_read_input_tokens or 0, short, long, usage.output_tokens or 0)
    return Tokens(*counts, thinking) if min(*counts, thinking) >= 0 and max(*counts, thinking) < MAX_TOKENS else None


def _is_sane(usage: _Usage) -> bool:
    """Whether a response can have searched the web so often and consist of so many parts."""
    searches = (usage.server_tool_use.web_search_requests or 0) if usage.server_tool_use else 0
    return 0 <= searches < MAX_SEARCHES and len(usage.iterations or ()) <= _MAX_PARTS


def _model_total(total: _ModelTotal) -> Tokens | None:
    long = total.cache_write_1h or 0
    counts = (total.input, total.cache_read, total.cache_write - long, long, total.output, total.thinking)
    return Tokens(*counts) if min(counts) >= 0 and max(counts) < MAX_TOKENS * MAX_SESSION else None


@lru_cache(maxsize=256)
def _version(text: str | None) -> tuple[int, ...]:
    parts = (text or "")[:32].split(".")
    try:
        return tuple(int(part) for part in parts[:3])
    except ValueError:
        return ()


def _may_be_assistant(raw: bytes) -> bool:
    kind = kind_of(raw)
    return kind == "assistant" if kind is not None else b'"assistant"' in raw
