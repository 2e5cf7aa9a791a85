"""The identity of the write-ahead log (WAL) beside a ledger: is it the ledger's own?

SQLite knows a WAL by its name alone: that of another database, or an older one that somebody put back, is written into
the file by whoever opens it first. The WAL's index remembers which one it is of, and lies beside it unless both are
gone (https://sqlite.org/walformat.html). Only where the two do not agree need the content be looked at.
"""

import sys
from contextlib import suppress
from pathlib import Path

from tokcost.files.private import open_ours

_WAL_HEADER, _INDEX_HEADER = 32, 48
_MAGIC = (0x377F0682, 0x377F0683)


def is_doubtful(path: Path) -> bool:
    """Whether there is a WAL that the index beside it does not know. One that SQLite would pass over is none."""
    log = _head(f"{path}-wal", _WAL_HEADER)
    if len(log) < _WAL_HEADER or int.from_bytes(log[:4], "big") not in _MAGIC:
        return False
    index = _head(f"{path}-shm", _INDEX_HEADER)
    if len(index) < _INDEX_HEADER:
        return True
    if log[16:24] == index[32:40]:
        return False
    # Whoever begins a log anew says so in the index first, and then in the log, which is in the file by then.
    begun_anew = int.from_bytes(index[16:20], sys.byteorder) == 0
    follows = int.from_bytes(index[32:36], "big") == (int.from_bytes(log[16:20], "big") + 1) & 0xFFFFFFFF
    return not (begun_anew and follows)


def as_uri(path: Path) -> str:
    """As SQLite reads it (https://sqlite.org/uri.html)."""
    text = path.absolute().as_posix().replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{text}" if text.startswith("/") else f"file:/{text}"


def _head(path: str, size: int) -> bytes:
    stream = open_ours(path)
    if stream is None:
        return b""
    with stream, suppress(OSError):
        return stream.read(size)
    return b""
