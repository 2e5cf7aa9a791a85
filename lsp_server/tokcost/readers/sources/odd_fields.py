"""Records with single fields of an unusual type.

Newer versions, gateways and other front ends sometimes write a field in their own format. Everything that does not
depend on that field is still valid. Nothing here is fast: it is used only if decoding a record as a whole has failed.
"""

from collections.abc import Callable, Container
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import inspect

from tokcost.readers.sources.records import decoded

_Record = TypeVar("_Record", bound=msgspec.Struct)

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_number = msgspec.json.Decoder(float)

_DAMAGED = object()
_ODD = object()

# In seconds this is the year 5138, in milliseconds March 1973.
_MILLISECONDS = 10**11
"""A time with a number this large is in milliseconds, not seconds."""


def without_odd_fields(
    shape: type[_Record], raw: bytes, needed: Container[str] = (), names: Container[str] = ()
) -> _Record | None:
    """The record in a JSON object, without fields whose type differs from `shape`, at any depth.

    An integer may be written as a float or a text. A `needed` field must have its own type or be null, and a field in
    `names` may be a number, which becomes a text. `None` if there is no object, if a needed field has another type, and
    if a field of the right type has a value out of bounds: such a record is damaged.
    """
    values = decoded(_fields, raw)
    if values is None:
        return None
    found: dict[str, Any] = {}
    for field in _fields_of(shape):
        written = bytes(values.get(field.key, b"null"))
        if written in (b"null", b""):
            continue
        value = _read(field, written, needed, names)
        if value is _DAMAGED or (value is _ODD and field.key in needed):
            return None
        if value is not _ODD:
            found[field.name] = value
    return shape(**found)


def as_told(
    decoder: "msgspec.json.Decoder[_Record]", shape: type[_Record], raw: bytes, needed: Container[str] = ()
) -> _Record | None:
    """The record in a line, without fields of an unusual type; `None` if it is damaged."""
    return decoded(decoder, raw) or without_odd_fields(shape, raw, needed)


def items_of(raw: bytes) -> list[bytes]:
    """The elements of a JSON list as bytes; empty if it is no list."""
    return [bytes(item) for item in decoded(_items, raw) or ()]


class _Field(NamedTuple):
    name: str
    """In the struct."""
    key: str
    """In the log."""
    decode: Callable[[bytes], Any]
    """The value, or `None` if it does not fit."""
    begins: str
    """The characters with which a value of the right type begins; empty if any can."""
    type: inspect.Type


_BEGINNINGS: dict[type[inspect.Type], str] = {
    inspect.StrType: '"',
    inspect.DateTimeType: '"',
    inspect.IntType: "-0123456789",
    inspect.BoolType: "tf",
    inspect.StructType: "{",
    inspect.DictType: "{",
    inspect.ListType: "[",
}


# Making the decoders of a shape takes some 30 times as long as reading a record with them.
@lru_cache(maxsize=64)
def _fields_of(shape: type[msgspec.Struct]) -> tuple[_Field, ...]:
    found: list[_Field] = []
    for field in msgspec.structs.fields(shape):
        kind = _plain(inspect.type_info(field.type))
        decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(field.type, strict=not _is_lax(kind))
        decode = _decode_with(decoder)
        found.append(_Field(field.name, field.encode_name, decode, _BEGINNINGS.get(type(kind), ""), kind))
    return tuple(found)


def _decode_with(decoder: "msgspec.json.Decoder[Any]") -> Callable[[bytes], Any]:
    return lambda raw: decoded(decoder, raw)


def _plain(kind: inspect.Type) -> inspect.Type:
    """A type without its `None` and without annotations."""
    if isinstance(kind, inspect.Metadata):
        return _plain(kind.type)
    if isinstance(kind, inspect.UnionType):
        kinds = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        return _plain(kinds[0]) if len(kinds) == 1 else kind
    return kind


def _is_lax(kind: inspect.Type) -> bool:
    """Whether an equivalent float or text is accepted."""
    return isinstance(kind, inspect.IntType | inspect.BoolType)


def _read(field: _Field, written: bytes, needed: Container[str], names: Container[str]) -> Any:
    value = field.decode(written)
    if value is not None:
        return value
    first = chr(written[0])
    if isinstance(field.type, inspect.StructType) and first == "{":
        inner = without_odd_fields(field.type.cls, written, needed, names)
        return _DAMAGED if inner is None else inner
    if field.key in names and isinstance(field.type, inspect.StrType) and first in "-0123456789":
        return written.decode("ascii")
    if isinstance(field.type, inspect.DateTimeType) and first in "0123456789":
        return _moment(written)
    if isinstance(field.type, inspect.IntType) and decoded(_number, written) is not None and not _is_whole(written):
        return _ODD
    # A value that begins like its type and is refused is out of bounds, for example a name that is too long.
    return _DAMAGED if field.begins and first in field.begins else _ODD


def _is_whole(written: bytes) -> bool:
    value = decoded(_number, written)
    return value is not None and value.is_integer()


def _moment(written: bytes) -> Any:
    number = decoded(_number, written)
    try:
        return (
            _ODD
            if number is None
            else datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS else number, UTC)
        )
    except (ValueError, OverflowError, OSError):
        return _DAMAGED
