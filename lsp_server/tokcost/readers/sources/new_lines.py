"""Reading the new part of an append-only file of lines, in bounded memory.

Assistants append while we read, rewrite files now and then, and may leave an incomplete last line. This module handles
all of that, so that a reader sees only blocks of complete lines.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol
from zlib import crc32

from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Usage
from tokcost.readers.sources.files import open_log, refuse_utf16

CHUNK = 128 << 10
"""Bytes that are read at once: few enough for the C library to reuse the same memory. It requests memory for larger
pieces from the system each time, which costs more than searching them."""
MAX_LINE = 32 << 20
"""A longer line is skipped and counted: no record with usage is nearly as long, and memory stays bounded."""
# Not only the last few bytes: a log that was rewritten can have the same ones at the same offset.
TAIL = 4096
"""Bytes before an offset: reading continues there if they are unchanged."""
LIMIT = 256 << 20
"""Bytes after which one call of a reader stops, so that memory stays flat whatever the size of a file."""
MAX_RECORDS = 10_000
"""Records after which one call of a reader stops, at the end of the current block."""

PADDING = bytes(range(0x21)) + "\N{ZERO WIDTH NO-BREAK SPACE}\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}".encode()
"""Bytes that may precede or follow a record without belonging to it: white space, control characters, NUL bytes that
a crash left, and those of a byte order mark and of two Unicode line ends. A record begins and ends with a brace."""
BLANK = PADDING.replace(b"\0", b"")
"""Bytes of a blank line. NUL bytes are not among them: they replace lost data."""


class Stream(Protocol):
    """A stream that can be read piece by piece."""

    def read(self, size: int, /) -> bytes | None:
        """The next bytes, at most `size`; empty at the end."""
        ...


class NewLines:
    """The lines of a file after a cursor, as blocks of complete lines, most of them of about `CHUNK`.

    Iterate first. Afterwards `rest` has the bytes after the last line end (a line still being written, or a last line
    without a line end), `too_long` has the beginnings of skipped lines, `more` shows that the limit was reached before
    the end or `stop()` was called, and `cursor()` is the position from which to continue. Raises `OSError` if the file
    cannot be read.
    """

    def __init__(self, source: Source, cursor: bytes | None, *, limit: int | None = None) -> None:
        self._source = source
        self.state = b""
        """The reader's state of this file; empty if it is read from its beginning."""
        self._limit = LIMIT if limit is None else limit
        self.rest = b""
        self.too_long: list[bytes] = []
        self.more = False
        self._tail = b""
        self._stopped = False
        self.offset = 0
        self.restarted = cursor is not None and not self._continues(cursor)

    def _continues(self, cursor: bytes) -> bool:
        """Whether the file still has the content that was read before: it is long enough, and the bytes before the
        offset are unchanged."""
        if len(cursor) <= _HEAD:
            return False
        offset, end = int.from_bytes(cursor[:8], "little"), _HEAD + cursor[8]
        if self._source.size < offset:
            return False
        with open_log(self._source.path) as stream:
            stream.seek(max(0, offset - TAIL))
            before = stream.read(min(TAIL, offset))
        if not _is_sum_of(before, cursor[_HEAD:end]):
            return False
        self.offset, self._tail, self.state = offset, before, cursor[end:]
        return True

    def __iter__(self) -> Iterator[bytes]:
        with open_log(self._source.path) as stream:
            refuse_utf16(stream.read(_UTF16_SHOWS) or b"")
            stream.seek(self.offset)
            yield from self.blocks(stream)

    def blocks(self, stream: "Stream") -> Iterator[bytes]:
        """The blocks of new lines from an open stream that is positioned at `offset`."""
        parts: list[bytes] = []
        held = 0
        head = b""
        stop = self.offset + self._limit
        while data := stream.read(CHUNK):
            end = data.rfind(b"\n") + 1
            if end:
                # Without copying the joined parts.
                block = b"".join((*parts, memoryview(data)[:end])) if parts or end < len(data) else data
                parts.clear()  # a long line is not held twice
                if held <= MAX_LINE:
                    yield self._consumed(block)
                else:
                    self.too_long.append(head)
                    yield from self._without_first_line(block, held)
                if self.offset >= stop or self._stopped:
                    self.more = True
                    return
                parts, held = ([data[end:]], len(data) - end) if end < len(data) else ([], 0)
            elif data.count(0) == len(data) and not any(part.strip(b"\0") for part in parts):
                self._consumed(b"".join((*parts, data))[:-1])  # however long a run of NUL bytes is, a record may follow
                # One NUL byte stays in front of the next record, and shows that something was lost before it.
                parts, held = [data[-1:]], 1
            else:
                held += len(data)
                head = (parts[0] if parts else data)[:TAIL] if held <= MAX_LINE + len(data) else head
                # Of a line that is too long, the cursor's checksum needs the tail only.
                parts = [*parts, data] if held <= MAX_LINE else [b"".join((*parts, data))[-TAIL:]]
        self.rest = b"".join(parts) if held <= MAX_LINE else b""

    def _without_first_line(self, block: bytes, held: int) -> Iterator[bytes]:
        """Skip a line that grew too long: `block` begins with its last bytes, of which `held` were read before."""
        first_end = block.find(b"\n") + 1
        self.offset += held - TAIL + first_end
        self._tail = block[:first_end][-TAIL:]
        if first_end < len(block):
            yield self._consumed(block[first_end:])

    def _consumed(self, block: bytes) -> bytes:
        self.offset += len(block)
        self._tail = block[-TAIL:] if len(block) >= TAIL else (self._tail + block)[-TAIL:]
        return block

    def consume(self, size: int) -> bytes:
        """Treat the first bytes of `rest` as read, though no line end follows: a complete record cannot grow.
        Returns them; the next read continues after them."""
        done, self.rest = self.rest[:size], self.rest[size:]
        return self._consumed(done) if done else b""

    def stop(self) -> None:
        """Stop after this block, because enough was found."""
        self._stopped = True

    def cursor(self, state: bytes = b"") -> bytes:
        """The cursor for the next read, with the reader's own state of the file: the offset (8 bytes), the length of
        the checksum (1), the checksum of the bytes before the offset, the state."""
        known = _sum(self._tail)
        return self.offset.to_bytes(8, "little") + bytes([len(known)]) + known + state

    def batch(self, state: bytes, usage: Sequence[Usage], skipped: Mapping[str, int]) -> Batch:
        """The batch of everything read: these responses, the reader's `state`, and what was skipped, including each
        line that was too long."""
        if self.too_long:
            skipped = {**skipped, "line too long to read": len(self.too_long)}
        cursor = self.cursor(state)
        return Batch(cursor, usage, skipped=skipped, restarted=self.restarted, more=self.more, position=self.offset)


_HEAD = 9  # the offset and the length of the checksum, see `cursor`
_UTF16_SHOWS = 4


def _sum(data: bytes) -> bytes:
    """A checksum that distinguishes a continued file from a rewritten one; `hashlib` takes a hook 2 ms to import."""
    return crc32(data).to_bytes(_SUM_BYTES, "big")


def _is_sum_of(data: bytes, known: bytes) -> bool:
    if len(known) == _SUM_BYTES:
        return _sum(data) == known
    from hashlib import blake2b  # of a cursor written by an earlier version

    return blake2b(data, digest_size=16).digest() == known


_SUM_BYTES = 4


def lines_with(block: bytes, word: bytes, start: int = 0) -> Iterator[tuple[int, int]]:
    """Start and end of each line of `block` that contains `word` (the end excludes the line end)."""
    at = block.find(word, start)
    while at >= 0:
        begin = block.rfind(b"\n", 0, at) + 1
        end = block.find(b"\n", at)
        if end < 0:
            end = len(block)
        yield begin, end
        at = block.find(word, end)


def broken_lines(block: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each line of `block` that obviously is not exactly one record (`is_broken`)."""
    # One search of the block saves one in each of its lines: hardly any block has a NUL byte.
    begin, size, has_nul = 0, len(block), b"\0" in block
    while begin < size:
        end = block.find(b"\n", begin)
        if end < 0:
            end = size
        looks_whole = begin < end and block[begin] == _OPEN and block[end - 1] == _CLOSE
        if (has_nul or not looks_whole) and is_broken(block[begin:end]):
            yield begin, end
        begin = end + 1


_OPEN, _CLOSE = b"{}"


def is_broken(line: bytes) -> bool:
    """Whether a line shows at its ends, or by NUL bytes, that it is not exactly one record. A blank line is not
    broken."""
    ends = line.strip(BLANK)
    return bool(ends) and not (ends.startswith(b"{") and ends.endswith(b"}") and b"\0" not in ends)
