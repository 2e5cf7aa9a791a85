"""Reading another program's SQLite store while that program writes to it.

A store in WAL mode is its database file and its `-wal` file together: what was written last stands in the second alone.
It is opened read-only, in one read transaction, and never checkpointed, so the assistant notices nothing
(https://sqlite.org/wal.html). A locked or damaged store is unknown, not empty: it raises `OSError`.
"""

import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from errno import EAGAIN
from typing import Any
from zlib import crc32

from tokcost.model.logs import Batch, Location, Source
from tokcost.model.usage import Usage
from tokcost.readers.sources.jsonl import in_portions

WAIT_SECONDS = 1.0
"""How long to wait for a writer that holds the store exclusively."""

MOST_ROWS = 20_000
"""One call of a reader stops after so many responses, so that memory stays flat whatever the size of a store."""

_LASTING = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT)
"""What a second try does not mend: damage, no SQLite database, a question that does not fit the tables."""

COMPANIONS = ("-wal",)
"""Files beside the database that hold a part of its content. `-shm` is an index of `-wal` and changes by reading."""


def store_source(path: str) -> Source | None:
    """A store as the file system shows it; `None` where there is none. Its size and time are those of all its files:
    a commit that only grows the WAL is seen."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    size, mtime_ns = status.st_size, status.st_mtime_ns
    real = os.path.realpath(path)  # SQLite keeps them beside what a link leads to
    for suffix in COMPANIONS:
        try:
            beside = os.stat(real + suffix)
        except OSError:
            continue
        size, mtime_ns = size + beside.st_size, max(mtime_ns, beside.st_mtime_ns)
    return Source(path, size, mtime_ns)


class Store:
    """An open store, in one read transaction: all questions see the same state."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._columns: dict[str, frozenset[str]] = {}

    def has(self, required: Mapping[str, Sequence[str]]) -> bool:
        """Whether these tables exist with at least these columns."""
        return all(self.columns(table).issuperset(columns) for table, columns in required.items())

    def columns(self, table: str) -> frozenset[str]:
        """The columns of a table; none when there is no such table."""
        if table not in self._columns:
            rows = self._db.execute("SELECT name FROM pragma_table_info(?)", (table,))
            self._columns[table] = frozenset(name for (name,) in rows)
        return self._columns[table]

    def rows(self, query: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """What a SELECT answers, row by row."""
        return self._db.execute(query, tuple(parameters))


@contextmanager
def open_store(path: str) -> Generator[Store]:
    """Open a store for reading. Raises `OSError` when it cannot be read: locked, damaged, no SQLite database. It has an
    `errno` where the reason may pass by itself."""
    try:
        with closing(_connect(path)) as connection:
            connection.execute("BEGIN")
            yield Store(connection)
    except sqlite3.Error as error:
        raise _as_os_error(error) from error


def _as_os_error(error: sqlite3.Error) -> OSError:
    words = f"the SQLite store cannot be read: {error}"
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return OSError(words) if code in _LASTING else OSError(EAGAIN, words)


def _connect(path: str) -> sqlite3.Connection:
    """Raises `sqlite3.Error`. A store in a folder that cannot be written, left by a writer that is gone, has no `-shm`
    file and lets nobody make one: nothing can change it then, so it is read as it stands."""
    address = f"file:{_quoted(path)}?mode=ro"
    connection = _opened(address)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")
    except sqlite3.OperationalError:
        connection.close()
        if os.path.exists(f"{path}-wal") or os.access(os.path.dirname(path), os.W_OK):
            raise
        return _opened(f"{address}&immutable=1")
    return connection


def _opened(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, timeout=WAIT_SECONDS, isolation_level=None)
    connection.text_factory = _text
    return connection


def _text(data: bytes) -> str:
    """One text that is no UTF-8 must not lose the other rows."""
    return data.decode("utf-8", "replace")


def _quoted(path: str) -> str:
    """A path as a part of a URI (https://sqlite.org/uri.html)."""
    return os.path.abspath(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


_BEFORE_ALL = -(1 << 63)
"""No row has so small a number."""


class SqliteStoreReader:
    """A base for readers of SQLite stores: a subclass has a `name`, `capabilities`, `locations`, the tables and columns
    it needs, a query for what changed, and says what a row means."""

    name: str
    required: Mapping[str, Sequence[str]]
    """Tables and the columns of them that `query` needs. A store without them belongs to a version that this reader
    does not know: that is told as the store's problem."""
    query: str
    """A SELECT of what changed since its one parameter, in rising order of its first column: a number (a time, a row
    id) that grows with each change of a row. Other rows with the same number as the last one read are still found."""

    def usage(self, row: tuple[Any, ...]) -> Usage | None:
        """The usage that a row tells, `None` for none. May raise `KeyError`, `TypeError`, `ValueError`,
        `AttributeError`, `IndexError`: the row is then counted as damaged."""
        raise NotImplementedError

    def discover(self, location: Location) -> Iterable[Source]:
        """The store, where it exists."""
        source = store_source(location.path)
        return [] if source is None else [source]

    def read(self, source: Source, cursor: bytes | None) -> Iterator[Batch]:
        """New usage in a store. Raises `OSError` when it cannot be read, or has not the tables it must have."""
        return in_portions(self._read, source, cursor)

    def _read(self, source: Source, cursor: bytes | None) -> Batch:
        known = _Place.of(cursor)
        now, found, skipped, more = _Place(known.number), list[Usage](), dict[str, int](), False
        with open_store(source.path) as store:
            if not store.has(self.required):
                raise OSError(f"the store lacks a table or column that this reader needs ({', '.join(self.required)})")
            for row in store.rows(self.query, (known.number,)):
                if len(found) >= MOST_ROWS and row[0] != now.number:
                    more = True
                    break
                if not now.takes(row, known):
                    continue
                try:
                    usage = self.usage(row)
                except (KeyError, TypeError, ValueError, AttributeError, IndexError):
                    skipped["damaged record"] = skipped.get("damaged record", 0) + 1
                    continue
                if usage is not None:
                    found.append(usage)
        return Batch(now.cursor(), found, skipped=skipped, more=more, position=0 if more else source.size)


class _Place:
    """How far a store was read: the number of the newest row, and sums of all rows that have it, so that those are
    neither read nor counted again while they are as they were."""

    def __init__(self, number: int, sums: Iterable[int] = ()) -> None:
        self.number = number
        self._sums = set(sums)

    @classmethod
    def of(cls, cursor: bytes | None) -> "_Place":
        """The place that a cursor names; the beginning for one that fits nothing."""
        try:
            number, *sums = map(int, (cursor or b"").split())
        except ValueError:
            return cls(_BEFORE_ALL)
        return cls(number, sums)

    def takes(self, row: tuple[Any, ...], before: "_Place") -> bool:
        """Go on to a row; whether it is to be read."""
        if not isinstance(row[0], int):
            return before.number == _BEFORE_ALL  # no number to find it by: it is read in a first look alone
        if row[0] > self.number:
            self.number, self._sums = row[0], set[int]()
        told = crc32(repr(row).encode("utf-8", "replace"))
        self._sums.add(told)
        return row[0] != before.number or told not in before._sums

    def cursor(self) -> bytes:
        """The same as bytes."""
        return b" ".join(b"%d" % one for one in (self.number, *sorted(self._sums)))
