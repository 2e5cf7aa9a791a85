"""The identity of the write-ahead log (WAL) beside a ledger: does it belong to the ledger?

SQLite finds a WAL by its name only: the first process to open the file applies it, even if it belongs to another
database or is an older one that somebody restored. The WAL's index identifies its WAL, and lies beside it unless both
are gone (https://sqlite.org/walformat.html). The contents need to be compared only if the two do not agree.
"""

import sys
from contextlib import suppress
from pathlib import Path

from tokcost.files.private import open_ours

_WAL_HEADER, _INDEX_HEADER = 32, 48
# The last bit says in which byte order checksums are computed.
_MAGIC = (0x377F0682, 0x377F0683)


def is_doubtful(path: Path) -> bool:
    """Whether there is a WAL that the index beside it does not identify. A WAL that SQLite would ignore does not
    count."""
    log = _head(f"{path}-wal", _WAL_HEADER)
    if len(log) < _WAL_HEADER or int.from_bytes(log[:4], "big") not in _MAGIC:
        return False
    index = _head(f"{path}-shm", _INDEX_HEADER)
    if len(index) < _INDEX_HEADER:
        return True
    # The salts, in both headers: SQLite takes others whenever it begins the WAL anew.
    if log[16:24] == index[32:40]:
        return False
    # A writer that restarts a WAL changes the index first, then the WAL, whose content is in the file by then.
    begun_anew = int.from_bytes(index[16:20], sys.byteorder) == 0
    follows = int.from_bytes(index[32:36], "big") == (int.from_bytes(log[16:20], "big") + 1) & 0xFFFFFFFF
    return not (begun_anew and follows)


def as_uri(path: Path) -> str:
    """A path as an SQLite URI (https://sqlite.org/uri.html)."""
    text = path.absolute().as_posix().replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{text}" if text.startswith("/") else f"file:/{text}"


def _head(path: str, size: int) -> bytes:
    stream = open_ours(path)
    if stream is None:
        return b""
    with stream, suppress(OSError):
        return stream.read(size)
    return b""
