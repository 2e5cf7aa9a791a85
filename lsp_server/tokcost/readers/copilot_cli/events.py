"""Events of a session of Copilot CLI (`events.jsonl`), appended while it runs.

Newer versions write a `session.usage_record` for each request to a model, including those of sub-agents and of
compaction, even if the process is killed right after it; its counts are exact. `session.shutdown` has their sum, over
all resumptions, and is then ignored. `legs.py` handles earlier versions.
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from tokcost.model.bounds import whole
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import NO_TOKENS, Usage
from tokcost.readers.copilot_cli.counts import COUNTS, HOSTED, NAME, Request, key_of, reported_cost
from tokcost.readers.copilot_cli.legs import Leg, Message, ModelMetric
from tokcost.readers.copilot_cli.neighbours import first_row_ms, session_of
from tokcost.readers.copilot_cli.place import Context, Place, mark_moved
from tokcost.readers.sources import new_lines
from tokcost.readers.sources.git_commands import moves_of_head
from tokcost.readers.sources.new_lines import is_broken
from tokcost.readers.sources.odd_fields import as_told
from tokcost.readers.sources.records import KeptName, Name, first_kinds, going_on, milliseconds
from tokcost.readers.sources.salvage import Salvager, whole_rest

_PLACES = (b'"session.start"', b'"session.resume"', b'"session.context_changed"')
_RECORD, _SHUTDOWN = b'"session.usage_record"', b'"session.shutdown"'
_MESSAGE, _TOOL, _TOOL_ENDS = b'"assistant.message"', b'"tool.execution_start"', b'"tool.execution_complete"'
_TOLD = (*_PLACES, _RECORD, _SHUTDOWN)
_KINDS = frozenset(word.strip(b'"').decode() for word in _TOLD)
_IMPOSSIBLE = "usage record with impossible or missing values"
_LONGEST_COMMAND = 8192
"""Bytes of a tool call that are searched for commands."""


class _Metric(msgspec.Struct, gc=False):
    usage: Request | None = None


class _Data(msgspec.Struct, gc=False):
    """The fields of all kinds of events about usage or its place."""

    session: KeptName | None = msgspec.field(default=None, name="sessionId")
    context: Context | None = None
    usage: Request | None = None
    message: KeptName | None = msgspec.field(default=None, name="messageId")
    call: KeptName | None = msgspec.field(default=None, name="apiCallId")
    model: KeptName | None = None
    output: int | float | None = msgspec.field(default=None, name="outputTokens")
    tool_call: KeptName | None = msgspec.field(default=None, name="toolCallId")
    metrics: dict[Name, _Metric] | None = msgspec.field(default=None, name="modelMetrics")


class _Event(msgspec.Struct, gc=False):
    type: Name | None = None
    timestamp: datetime | None = None
    id: Name | None = None
    agent: Name | None = msgspec.field(default=None, name="agentId")
    """The sub-agent of the event; the main agent's events have none (generated types of github/copilot-sdk)."""
    data: msgspec.Raw = msgspec.field(default=msgspec.Raw())


class State(msgspec.Struct, gc=False):
    """The state of a session that is kept between two reads."""

    place: Place = msgspec.field(default_factory=Place)
    leg: Leg = msgspec.field(default_factory=Leg)
    has_records: bool = False
    """Whether the version that wrote the latest part has a record for each request."""


_event = msgspec.json.Decoder(_Event)
_data = msgspec.json.Decoder(_Data)
_context = msgspec.json.Decoder(Context)
_state = msgspec.json.Decoder(State)


def read_events(source: Source, cursor: bytes | None) -> Batch:
    """New responses of a session. Raises `OSError` if its events cannot be read."""
    lines, state = going_on(source, cursor, _state)
    session = _Session(source.path, state or State())
    for block in lines:
        for raw in block.split(b"\n"):
            session.take(raw)
        if len(session.usage) >= new_lines.MAX_RECORDS:
            lines.stop()
    session.take(whole_rest(lines))
    session.leave_to_store()
    batch = lines.batch(msgspec.json.encode(session.state), session.usage, session.skipped)
    return batch._replace(retracted=session.retracted)


class _Session:
    """The usage in the events of one session, in order."""

    def __init__(self, path: str, state: State) -> None:
        self._path = path
        self._name = session_of(path)
        self.state = state
        self.usage: list[Usage] = []
        self.retracted: list[str] = []
        self.skipped: dict[str, int] = {}
        self._salvager = Salvager()

    def take(self, raw: bytes) -> None:
        """Process one line, if it is relevant."""
        if _RECORD in raw:
            self._read(raw, self._record)
        elif _TOOL in raw:
            self._tool_begins(raw)
        elif _TOOL_ENDS in raw:
            # The result of a tool may be long: it is decoded only if the tool moves HEAD.
            if self.state.place.moving:
                self._read(raw, self._tool_ends)
        elif any(word in raw for word in _PLACES):
            self._read(raw, self._place)
        elif _SHUTDOWN in raw:
            self._read(raw, self._shutdown)
        elif _MESSAGE in raw and b'"outputTokens"' in raw:
            self._read(raw, self._message)
        elif is_broken(raw):
            self._salvager.take(raw, self.take, self._damaged)

    def leave_to_store(self) -> None:
        """Remove messages of requests that are in the store with all of their counts."""
        state = self.state
        # Mostly there is nothing to remove, and the store need not be opened.
        if not state.leg.messages and not any(one.lower_bound for one in self.usage):
            return
        first_ms = first_row_ms(self._path, self._name)
        if first_ms:
            gone = state.leg.drop_since(first_ms)
            told = {one.key for one in self.usage}
            self.usage = [one for one in self.usage if one.key not in gone]
            self.retracted += [key for key in gone if key not in told]

    def _read(self, raw: bytes, take: "Callable[[_Event, _Data], None]") -> None:
        event = as_told(_event, _Event, raw)
        data = None if event is None else as_told(_data, _Data, bytes(event.data), COUNTS)
        if event is None or data is None:
            self._salvager.take(raw, self.take, self._damaged)
        else:
            take(event, data)

    def _damaged(self, raw: bytes) -> None:
        """Count damaged text that may have contained a request or its place, unless it shows another kind."""
        if any(word in raw for word in _TOLD) or first_kinds(raw)[0] in (None, *_KINDS):
            self._skip("damaged record")

    def _place(self, event: _Event, data: _Data) -> None:
        context = data.context
        if event.type == "session.context_changed":
            context = as_told(_context, Context, bytes(event.data))
        time_ms = milliseconds(event.timestamp)
        if context is not None and time_ms:
            self.state.place.change(context, time_ms)

    def _record(self, event: _Event, data: _Data) -> None:
        self.state.has_records = True
        request, time_ms = data.usage or Request(), milliseconds(event.timestamp)
        if data.usage is not None and request.has_no_counts:
            return
        try:
            counts = request.counts()
        except ValueError:
            self._skip(_IMPOSSIBLE)
            return
        tokens = counts.tokens()
        if tokens is None or not time_ms:
            self._skip(_IMPOSSIBLE)
            return
        session = (request.accounting and request.accounting.session) or self._name
        model = request.model or ""
        usage = Usage(
            NAME,
            key_of(session, model, counts, request.duration, request.time_to_first_token_ms, time_ms),
            time_ms,
            model,
            tokens,
            self._name,
            provider="" if request.is_byok else HOSTED,
            # A fork copies records, and these name the session that made the request.
            copy_rank=0 if session == self._name else 2,
            reported_cost=reported_cost(request.copilot_usage and request.copilot_usage.nano_credits),
            subagent=bool(event.agent) or request.interaction_type == "conversation-subagent",
        )
        self.usage.append(self.state.place.of(usage))

    def _message(self, event: _Event, data: _Data) -> None:
        """Process a message of an earlier version, which has only the output."""
        name, time_ms = data.call or data.message, milliseconds(event.timestamp)
        if self.state.has_records or not name:
            return
        output = whole(data.output)
        if output is None:
            self._skip(_IMPOSSIBLE)
            return
        message = self._at(name, time_ms, data.model or "", output)
        usage = message.usage(self._name)
        if usage is None or not time_ms:
            self._skip(_IMPOSSIBLE)
            return
        self.state.leg.add(message)
        self.usage.append(usage)

    def _at(self, name: str, time_ms: int, model: str = "", output: int = 0) -> Message:
        told = self.state.place.of(Usage(NAME, f"copilot:{self._name}:{name}", time_ms, model, NO_TOKENS))
        return Message(told.key, time_ms, model, output, told.cwd, told.branch, told.branch_stale, told.moves_head)

    def _shutdown(self, event: _Event, data: _Data) -> None:
        metrics: list[ModelMetric] = []
        for model, metric in (data.metrics or {}).items():
            try:
                metrics.append(ModelMetric(model, (metric.usage or Request()).counts()))
            except ValueError:
                self._skip(_IMPOSSIBLE)
        leg, time_ms = self.state.leg, milliseconds(event.timestamp)
        first_ms = 0 if self.state.has_records else first_row_ms(self._path, self._name)
        if self.state.has_records or (first_ms and first_ms <= time_ms):
            self.leave_to_store()
            leg.pass_over(metrics)
        elif time_ms:
            self.usage += leg.finish(self._name, self._at(event.id or str(time_ms), time_ms), metrics)

    def _tool_begins(self, raw: bytes) -> None:
        moves = moves_of_head(raw, 0, min(len(raw), _LONGEST_COMMAND))
        if moves:
            self._read(raw, lambda event, data: self._begin_moves(event, data, moves))

    def _begin_moves(self, event: _Event, data: _Data, moves: int) -> None:
        self.state.place.begin_moves(data.tool_call or "", moves)
        mark_moved(self.usage, milliseconds(event.timestamp), moves)

    def _tool_ends(self, event: _Event, data: _Data) -> None:
        self.state.place.end_moves(data.tool_call or "", milliseconds(event.timestamp))

    def _skip(self, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1
