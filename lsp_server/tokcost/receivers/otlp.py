"""Requests of the OpenTelemetry protocol (OTLP/HTTP) as events: names, times and unexamined attributes.

https://opentelemetry.io/docs/specs/otlp/ and the JSON mapping of its messages. Attribute values stay undecoded until
one is requested by name, so that a prompt or a reply never becomes a value of ours.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from tokcost.model.whole_characters import with_whole_characters

Signal = Literal["logs", "metrics", "traces"]

SIGNALS: Mapping[str, Signal] = {"/v1/logs": "logs", "/v1/metrics": "metrics", "/v1/traces": "traces"}
"""The paths to which exporters send requests."""

MOST_RECORDS = 50_000
"""In a request, including the surrounding groups. A record of an assistant takes more than 100 bytes of the 4 MiB
that a request may have: more records contain no information, and delay other requests."""

_NULL = msgspec.Raw(b"null")


# Thousands are made for a request, and none can be part of a cycle, so the garbage collector need not know them.
class _Attribute(msgspec.Struct, gc=False):
    key: str = ""
    value: msgspec.Raw = _NULL


_Attributes = list[_Attribute] | None


class _Item(msgspec.Struct, gc=False, rename="camel"):
    """A log record or a span."""

    time_unix_nano: msgspec.Raw = _NULL
    observed_time_unix_nano: msgspec.Raw = _NULL
    end_time_unix_nano: msgspec.Raw = _NULL
    span_id: msgspec.Raw = _NULL
    body: msgspec.Raw = _NULL
    attributes: _Attributes = None


class _Scope(msgspec.Struct, gc=False, rename="camel"):
    log_records: list[_Item] | None = None
    spans: list[_Item] | None = None


class _Resource(msgspec.Struct, gc=False):
    attributes: _Attributes = None


class _Part(msgspec.Struct, gc=False, rename="camel"):
    """The records of one resource, that is, of one process."""

    resource: _Resource | None = None
    scope_logs: list[_Scope] | None = None
    scope_spans: list[_Scope] | None = None


class _Request(msgspec.Struct, gc=False, rename="camel"):
    resource_logs: list[_Part] | None = None
    resource_spans: list[_Part] | None = None


class _Value(msgspec.Struct, gc=False, rename="camel"):
    """The supported kinds of `AnyValue`; 64-bit integers are strings in JSON."""

    string_value: str | None = None
    int_value: int | str | None = None
    double_value: float | None = None


_request = msgspec.json.Decoder(_Request)
_value = msgspec.json.Decoder(_Value)
_number = msgspec.json.Decoder(int | str | None)


class Attributes:
    """The attributes of an event, decoded one by one on request."""

    def __init__(self, given: _Attributes) -> None:
        self._raw = {one.key: one.value for one in given or ()}

    def get(self, name: str) -> str | int | float | None:
        """The value of an attribute; `None` if it is missing, or neither text nor a number."""
        return _decoded(self._raw[name]) if name in self._raw else None

    def text(self, name: str) -> str:
        """The text of an attribute; empty if there is none."""
        found = self.get(name)
        return found if isinstance(found, str) else ""

    def __contains__(self, name: str) -> bool:
        return name in self._raw


class Event(NamedTuple):
    """A log record or a span of a program."""

    is_span: bool
    service: str
    """`service.name` of the process that sent it."""
    body: str
    """The text of a log record, to be compared with known names only."""
    time_ns: int
    """Nanoseconds since 1970-01-01 UTC: the record's time, else its observation time; for a span, its end."""
    span_id: str
    attributes: Attributes


def events(signal: Signal, body: bytes) -> Iterator[Event]:
    """The events of a request in JSON. Metrics contain none. Raises `ValueError` if it is no such request, is nested
    too deeply, or has more records than an exporter sends."""
    if signal == "metrics":
        return
    try:
        # JavaScript can cut a text within a character, and the decoder would refuse the whole request for the half that
        # is left.
        request = _request.decode(with_whole_characters(body))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError("not an OTLP request in JSON") from error
    is_logs = signal == "logs"
    parts = (request.resource_logs if is_logs else request.resource_spans) or ()
    # Empty groups count as well: 4 MiB can hold a million of them, which kept exporters waiting for 20 seconds.
    found = _few(len(parts))
    for part in parts:
        service = Attributes(part.resource.attributes if part.resource else None).text("service.name")
        scopes = (part.scope_logs if is_logs else part.scope_spans) or ()
        found = _few(found + len(scopes))
        for scope in scopes:
            items = (scope.log_records if is_logs else scope.spans) or ()
            found = _few(found + len(items))
            for item in items:
                yield _event(item, service, is_span=not is_logs)


def _few(found: int) -> int:
    if found > MOST_RECORDS:
        raise ValueError(f"more than {MOST_RECORDS:,} records")
    return found


def _event(item: _Item, service: str, *, is_span: bool) -> Event:
    times = (item.end_time_unix_nano,) if is_span else (item.time_unix_nano, item.observed_time_unix_nano)
    time_ns = next((found for found in map(_nanoseconds, times) if found), 0)
    body, span = _decoded(item.body), _decoded_text(item.span_id)
    return Event(is_span, service, body if isinstance(body, str) else "", time_ns, span, Attributes(item.attributes))


def _decoded(raw: msgspec.Raw) -> str | int | float | None:
    try:
        value = _value.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if value.string_value is not None:
        return value.string_value
    # protobuf's JSON mapping writes 64-bit integers as text; Codex does so for some attributes, Claude Code sends
    # numbers.
    if isinstance(value.int_value, str):
        return _whole(value.int_value)
    return value.double_value if value.int_value is None else value.int_value


def _decoded_text(raw: msgspec.Raw) -> str:
    found = _tried(lambda: msgspec.json.decode(raw, type=str))
    return found if isinstance(found, str) else ""


def _nanoseconds(raw: msgspec.Raw) -> int:
    found = _tried(lambda: _number.decode(raw))
    whole = _whole(found) if isinstance(found, str) else found
    return whole if isinstance(whole, int) else 0


def _tried(decode: Callable[[], str | int | None]) -> str | int | None:
    try:
        return decode()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _whole(text: str) -> int | None:
    # `isdigit` alone accepts digits of other scripts.
    return int(text) if len(text) <= _MOST_DIGITS and text.isascii() and text.isdigit() else None


_MOST_DIGITS = 20
"""Of a 64-bit integer."""
