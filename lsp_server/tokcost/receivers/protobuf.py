"""OTLP requests in protobuf, with the messages of the package `opentelemetry-proto`: the extra `tokcost[otlp]`.

A request is converted to its JSON mapping, so that the choice of kept fields is made in one place.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from tokcost.receivers.otlp import Signal

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

MOST_MESSAGES = 300_000
"""In a request, at all levels: records, attributes, values. Requests of assistants have at most one per 18 bytes,
and a decoded one takes two hundred bytes."""


def is_available() -> bool:
    """Whether the extra is installed."""
    from importlib.util import find_spec

    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.proto") is not None


def as_json(signal: Signal, body: bytes) -> bytes:
    """The JSON of a request in protobuf. Metrics are not read. Raises `ValueError` if it is no such request, or has
    more messages than an exporter sends."""
    from google.protobuf.json_format import MessageToJson
    from google.protobuf.message import DecodeError

    if signal == "logs":
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest as Request
    elif signal == "traces":
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest as Request
    else:
        return b"{}"
    # Counted in the wire format, which takes 0.1 s at most: decoded, 4 MiB of empty messages took up to 433 MB.
    for number, _ in enumerate(_messages(body, Request.DESCRIPTOR), 1):
        if number > MOST_MESSAGES:
            raise ValueError(f"more than {MOST_MESSAGES:,} messages")
    try:
        message = Request.FromString(body)
    except DecodeError as error:
        raise ValueError("not an OTLP request in protobuf") from error
    return MessageToJson(message, indent=None).encode()


def _messages(body: bytes, of: "Descriptor") -> "Iterator[Descriptor]":
    """The messages within a message, found in the wire format (https://protobuf.dev/programming-guides/encoding/)
    before any is decoded. Ends at invalid data, which the decoder then refuses."""
    # A stack and not recursion, because the sender chooses the depth.
    within = [(len(body), _parts(of))]
    at = 0
    try:
        while within:
            end, parts = within[-1]
            if at >= end:
                within.pop()
                continue
            key, at = _varint(body, at)
            number, kind = (key & _KEY_BITS) >> 3, key & 7
            size, at = _size(kind, body, at)
            part = parts.get(number) if kind == _LENGTH else None
            if part is None:
                at += size
            else:
                yield part
                # An end behind that of the surrounding message is left to the decoder, which refuses it.
                within.append((at + size, _parts(part)))
    except (IndexError, ValueError):
        return


_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5
_SIZES: Mapping[int, int] = {_EIGHT: 8, _FOUR: 4, 3: 0, 4: 0}
"""Sizes of values by wire type. Values between the start (3) and the end (4) of a group count as if there was no
group: OTLP has none, and a decoder skips them."""
_MOST_VARINT = 10
"""Bytes of a 64-bit varint."""
_KEY_BITS = 0xFFFFFFFF
"""Some decoders ignore the higher bits of a tag."""


@cache
def _parts(of: "Descriptor") -> "Mapping[int, Descriptor]":
    """The messages that a message can contain, by field number."""
    fields = of.fields_by_number.items()
    return {number: field.message_type for number, field in fields if field.message_type is not None}


def _size(kind: int, body: bytes, at: int) -> tuple[int, int]:
    """The length of a field's value, and its start. Raises `ValueError` for an invalid wire type, and `IndexError`
    at the end of the body."""
    if kind == _VARINT:
        return 0, _varint(body, at)[1]
    if kind == _LENGTH:
        return _varint(body, at)
    if kind in _SIZES:
        return _SIZES[kind], at
    raise ValueError("an unknown kind of value")


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """A number, and the position after it. Raises `ValueError` if it does not end, and `IndexError` at the end of
    the body."""
    value = 0
    for place in range(_MOST_VARINT):
        byte = body[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number that does not end")
