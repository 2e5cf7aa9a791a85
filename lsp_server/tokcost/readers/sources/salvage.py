"""Finding the whole records in a line that is not one record.

A crash leaves runs of NUL bytes in a log, or cuts a record off, and the next one follows without a line end; two
processes that append at once write one record into another. A whole record is found wherever it stands in its line: its
braces match, whatever stands around it. Quotes inside of texts are escaped, so a text cannot look like a record.

The braces of a line are matched twice: a record that was cut off inside a text turns texts and structure of everything
behind it around. Both take time in proportion to the line, whatever it holds.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from tokcost.model.whole_characters import with_whole_characters
from tokcost.readers.sources.jsonl import BLANK, PADDING, NewLines

_BEGIN, _END = b'{"', b"}"
_QUOTE, _OPEN, _CLOSE = b'"{}'
_BEFORE_A_PART, _BEHIND_A_PART = b":,[", b",}]"
_NEAR = 16
"""The most white space between a part of a record and what is before and behind it."""

# Possessive, so that they take linear time and no memory. A backslash escapes nothing but a quote and itself: where a
# record was cut off behind one, the brace of the next record must not be lost.
_TOKEN = re.compile(rb'\\["\\]|[{}]|"(?:[^"\\]++|\\["\\]?+)*+(?:"|\Z)')
_TO_FIRST_QUOTE = re.compile(rb'(?:[^"\\]++|\\["\\]?+)*+"')

_MOST_TOKENS = 1_000_000
"""Texts and braces of a line that are looked at: no line that an assistant wrote has so many."""
_MOST_TRIED = 8
"""The number of times that the length of a line may be read to see which of its parts are records."""

_SHORT = 256
_TINY = 64
"""Bytes of a line, and of the records in it, that hardly tell of usage: it takes a name, a time and counts."""
_MOST_FRUITLESS = 2_000
"""The number of broken lines without a longer record that are searched in one portion of a log."""


class _Anything(msgspec.Struct, gc=False):
    """Any JSON object: its grammar is checked, and nothing of it is kept."""


_anything = msgspec.json.Decoder(_Anything)


class BrokenLine(Exception):
    """A line is not one record: the block that it stands in must be mended first."""


class Salvaged(NamedTuple):
    """The contents of a line that is not one record."""

    records: list[bytes]
    """Its whole records, in the order in which they begin."""
    lost: list[bytes]
    """Each piece that belongs to none of them: what is left of records that were cut off."""
    end: int
    """The byte behind the last whole record and its padding; 0 where there is none."""


def salvage(line: bytes, *, ended: bool = True) -> Salvaged:
    """The whole records in a line; `ended` is false for a last line that is still being written, in which an object may
    turn out to be a part of the record around it."""
    if is_record(line):
        return Salvaged([line], [], len(line))
    spans = list(_whole_spans(line, ended=ended)) if _BEGIN in line and _END in line else []
    if not spans:
        return Salvaged([], [line] if line.strip(BLANK) else [], 0)
    pieces = _without(line, spans)
    if pieces[-1].strip(PADDING):
        around = _interrupted(line, spans)
        if around is not None:
            return around
    end = len(line) - len(pieces[-1].lstrip(PADDING))
    return Salvaged([line[begin:end] for begin, end in spans], [one for one in pieces if one.strip(PADDING)], end)


def whole_rest(lines: NewLines) -> bytes:
    """The bytes of a last line without a line end up to its last whole record, which is then read; none while the line
    is half written."""
    rest = lines.rest
    return lines.settle(salvage(rest, ended=False).end) if rest else b""


class Salvager:
    """The broken lines of one portion of a log.

    A line that a crash broke is as long as a record, or one of few. A log of nothing but short broken lines has
    millions: after some that held next to nothing, further short ones are not searched any more, and count as damaged.
    """

    def __init__(self) -> None:
        self._patience = _MOST_FRUITLESS

    def take(self, raw: bytes, take: Callable[[bytes], object], damaged: Callable[[bytes], object]) -> None:
        """Take each whole record in a line that could not be decoded, and tell what is left of those that are not
        whole."""
        records, lost = self._searched(raw)
        if records == [raw]:  # whole, and yet none that an assistant wrote
            damaged(raw)
            return
        for record in records:
            take(record)
        for fragment in lost:
            damaged(fragment)

    def mended(self, block: bytes, damaged: Callable[[bytes], object]) -> bytes:
        """The lines of a block, with the whole records of a broken line in its place, each on a line of its own;
        `damaged` is told what is left of others."""
        lines: list[bytes] = []
        for line in block.split(b"\n"):
            records, lost = self._searched(line)
            lines += records
            for fragment in lost:
                damaged(fragment)
        return b"\n".join(lines)

    def _searched(self, line: bytes) -> tuple[list[bytes], list[bytes]]:
        """The whole records in a line, and each piece that belongs to none."""
        if self._patience <= 0 and len(line) < _SHORT and not is_record(line):
            return [], [line] if line.strip(BLANK) else []
        records, lost, _ = salvage(line)
        if lost and sum(map(len, records)) < _TINY:
            self._patience -= 1
        return records, lost


def _interrupted(line: bytes, spans: list[tuple[int, int]]) -> Salvaged | None:
    """The record into whose middle the others, or one of them, were written; `None` where there is none."""
    begin = line[: line.find(b":")]  # all records of a log begin alike
    likely = sorted(spans[:_MOST_INSERTED], key=lambda span: (not line.startswith(begin, span[0]), span[0] - span[1]))
    for others in (spans, *([span] for span in likely)):
        around = b"".join(_without(line, others)).strip(PADDING)
        if is_record(around):
            return Salvaged([around, *(line[begin:end] for begin, end in others)], [], len(line))
    return None


_MOST_INSERTED = 8
"""The number of records of a line that are tried as the one that was written into another."""


def _without(line: bytes, spans: Sequence[tuple[int, int]]) -> list[bytes]:
    """The pieces before, between and behind the spans."""
    ends, begins = [0, *(end for _, end in spans)], [*(begin for begin, _ in spans), len(line)]
    return [line[end:begin] for end, begin in zip(ends, begins, strict=True)]


def _whole_spans(line: bytes, *, ended: bool) -> Iterator[tuple[int, int]]:
    """Begin and end of each whole record, from left to right, none inside another."""
    inverted = _TO_FIRST_QUOTE.match(line)
    found = set(_matched(line, 0, ended=ended))
    if inverted:
        found.update(_matched(line, inverted.end(), ended=ended))
    behind, left = 0, _MOST_TRIED * len(line)
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
    """Begin and end of what has matching braces and may be a record, where `start` stands outside of a text."""
    opened: list[int] = []
    for token in islice(_TOKEN.finditer(line, start), _MOST_TOKENS):
        at = token.start()
        if line[at] == _OPEN:
            opened.append(at)
        elif line[at] == _CLOSE and opened:
            begin = opened.pop()
            if line[begin + 1] == _QUOTE and not _is_part(line, begin, at + 1, ended=ended):
                yield begin, at + 1


def _is_part(line: bytes, begin: int, end: int, *, ended: bool) -> bool:
    """Whether an object stands inside another one: as a value, with more behind it."""
    before = line[max(0, begin - _NEAR) : begin].rstrip()
    if not before or before[-1] not in _BEFORE_A_PART:
        return False
    behind = line[end : end + _NEAR].lstrip()
    return behind[0] in _BEHIND_A_PART if behind else not ended


def is_record(piece: bytes) -> bool:
    """Whether this is one JSON object, with nothing but white space around it. What its ends show is not parsed: a log
    of broken lines has millions of them."""
    ends = piece.strip()
    if not (ends.startswith(b"{") and ends.endswith(_END)):
        return False
    try:
        _anything.decode(with_whole_characters(piece))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
