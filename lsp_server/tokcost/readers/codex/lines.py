"""Formats of the lines of a Codex rollout, and parsing one.

A line is decoded strictly first. If that fails because a field has another type than usual, the fields of the right
type are used and the odd one counts as missing: newer versions and gateways write such lines.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import UnionType
from typing import Any, TypeVar, cast, get_args

import msgspec
from msgspec.structs import fields

from tokcost.model.bounds import unquoted, whole
from tokcost.model.usage import MAX_TOKENS, Tokens
from tokcost.readers.sources.records import KeptFolder, KeptName, Name, decoded

Counts = tuple[int, int, int, int, int]
"""Input (including cache reads and writes), cached, output, reasoning, cache writes."""

NO_COUNTS: Counts = (0, 0, 0, 0, 0)


def key_of(counts: Counts) -> tuple[int, int, int]:
    """The counts by which a response or a running total is recognised when it is repeated.

    Reasoning may be damaged in one of two equal lines; it is a part of output, so nothing differs in it alone. Earlier
    versions of tokcost did not remember cache writes.
    """
    return counts[:3]


def name_of(counts: Counts, before: Counts | None) -> str:
    """The name of a response that has no id: its counts, or those of the response before if they repeat it."""
    told = before if before is not None and key_of(before) == key_of(counts) else counts
    return ".".join(map(str, told))


_MODEL = re.compile(r"(?:^|[/.])(?:gpt-(\d+)(?:\.(\d+))?|codex-mini|o\d)")
_FIRST_WITH_WRITES = (5, 6)
"""GPT-5.6 is the first model for which OpenAI charges cache writes separately
(developers.openai.com/api/docs/pricing). For earlier models, such a token is normal input."""

_Shape = TypeVar("_Shape", bound=msgspec.Struct)


class Counters(msgspec.Struct, gc=False):
    """Counts as written by Codex; cached and written tokens are parts of the input, reasoning of the output."""

    input: int | None = msgspec.field(default=None, name="input_tokens")
    cached: int | None = msgspec.field(default=None, name="cached_input_tokens")
    output: int | None = msgspec.field(default=None, name="output_tokens")
    reasoning: int | None = msgspec.field(default=None, name="reasoning_output_tokens")
    written: int | None = msgspec.field(default=None, name="cache_write_input_tokens")

    def values(self) -> Counts | None:
        """The counts; `None` for impossible ones. Impossible reasoning, which is informative, is ignored."""
        output, reasoning = self.output or 0, self.reasoning or 0
        found = (self.input or 0, self.cached or 0, output, min(max(reasoning, 0), max(output, 0)), self.written or 0)
        # A running total may be larger than any response.
        return found if min(found) >= 0 and found[1] <= found[0] and max(found) < MAX_TOKENS * 1000 else None


class Info(msgspec.Struct, gc=False):
    """The two counts of a `token_count`; both are optional."""

    total: Counters | None = msgspec.field(default=None, name="total_token_usage")
    last: Counters | None = msgspec.field(default=None, name="last_token_usage")


class Git(msgspec.Struct, gc=False):
    """The repository at the start of a session."""

    branch: KeptFolder | None = None


class Settings(msgspec.Struct, gc=False):
    """Settings of a thread for later turns."""

    model: KeptName | None = None
    provider: KeptName | None = msgspec.field(default=None, name="model_provider_id")
    service_tier: KeptName | None = None
    cwd: KeptFolder | None = None


class Limits(msgspec.Struct, gc=False):
    """The rate limit to which the counter of a `token_count` belongs."""

    limit: KeptName | None = msgspec.field(default=None, name="limit_id")


class Payload(msgspec.Struct, gc=False):
    """The fields of all kinds of records about usage, its place or its model."""

    type: str | None = None
    id: KeptName | None = None
    timestamp: datetime | None = None
    cwd: KeptFolder | None = None
    model: KeptName | None = None
    provider: KeptName | None = msgspec.field(default=None, name="model_provider")
    git: Git | None = None
    turn: KeptName | None = msgspec.field(default=None, name="turn_id")
    forked_from: KeptName | None = msgspec.field(default=None, name="forked_from_id")
    parent_thread: KeptName | None = msgspec.field(default=None, name="parent_thread_id")
    source: Any = None
    """A word, or for an agent an object that names its parent."""
    thread_source: Any = None
    """Newer versions have `subagent` here too."""
    thread: Name | None = msgspec.field(default=None, name="thread_id")
    response: Name | None = msgspec.field(default=None, name="response_id")
    usage: Counters | None = None
    thread_usage: Counters | None = msgspec.field(default=None, name="thread_token_usage")
    info: Info | None = None
    limits: Limits | None = msgspec.field(default=None, name="rate_limits")
    settings: Settings | None = msgspec.field(default=None, name="thread_settings")

    @property
    def parent(self) -> str:
        """The thread from which this one was forked or spawned; empty if there is none."""
        return self.forked_from or self.parent_thread or _spawned_by(self.source)

    @property
    def is_subagent(self) -> bool:
        """Whether this thread is one of Codex's sub-agents: spawned by another, or a review. A fork made by a person
        is none."""
        source: Any = self.source
        is_told = isinstance(source, dict) and "subagent" in cast("dict[str, Any]", source)
        return is_told or self.thread_source == "subagent" or bool(self.parent_thread and not self.forked_from)


class Line(msgspec.Struct, gc=False):
    """A record in its envelope."""

    type: str | None = None
    timestamp: datetime | None = None
    payload: Payload | None = None


def tokens_of(counts: Counts, model: str) -> Tokens:
    """The counts in disjoint classes."""
    read, cached, output, reasoning, written = counts
    cached = min(cached, read)
    written = min(written, read - cached) if written > 0 and _charges_writes(model) else 0
    return Tokens(read - cached - written, cached, written, 0, output, max(min(reasoning, output), 0))


def _charges_writes(model: str) -> bool:
    """Whether cache writes have a price of their own; for an unknown model, the log decides."""
    found = _MODEL.search(model)
    if found is None:
        return True
    return found[1] is not None and (int(found[1]), int(found[2] or 0)) >= _FIRST_WITH_WRITES


_WANTED: Mapping[str, frozenset[str]] = {
    "session_meta": frozenset(
        ("id", "timestamp", "cwd", "provider", "git", "forked_from", "parent_thread", "source", "thread_source")
    ),
    "turn_context": frozenset(("turn", "model", "cwd")),
    "token_usage_record": frozenset(("turn", "thread", "response", "usage", "thread_usage")),
    "event_msg": frozenset(("type", "turn", "info", "limits", "settings")),
}
"""The relevant fields by kind of record; a payload may have any others."""

_HELPFUL = frozenset(("limits", "limit", "thread_usage", "source", "thread_source"))
"""Fields without which a record is equally informative in nearly every rollout: an odd one is not reported."""

_line = msgspec.json.Decoder(Line)
_object = msgspec.json.Decoder(dict[str, Any])


def read_line(raw: bytes) -> tuple[Line | None, bool]:
    """The record of a line, `None` if it is damaged; and whether a field had to be ignored."""
    line = decoded(_line, raw)
    if line is not None:
        return line, False
    found = decoded(_object, raw)
    return (None, False) if found is None else _without_odd_fields(found)


def _without_odd_fields(found: dict[str, Any]) -> tuple[Line | None, bool]:
    kind, payload = found.get("type"), found.get("payload")
    wanted = _WANTED.get(kind) if isinstance(kind, str) else None
    if wanted is None or not isinstance(payload, dict):
        return None, False
    lost: list[str] = []
    envelope = _of_right_type(Line, {"type": kind, "timestamp": found.get("timestamp")}, lost)
    envelope.payload = _of_right_type(Payload, cast("dict[str, Any]", payload), lost, wanted)
    return envelope, not _HELPFUL.issuperset(lost)


def _of_right_type(
    shape: type[_Shape], given: Mapping[str, Any], lost: list[str], wanted: frozenset[str] | None = None
) -> _Shape:
    """A struct with the fields of the right type; the names of the others are added to `lost`."""
    found: dict[str, Any] = {}
    for field in fields(shape):
        value = given.get(field.encode_name)
        if value is None or (wanted is not None and field.name not in wanted):
            continue
        # Some servers number their responses.
        if field.name == "response" and isinstance(value, int):
            value = str(value)
        try:
            found[field.name] = _converted(field.type, value, lost)
        except ValueError:
            lost.append(field.name)
    return shape(**found)


def _converted(kind: Any, value: Any, lost: list[str]) -> Any:
    """The value converted to a field's type. Raises `ValueError` (`msgspec.ValidationError` is one)."""
    inner = next((one for one in get_args(kind) if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)
    if inner is Counters:
        return _counters(value)
    if inner is not None and isinstance(kind, UnionType) and isinstance(value, dict):
        return _of_right_type(inner, cast("dict[str, Any]", value), lost)
    return msgspec.convert(value, kind)


def _counters(value: Any) -> Counters:
    """Counts that are integers in any notation (`10`, `10.0`, `"10"`). All except reasoning, which is informative, are
    required."""
    if not isinstance(value, dict):
        raise ValueError("counts are not an object")
    given = cast("dict[str, Any]", value)
    found = {field.name: given.get(field.encode_name) for field in fields(Counters)}
    counts = {name: whole(unquoted(count)) for name, count in found.items()}
    if any(count is None and name != "reasoning" for name, count in counts.items()):
        raise ValueError("not a whole number")
    return Counters(**counts)


def _spawned_by(source: Any) -> str:
    """The parent in `{"subagent": {"thread_spawn": {"parent_thread_id": …}}}`."""
    for name in ("subagent", "thread_spawn", "parent_thread_id"):
        source = cast("dict[str, Any]", source).get(name) if isinstance(source, dict) else None
    return source if isinstance(source, str) and 0 < len(source) <= 64 and "\0" not in source else ""
