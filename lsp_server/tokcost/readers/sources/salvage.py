"""Finds the complete records in a line that is not exactly one record.

A crash leaves runs of NUL bytes in a log, or truncates a record, and the next one follows without a line end; two
processes that append at once write one record into another. A complete record is found anywhere in its line: its braces
match, whatever surrounds it. Quotes inside texts are escaped, so a text cannot look like a record. The braces of a line
are matched twice, because a record that was truncated inside a text swaps texts and structure of everything after it.
Both take time proportional to the line, whatever it contains.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from tokcost.model.whole_characters import with_whole_characters
from tokcost.readers.sources.new_lines import BLANK, PADDING, NewLines

_BEGIN, _END = b'{"', b"}"
_QUOTE, _OPEN, _CLOSE = b'"{}'
_BEFORE_A_PART, _BEHIND_A_PART = b":,[", b",}]"
_NEAR = 16
"""The maximum white space between a part of a record and its neighbours."""

# Possessive, so that they take linear time and no memory. A backslash escapes nothing but a quote and itself: where a
# record was cut off behind one, the brace of the next record must not be lost.
_TOKEN = re.compile(rb'\\["\\]|[{}]|"(?:[^"\\]++|\\["\\]?+)*+(?:"|\Z)')
_TO_FIRST_QUOTE = re.compile(rb'(?:[^"\\]++|\\["\\]?+)*+"')

_MOST_TOKENS = 1_000_000
"""Texts and braces of a line that are examined: no line written by an assistant has that many."""
_MOST_TRIED = 8
"""The number of times that the length of a line may be read to find out which of its parts are records."""

_SHORT = 256
_TINY = 64
"""Bytes of a line, and of the records in it, that hardly contain usage, which takes a name, a time and counts."""
# A search takes about 13 µs, which is minutes for 300 MB of lines of 20 bytes.
_MOST_FRUITLESS = 2_000
"""The number of broken lines without a longer record that are searched in one portion of a log."""


class _Anything(msgspec.Struct, gc=False):
    """Any JSON object: its grammar is checked, and nothing of it is kept."""


_anything = msgspec.json.Decoder(_Anything)


class BrokenLine(Exception):
    """A line is not exactly one record: its block must be repaired first."""


class SalvagedLine(NamedTuple):
    """The contents of a line that is not exactly one record."""

    records: list[bytes]
    """Its complete records, in the order of their beginnings."""
    lost: list[bytes]
    """Every piece that belongs to none of them: remains of truncated records."""
    end: int
    """The position after the last complete record and its padding; 0 if there is none."""


def salvage(line: bytes, *, ended: bool = True) -> SalvagedLine:
    """The complete records in a line; `ended` is false for a last line that is still being written, in which an
    object may turn out to be part of a surrounding record."""
    if is_record(line):
        return SalvagedLine([line], [], len(line))
    spans = list(_whole_spans(line, ended=ended)) if _BEGIN in line and _END in line else []
    if not spans:
        return SalvagedLine([], [line] if line.strip(BLANK) else [], 0)
    pieces = _without(line, spans)
    # An interrupted record ends behind the ones that were written into it.
    if pieces[-1].strip(PADDING):
        around = _interrupted(line, spans)
        if around is not None:
            return around
    end = len(line) - len(pieces[-1].lstrip(PADDING))
    return SalvagedLine([line[begin:end] for begin, end in spans], [one for one in pieces if one.strip(PADDING)], end)


def whole_rest(lines: NewLines) -> bytes:
    """The bytes of a last line without a line end up to its last complete record, which is then read; empty while
    the line is incomplete."""
    rest = lines.rest
    return lines.consume(salvage(rest, ended=False).end) if rest else b""


class Salvager:
    """The broken lines of one portion of a log.

    A line broken by a crash is as long as a record, or one of few. A log of nothing but short broken lines has
    millions: after some that contained next to nothing, further short ones are not searched any more, and count as
    damaged.
    """

    def __init__(self) -> None:
        self._patience = _MOST_FRUITLESS

    def take(self, raw: bytes, take: Callable[[bytes], object], damaged: Callable[[bytes], object]) -> None:
        """Process each complete record in a line that could not be decoded, and report the remains of incomplete
        ones."""
        records, lost = self._searched(raw)
        if records == [raw]:  # complete, but not written by any assistant
            damaged(raw)
            return
        for record in records:
            take(record)
        for fragment in lost:
            damaged(fragment)

    def mended(self, block: bytes, damaged: Callable[[bytes], object]) -> bytes:
        """The lines of a block, with the complete records of a broken line in its place, each on a separate line;
        `damaged` receives the remains of others."""
        lines: list[bytes] = []
        for line in block.split(b"\n"):
            records, lost = self._searched(line)
            lines += records
            for fragment in lost:
                damaged(fragment)
        return b"\n".join(lines)

    def _searched(self, line: bytes) -> tuple[list[bytes], list[bytes]]:
        """The complete records in a line, and each piece that belongs to none."""
        if self._patience <= 0 and len(line) < _SHORT and not is_record(line):
            return [], [line] if line.strip(BLANK) else []
        records, lost, _ = salvage(line)
        if lost and sum(map(len, records)) < _TINY:
            self._patience -= 1
        return records, lost


def _interrupted(line: bytes, spans: list[tuple[int, int]]) -> SalvagedLine | None:
    """The record into whose middle the others, or one of them, were written; `None` if there is none."""
    begin = line[: line.find(b":")]  # all records of a log begin alike
    likely = sorted(spans[:_MOST_INSERTED], key=lambda span: (not line.startswith(begin, span[0]), span[0] - span[1]))
    for others in (spans, *([span] for span in likely)):
        around = b"".join(_without(line, others)).strip(PADDING)
        if is_record(around):
            return SalvagedLine([around, *(line[begin:end] for begin, end in others)], [], len(line))
    return None


_MOST_INSERTED = 8
"""The number of records of a line that are tried as the inserted one."""


def _without(line: bytes, spans: Sequence[tuple[int, int]]) -> list[bytes]:
    """The pieces before, between and after the spans."""
    ends, begins = [0, *(end for _, end in spans)], [*(begin for begin, _ in spans), len(line)]
    return [line[end:begin] for end, begin in zip(ends, begins, strict=True)]


def _whole_spans(line: bytes, *, ended: bool) -> Iterator[tuple[int, int]]:
    """Start and end of each complete record, from left to right, without nesting."""
    inverted = _TO_FIRST_QUOTE.match(line)
    found = set(_matched(line, 0, ended=ended))
    if inverted:
        found.update(_matched(line, inverted.end(), ended=ended))
    behind, left = 0, _MOST_TRIED * len(line)
    # The longest part at each position comes first: shorter ones may be nested in it.
    for begin, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if begin < behind:
            continue
        left -= end - begin
        if left < 0:
            return
        if is_record(line[begin:end]):
            behind = end
            yield begin, end


def _matched(line: bytes, start: int, *, ended: bool) -> Iterator[tuple[int, int]]:
    """Start and end of every part with matching braces that may be a record, if `start` is outside a text."""
    opened: list[int] = []
    for token in islice(_TOKEN.finditer(line, start), _MOST_TOKENS):
        at = token.start()
        if line[at] == _OPEN:
            opened.append(at)
        elif line[at] == _CLOSE and opened:
            begin = opened.pop()
            # Skips `{}` and code in prose: no assistant writes an empty record, or white space before the first key.
            if line[begin + 1] == _QUOTE and not _is_part(line, begin, at + 1, ended=ended):
                yield begin, at + 1


def _is_part(line: bytes, begin: int, end: int, *, ended: bool) -> bool:
    """Whether an object is nested in another one: as a value, with more after it."""
    before = line[max(0, begin - _NEAR) : begin].rstrip()
    if not before or before[-1] not in _BEFORE_A_PART:
        return False
    behind = line[end : end + _NEAR].lstrip()
    return behind[0] in _BEHIND_A_PART if behind else not ended


def is_record(piece: bytes) -> bool:
    """Whether this is one JSON object, surrounded only by white space. What its ends show is not parsed: a log of
    broken lines has millions of them."""
    ends = piece.strip()
    if not (ends.startswith(b"{") and ends.endswith(_END)):
        return False
    try:
        _anything.decode(with_whole_characters(piece))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
