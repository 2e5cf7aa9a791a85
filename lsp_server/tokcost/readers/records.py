"""Reading one JSON record out of many: tolerant of damage, quick about what does not matter."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from tokcost.readers.base import Checkpoint, LogFile
from tokcost.readers.jsonl import NewLines

_Record = TypeVar("_Record")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


MAX_RECORD = 8 << 20
"""Bytes of the longest line with usage: a response has at most some hundred thousand tokens."""


class _Kind(msgspec.Struct, gc=False):
    type: Any = None


_kind = msgspec.json.Decoder(_Kind)


def decoded(decoder: "msgspec.json.Decoder[_Record]", raw: bytes) -> _Record | None:
    """The record in a line; bytes that are no UTF-8 inside its texts do not matter. `None` when it is damaged, or so
    long or so deep that no assistant wrote it."""
    if len(raw) > MAX_RECORD:
        return None
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    except RecursionError:
        return None
    try:
        return decoder.decode(raw.decode("utf-8", "replace").encode())
    except (msgspec.DecodeError, RecursionError):
        return None


def going_on(
    file: LogFile, checkpoint: Checkpoint | None, decoder: "msgspec.json.Decoder[_Record]"
) -> tuple[NewLines, _Record | None]:
    """The lines behind a checkpoint and what it remembers of the file; all lines and `None` where that is nothing, or
    damaged. Raises `OSError` when the file cannot be read."""
    lines = NewLines(file, checkpoint)
    if checkpoint is None or lines.restarted or not checkpoint.state:
        return lines, None
    state = decoded(decoder, checkpoint.state)
    if state is None:
        lines = NewLines(file, None)
        lines.restarted = True
    return lines, state


def kind_of(raw: bytes) -> str | None:
    """The `type` of a record; `None` when the line is no whole record or has none."""
    try:
        kind = _kind.decode(raw).type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return kind if isinstance(kind, str) else None


def milliseconds(time: datetime | None) -> int:
    """Milliseconds since 1970-01-01 UTC; a time without zone is UTC, none at all is 0."""
    if time is None:
        return 0
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND
