"""Whether SQLite's log beside a ledger is the ledger's own.

SQLite knows a log by its name alone: the log of another database, or an older one that somebody put back, is written
into the file by whoever opens it first. The index of the log remembers which log it is of, and lies beside it unless
both are gone (https://sqlite.org/walformat.html). Only where the two do not agree need the content be looked at.
"""

import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

from tokcost.private_files import open_ours

_WAL_HEADER, _INDEX_HEADER = 32, 48
_MAGIC = (0x377F0682, 0x377F0683)
_NAMES = (("usage", "key"), ("session", "name"), ("directory", "path"))
"""What a row of one ledger says for ever, but for a little usage that is taken back or gets a better key; claims come
and go, and are written into clones too."""
_FEW = 10
"""One row in so many may have changed."""


def is_doubtful(path: Path) -> bool:
    """Whether there is a log that the index beside it does not know. A log that SQLite would pass over is none."""
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


def keeps_all(path: Path, view: Path) -> bool:
    """Whether a copy of a ledger that its log was written into goes on where the ledger is without it."""
    with closing(without_log(path)) as connection:
        connection.execute("ATTACH ? AS view", (str(view),))
        for table, column in _NAMES:
            compared = (
                f"SELECT count(*), ifnull(sum(other.{column} IS NOT one.{column}), 0),"
                f" ifnull(max(one.id), 0) <= (SELECT ifnull(max(id), 0) FROM view.{table})"
                f" FROM main.{table} AS one LEFT JOIN view.{table} AS other USING (id)"
            )
            with suppress(sqlite3.OperationalError):  # an upgrade of the schema is in the log
                rows, changed, goes_on = connection.execute(compared).fetchone()
                if not goes_on or changed * _FEW > rows:
                    return False
    return True


def without_log(path: Path) -> sqlite3.Connection:
    """The file as it stands; nothing is written, also not by closing it."""
    return sqlite3.connect(f"{as_uri(path)}?mode=ro&immutable=1", uri=True, isolation_level=None)


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
