"""Reading what is new in an append-only file of lines, in bounded memory.

Assistants append while we read, rewrite files now and then, and may leave a last line half written. Everything that
follows from that is here, so that a reader sees only blocks of whole lines.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from tokcost.readers.base import Checkpoint, LogFile

CHUNK = 8 << 20
MAX_LINE = 48 << 20
"""A longer line is passed over and counted: no record with usage comes near it, and memory stays bounded."""
TAIL = 4096
"""A file goes on where it was left when so many bytes before the offset are still the same."""
LIMIT = 256 << 20
"""One call of a reader stops after so many bytes, so that memory stays flat whatever the size of a file."""


def log_files(root: Path, suffixes: tuple[str, ...]) -> Iterator[LogFile]:
    """All files below `root` whose names end with one of `suffixes`; folders that cannot be read are passed over."""
    pending = [os.fspath(root)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.name.endswith(suffixes):
                        if entry.is_file():
                            yield log_file(entry.path, entry.stat())
                    elif entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
        except OSError:
            continue


def log_file(path: str, status: os.stat_result) -> LogFile:
    """A file as its status shows it."""
    return LogFile(path, status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino)


class NewLines:
    """The lines of a file behind a checkpoint, as blocks of whole lines of about 8 MiB.

    Iterate first; afterwards `rest` holds the bytes behind the last line end (a line still being written, or a last
    line without a line end), `too_long` has the beginnings of lines that were passed over, `more` tells that the
    limit was reached before the end, and `checkpoint()` says where to go on.
    Raises `OSError` when the file cannot be read.
    """

    def __init__(self, file: LogFile, checkpoint: Checkpoint | None) -> None:
        self._file = file
        self.rest = b""
        self.too_long: list[bytes] = []
        self.more = False
        self._tail = b""
        self.offset = 0
        self.restarted = checkpoint is not None and not self._continues(checkpoint)

    def _continues(self, checkpoint: Checkpoint) -> bool:
        """Whether the file still holds what was read before: long enough, and the same bytes before the offset."""
        if self._file.size < checkpoint.offset:
            return False
        with Path(self._file.path).open("rb") as stream:
            stream.seek(max(0, checkpoint.offset - TAIL))
            before = stream.read(min(TAIL, checkpoint.offset))
        if not _is_sum_of(before, checkpoint.tail):
            return False
        self.offset, self._tail = checkpoint.offset, before
        return True

    def __iter__(self) -> Iterator[bytes]:
        with Path(self._file.path).open("rb", buffering=0) as stream:
            stream.seek(self.offset)
            yield from self._blocks(stream)

    def _blocks(self, stream: io.FileIO) -> Iterator[bytes]:
        parts: list[bytes] = []
        held = 0
        head = b""
        stop = self.offset + LIMIT
        while data := stream.read(CHUNK):
            end = data.rfind(b"\n") + 1
            if end:
                whole = data[:end] if end < len(data) else data
                block = b"".join((*parts, whole)) if parts else whole
                if held <= MAX_LINE:
                    yield self._consumed(block)
                else:
                    self.too_long.append(head)
                    yield from self._without_first_line(block, held)
                if self.offset >= stop:
                    self.more = True
                    return
                parts, held = ([data[end:]], len(data) - end) if end < len(data) else ([], 0)
            else:
                held += len(data)
                head = (parts[0] if parts else data)[:TAIL] if held <= MAX_LINE + len(data) else head
                parts = [*parts, data] if held <= MAX_LINE else [b"".join((*parts, data))[-TAIL:]]
        self.rest = b"".join(parts) if held <= MAX_LINE else b""

    def _without_first_line(self, block: bytes, held: int) -> Iterator[bytes]:
        """Pass over a line that grew too long: `block` begins with its last bytes, of which `held` were read before."""
        first_end = block.find(b"\n") + 1
        self.offset += held - TAIL + first_end
        self._tail = block[:first_end][-TAIL:]
        if first_end < len(block):
            yield self._consumed(block[first_end:])

    def _consumed(self, block: bytes) -> bytes:
        self.offset += len(block)
        self._tail = block[-TAIL:] if len(block) >= TAIL else (self._tail + block)[-TAIL:]
        return block

    def checkpoint(self, state: bytes = b"") -> Checkpoint:
        """Where to go on next time, with the reader's own memory of the file."""
        file = self._file
        return Checkpoint(file.size, file.mtime_ns, file.device, file.inode, self.offset, _sum(self._tail), state)


def _sum(data: bytes) -> bytes:
    """Enough to tell a file that goes on from one that was written anew; `hashlib` takes a hook 2 ms to import."""
    return crc32(data).to_bytes(_SUM_BYTES, "big")


def _is_sum_of(data: bytes, known: bytes) -> bool:
    if len(known) == _SUM_BYTES:
        return _sum(data) == known
    from hashlib import blake2b  # of a checkpoint that an earlier version wrote

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
