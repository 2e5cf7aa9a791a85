"""Parsing one JSON record out of many: tolerant of damage, and fast about irrelevant parts."""

import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Any, TypeVar

import msgspec

from tokcost.model.bounds import MAX_NAME, MAX_PATH, MAX_STATE
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Usage
from tokcost.model.whole_characters import with_whole_characters
from tokcost.readers.sources import new_lines
from tokcost.readers.sources.new_lines import PADDING, TAIL, NewLines, is_broken
from tokcost.readers.sources.salvage import Salvager, whole_rest

_Record = TypeVar("_Record")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


MAX_RECORD = 8 << 20
"""Bytes of the longest line with usage: a response has at most a few hundred thousand tokens."""

Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
"""A text within the bounds for readers. A record with a longer one is damaged."""
Folder = Annotated[str, msgspec.Meta(max_length=MAX_PATH)]
"""A folder or a branch within those bounds."""

_NO_NUL = r"\A[^\0]*\Z"
KeptName = Annotated[str, msgspec.Meta(max_length=MAX_NAME, pattern=_NO_NUL)]
"""A text that a reader remembers: out of bounds, it would make all following records damaged."""
KeptFolder = Annotated[str, msgspec.Meta(max_length=MAX_PATH, pattern=_NO_NUL)]
"""A folder or a branch that a reader remembers."""

LONGEST_NAME = 12 * MAX_NAME + 2
"""Bytes of a name in JSON: a character takes at most two escapes of 6. A longer one is not worth building."""

_DENSEST = 32
"""The minimum average number of bytes per value in a record of maximum length. In memory, small values take fifty
times their bytes."""
_FEW = 2 * (MAX_RECORD // _DENSEST)
"""Bytes: a shorter record cannot have more values than that."""
_TO_COMMA = re.compile(rb'(?:[^",]++|"(?:[^"\\]++|\\.)*+"?+)*+(?:,|\Z)', re.DOTALL)
"""Up to the next comma outside a text. Possessive, so that it takes linear time and no memory."""
_PIECE = 1 << 20


class _Kind(msgspec.Struct, gc=False):
    type: msgspec.Raw = msgspec.Raw()


_kind = msgspec.json.Decoder(_Kind)
_name = msgspec.json.Decoder(Name)


def decoded(decoder: "msgspec.json.Decoder[_Record]", raw: bytes, longest: int = MAX_RECORD) -> _Record | None:
    """The record in a line; bytes that are no UTF-8 and lone surrogates inside its texts do not matter, nor does
    padding around it. `None` if it is damaged, or so long, so deep or with so many values that no assistant wrote
    it."""
    if len(raw) > longest or (len(raw) > _FEW and _has_more_values(raw, longest // _DENSEST)):
        return None
    try:
        return decoder.decode(raw)
    # A subclass of `DecodeError`, so it comes first: the JSON is sound, and mending its bytes would not help.
    except (msgspec.ValidationError, RecursionError):
        return None
    except (msgspec.DecodeError, UnicodeDecodeError):
        bare = with_whole_characters(raw.strip(PADDING))
        if bare == raw and raw.isascii():  # sound bytes, but no JSON
            return None
        mended = bare if bare.isascii() else _mended(bare, longest)
    try:
        return None if mended is None else decoder.decode(mended)
    except (msgspec.DecodeError, RecursionError):
        return None


def _has_more_values(raw: bytes, most: int) -> bool:
    """Whether a JSON text has more values than `most`, determined from commas without building them. Most texts do
    not even have that many commas when those of prose are included."""
    return raw.count(b",") > most and next(islice(_TO_COMMA.finditer(raw), most + 1, None), None) is not None


def _mended(raw: bytes | bytearray, longest: int) -> bytearray | None:
    """The text with U+FFFD for bytes that are no UTF-8; `None` if that is longer than `longest`. Processed piece by
    piece: as one text it could take four times its bytes."""
    mended, decoder = bytearray(), getincrementaldecoder("utf-8")("replace")
    for begin in range(0, len(raw), _PIECE):
        end = begin + _PIECE
        mended += decoder.decode(raw[begin:end], final=end >= len(raw)).encode()
        if len(mended) > longest:
            return None
    return mended


def going_on(
    source: Source, cursor: bytes | None, decoder: "msgspec.json.Decoder[_Record]"
) -> tuple[NewLines, _Record | None]:
    """The lines after a cursor, with the remembered state of the file; all lines and `None` if there is none, or it
    is damaged. Raises `OSError` if the file cannot be read."""
    lines = NewLines(source, cursor)
    if not lines.state:
        return lines, None
    state = decoded(decoder, lines.state)
    if state is None:
        lines = NewLines(source, None)
        lines.restarted = True
    return lines, state


class Lines:
    """The usage in the new lines of a file, record by record, for `JsonlReader`."""

    def __init__(
        self,
        source: Source,
        cursor: bytes | None,
        words: tuple[bytes, ...],
        usages: Callable[[dict[str, Any], dict[str, Any]], Iterable[Usage]],
    ) -> None:
        self._lines, session = going_on(source, cursor, _memory)
        self._words, self._usages = words, usages
        self._session: dict[str, Any] = {} if session is None else session
        self._found: list[Usage] = []
        self._skipped: dict[str, int] = {}
        self._salvager = Salvager()

    def batch(self) -> Batch:
        """Read the lines. Raises `OSError`."""
        lines = self._lines
        for block in lines:
            for raw in block.split(b"\n"):
                self._take(raw)
            if len(self._found) >= new_lines.MAX_RECORDS:
                lines.stop()
        self._take(whole_rest(lines))
        state = msgspec.json.encode(self._session)
        # The import would refuse the cursor, and with it everything in this batch.
        if len(state) + TAIL > MAX_STATE:
            state = msgspec.json.encode({})
            self._skip("a cursor larger than allowed")
        return lines.batch(state, self._found, self._skipped)

    def _take(self, raw: bytes) -> None:
        if not any(word in raw for word in self._words):
            if is_broken(raw):
                self._salvager.take(raw, self._take, self._damaged)
            return
        record = decoded(_memory, raw)
        if record is not None:
            self._record(record)
        elif raw.strip():
            self._salvager.take(raw, self._take, self._damaged)

    def _record(self, record: dict[str, Any]) -> None:
        try:
            found = list(map(_with_texts, self._usages(record, self._session)))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
            self._skip("damaged record")
            return
        self._found.extend(found)

    def _damaged(self, _raw: bytes) -> None:
        self._skip("damaged record")

    def _skip(self, reason: str) -> None:
        self._skipped[reason] = self._skipped.get(reason, 0) + 1


_memory = msgspec.json.Decoder(dict[str, Any])


def _with_texts(usage: Usage) -> Usage:
    """The usage without words that are no texts: records are decoded without types, and no count depends on these."""
    model, cwd, branch, provider = usage.model, usage.cwd, usage.branch, usage.provider
    if _is_text(model) and _is_text(cwd) and _is_text(branch) and _is_text(provider):
        return usage
    model, cwd, branch, provider = (word if _is_text(word) else "" for word in (model, cwd, branch, provider))
    return usage._replace(model=model, cwd=cwd, branch=branch, provider=provider)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def kind_of(raw: bytes) -> str | None:
    """The `type` of a record; `None` if the line is no complete record or has none."""
    try:
        written = _kind.decode(raw).type
        return _name.decode(written) if 0 < len(written) <= LONGEST_NAME else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def first_kinds(fragment: bytes) -> tuple[str | None, str | None]:
    """The first and the second `type` that is legible in the rest of a record, at any depth."""
    found = [match[1].decode("utf-8", "replace") for match in islice(_LEGIBLE.finditer(fragment), 2)]
    first, second, *_ = *found, None, None
    return first, second


_LEGIBLE = re.compile(rb'"type"\s*+:\s*+"([^"\0]{1,40})"')


def milliseconds(time: datetime | None) -> int:
    """Milliseconds since 1970-01-01 UTC; a time without a zone is UTC, a missing one is 0."""
    if time is None:
        return 0
    # In integers: `timestamp()` is a float, which can come out a millisecond lower.
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND
