"""Reading one JSON record out of many: tolerant of damage, quick about what does not matter."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Usage
from tokcost.readers.sources import jsonl
from tokcost.readers.sources.jsonl import NewLines

_Record = TypeVar("_Record")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


MAX_RECORD = 8 << 20
"""Bytes of the longest line with usage: a response has at most some hundred thousand tokens."""


class _Kind(msgspec.Struct, gc=False):
    type: Any = None


_kind = msgspec.json.Decoder(_Kind)


def decoded(decoder: "msgspec.json.Decoder[_Record]", raw: bytes, longest: int = MAX_RECORD) -> _Record | None:
    """The record in a line; bytes that are no UTF-8 inside its texts do not matter. `None` when it is damaged, or so
    long or so deep that no assistant wrote it."""
    if len(raw) > longest:
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
    source: Source, cursor: bytes | None, decoder: "msgspec.json.Decoder[_Record]"
) -> tuple[NewLines, _Record | None]:
    """The lines behind a cursor and what it remembers of the file; all lines and `None` where that is nothing, or
    damaged. Raises `OSError` when the file cannot be read."""
    lines = NewLines(source, cursor)
    if not lines.state:
        return lines, None
    state = decoded(decoder, lines.state)
    if state is None:
        lines = NewLines(source, None)
        lines.restarted = True
    return lines, state


class Lines:
    """The usage that the new lines of a file tell, record by record, for `JsonlReader`."""

    def __init__(
        self,
        source: Source,
        cursor: bytes | None,
        words: tuple[bytes, ...],
        usage: Callable[[dict[str, Any], dict[str, Any]], Usage | None],
    ) -> None:
        self._lines, session = going_on(source, cursor, _memory)
        self._words, self._usage = words, usage
        self._session: dict[str, Any] = {} if session is None else session
        self._found: list[Usage] = []
        self._skipped: dict[str, int] = {}

    def batch(self) -> Batch:
        """Read them. Raises `OSError`."""
        lines = self._lines
        for block in lines:
            for raw in block.split(b"\n"):
                self._take(raw)
            if len(self._found) >= jsonl.MAX_RECORDS:
                lines.stop()
        state = msgspec.json.encode(self._session)
        if lines.rest.rstrip().endswith(b"}"):
            self._take(lines.rest)  # a last line without its end: it is read again with it, and counts once by its key
        if lines.too_long:
            self._skipped["line too long to be read"] = len(lines.too_long)
        return Batch(
            lines.cursor(state),
            self._found,
            skipped=self._skipped,
            restarted=lines.restarted,
            more=lines.more,
            position=lines.offset,
        )

    def _take(self, raw: bytes) -> None:
        if not raw.strip() or not any(word in raw for word in self._words):
            return
        try:
            record = decoded(_memory, raw)
            usage = None if record is None else self._usage(record, self._session)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            record = usage = None
        if record is None:
            self._skipped["damaged record"] = self._skipped.get("damaged record", 0) + 1
        elif usage is not None:
            self._found.append(usage)


_memory = msgspec.json.Decoder(dict[str, Any])


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
