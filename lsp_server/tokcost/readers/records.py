"""Reading one JSON record out of many: tolerant of damage, quick about what does not matter."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

_Record = TypeVar("_Record")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class _Kind(msgspec.Struct, gc=False):
    type: Any = None


_kind = msgspec.json.Decoder(_Kind)


def decoded(decoder: "msgspec.json.Decoder[_Record]", raw: bytes) -> _Record | None:
    """The record in a line; bytes that are no UTF-8 inside its texts do not matter. `None` when it is damaged."""
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        return decoder.decode(raw.decode("utf-8", "replace").encode())
    except msgspec.DecodeError:
        return None


def kind_of(raw: bytes) -> str | None:
    """The `type` of a record; `None` when the line is no whole record or has none."""
    try:
        kind = _kind.decode(raw).type
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return kind if isinstance(kind, str) else None


def milliseconds(time: datetime | None) -> int:
    """Milliseconds since 1970-01-01 UTC; a time without zone is UTC, none at all is 0."""
    if time is None:
        return 0
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND
