"""Reading another program's SQLite store while that program writes to it.

A store in WAL mode consists of its database file and its `-wal` file: the latest content is only in the second. It is
opened read-only, in one read transaction, and never checkpointed, so the assistant notices nothing
(https://sqlite.org/wal.html). A locked or damaged store is unknown, not empty: it raises `OSError`.

Whoever wrote the store, reading it terminates, in bounded memory: only tables are queried, values have a maximum size,
and the number of SQLite's steps is limited by the size of the store (https://sqlite.org/security.html).
"""

import os
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from errno import EAGAIN, EINVAL
from itertools import chain, repeat, takewhile
from stat import S_ISREG
from typing import Any
from zlib import crc32

from tokcost.model.logs import Batch, Location, Source
from tokcost.model.usage import Usage
from tokcost.readers.sources.files import in_portions, store_source

WAIT_SECONDS = 1.0
"""Seconds to wait for a writer that holds the store exclusively."""

MOST_ROWS = 20_000
"""Responses after which one call of a reader stops, so that memory stays flat whatever the size of a store."""

MOST_BYTES = 16 << 20
"""Bytes of one value. SQLite refuses a longer one before it allocates memory for it."""

FUTURE_SECONDS = 86_400
"""The time by which a clock may have been ahead. A later time is invalid."""

_LASTING = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_INTERRUPT,
)
"""The errors that a second attempt does not solve: damage, no SQLite database, a query that does not fit the tables,
a value or work without bounds."""

_OPENED_BESIDE = ("-wal", "-shm", "-journal")
"""The suffixes of all files that SQLite opens beside the database."""

_STEPS_AT_ONCE = 50_000
_STEPS = 50_000_000
_STEPS_OF_A_BYTE = 20
"""Steps of SQLite's virtual machine, about twenty million per second. A row has at least ten bytes, and finding,
sorting and fetching it takes less than a hundred steps; a damaged tree of pages can be circular."""

_ANY_LENGTH = (1 << 31) - 1
_FETCHED = 1000


class Store:
    """An open store, in one read transaction: all queries see the same state."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._columns: dict[str, frozenset[str]] = {}

    def has(self, required: Mapping[str, Sequence[str]]) -> bool:
        """Whether these tables exist with at least these columns."""
        return all(self.columns(table).issuperset(columns) for table, columns in required.items())

    def columns(self, table: str) -> frozenset[str]:
        """The stored columns of a table; empty if there is no such table. A view or a virtual table has none: it
        computes its rows, possibly without end."""
        if table not in self._columns:
            # The root page of a view or a virtual table is 0 or NULL (https://sqlite.org/schematab.html).
            rows = self._db.execute(
                "SELECT name FROM pragma_table_info(:table) WHERE EXISTS (SELECT 1 FROM sqlite_schema AS kept"
                " WHERE kept.name = :table COLLATE NOCASE AND kept.type = 'table' AND kept.rootpage > 0)",
                {"table": table},
            )
            self._columns[table] = frozenset(name for (name,) in rows)
        return self._columns[table]

    def rows(self, query: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT, one by one. A value of more than `MOST_BYTES` ends it with an error."""
        return self._db.execute(query, tuple(parameters))

    def numbers(self, query: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a SELECT of numbers only: which rows exist, however large these are. Earlier versions of
        SQLite do not return the numbers of a row that is too large as a whole."""
        with self._any_length():
            cursor = self._db.execute(query, tuple(parameters))
        while True:
            # The limit is back before a row is handed out: the caller runs other queries between two rows.
            with self._any_length():
                found = cursor.fetchmany(_FETCHED)
            yield from found
            if not found:
                return

    def row(self, query: str, *parameters: object) -> tuple[Any, ...] | None:
        """The first row of a SELECT, empty if there is none; `None` if a value of it is larger than `MOST_BYTES`."""
        try:
            return self._db.execute(query, parameters).fetchone() or ()
        except sqlite3.DataError:
            return None

    @contextmanager
    def _any_length(self) -> Generator[None]:
        self._db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _ANY_LENGTH)
        try:
            yield
        finally:
            self._db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)


@contextmanager
def open_store(path: str) -> Generator[Store]:
    """Open a store for reading. Raises `OSError` if it cannot be read: locked, damaged, no SQLite database, no file.
    The error has an `errno` if the reason may be temporary."""
    _require_files(path)
    try:
        with closing(_connect(path)) as connection:
            connection.execute("BEGIN")
            yield Store(connection)
    except sqlite3.Error as error:
        raise _as_os_error(error) from error
    except UnicodeDecodeError as error:  # Python could not even decode SQLite's message about a damaged schema
        raise OSError("the SQLite store cannot be read: its schema is damaged") from error


def _as_os_error(error: sqlite3.Error) -> OSError:
    words = f"the SQLite store cannot be read: {error}"
    # The lowest byte of an extended result code is the primary one (https://sqlite.org/rescode.html).
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_INTERRUPT:
        words = "the SQLite store cannot be read: reading it takes more steps than a store of its size can need"
    return OSError(words) if code in _LASTING else OSError(EAGAIN, words)


def _require_files(path: str) -> None:
    """Raises `OSError` for a pipe, which SQLite would open and wait for, or a device: they may take the place of a
    file."""
    real = os.path.realpath(path)
    for one in (real, *(real + suffix for suffix in _OPENED_BESIDE)):
        try:
            mode = os.stat(one).st_mode
        except OSError:  # it is missing, or SQLite cannot open it either
            continue
        if not S_ISREG(mode):
            raise OSError(EINVAL, "not a regular file")


def _connect(path: str) -> sqlite3.Connection:
    """Open a connection. Raises `sqlite3.Error`.

    A store in a read-only folder, left by a writer that is gone, has no `-shm` file, and none can be created: nothing
    can change it then, so it is read as it is.
    """
    address = f"file:{_quoted(path)}?mode=ro"
    steps = _steps(path)
    connection = _opened(address, steps)
    try:
        # Until the first query SQLite reads neither the file nor its WAL.
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")
    except sqlite3.Error as error:
        connection.close()
        # `immutable` turns locks and the detection of changes off (https://sqlite.org/uri.html): for a store that
        # somebody writes to, the result would be wrong.
        may_change = os.path.exists(f"{path}-wal") or os.access(os.path.dirname(path), os.W_OK)
        if may_change or not isinstance(error, sqlite3.OperationalError):
            raise
        return _opened(f"{address}&immutable=1", steps)
    return connection


def _opened(address: str, steps: Callable[[], bool]) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, timeout=WAIT_SECONDS, isolation_level=None)
    connection.text_factory = _text
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
    connection.set_progress_handler(steps, _STEPS_AT_ONCE)
    return connection


def _steps(path: str) -> Callable[[], bool]:
    """A callback that counts the steps that SQLite may take to read a store, called every `_STEPS_AT_ONCE` steps;
    true stops it. It runs no Python code, in which Ctrl-C would raise an exception that nobody sees."""
    source = store_source(path)
    size = 0 if source is None else source.size
    return chain(repeat(False, (_STEPS + size * _STEPS_OF_A_BYTE) // _STEPS_AT_ONCE), repeat(True)).__next__


def _text(data: bytes) -> str:
    """A text; one that is no UTF-8 must not lose the other rows."""
    return data.decode("utf-8", "replace")


def _quoted(path: str) -> str:
    """A path as part of a URI (https://sqlite.org/uri.html)."""
    # The percent sign comes first, or it would quote the other two again.
    return os.path.abspath(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


_INT64 = 1 << 63
_MOST_SUMS = 100_000
"""Rows with one number that are remembered; with more, the others are read again."""
_BEFORE_ALL = -_INT64
"""No row has a number this small."""


class SqliteStoreReader:
    """A base for readers of SQLite stores: a subclass has a `name`, `capabilities`, `locations`, the tables and
    columns it needs, a query for changes, and interprets a row."""

    name: str
    required: Mapping[str, Sequence[str]]
    """Tables with their columns that `query` needs. A store without them belongs to a version unknown to this
    reader, which is reported as the store's problem."""
    query: str
    """A SELECT of what changed since its one parameter, in ascending order of its first column: a number (a time, a
    row id) that grows with each change of a row. Other rows with the same number as the last one read are still
    found."""
    ticks: int = 0
    """The number of that column's units in a second if it is a time since 1970 (1000 for milliseconds), 0 if it is
    none. A row from the future is then damaged: it must not hide later ones."""

    identity: int = 0
    """The number of the query's first columns that never change and distinguish a row from a later one with the same
    id; 0 for all columns. Ids are reused after the newest rows were deleted, or the store was created again. So unless
    the first column is a time, a store whose newest row is another one is read from its beginning."""

    def usage(self, row: tuple[Any, ...]) -> Usage | None:
        """The usage in a row, `None` if there is none. May raise `KeyError`, `TypeError`, `ValueError`,
        `AttributeError`, `IndexError`: the row is then counted as damaged."""
        raise NotImplementedError

    def discover(self, location: Location) -> Iterable[Source]:
        """The store, if it exists. Raises `ValueError` for a folder: the state of a store includes its WAL, by which
        no file of a folder is followed."""
        if location.kind == "folder":
            raise ValueError("a folder is not a store; name each store in `locations`")
        source = store_source(location.path)
        return [] if source is None else [source]

    def read(self, source: Source, cursor: bytes | None) -> Iterator[Batch]:
        """New usage in a store. Raises `OSError` if it cannot be read, or lacks required tables."""
        return in_portions(self._read, source, cursor)

    def _read(self, source: Source, cursor: bytes | None) -> Batch:
        with open_store(source.path) as store:
            if not store.has(self.required):
                raise OSError(f"the store lacks a table or column that this reader needs ({', '.join(self.required)})")
            goes_on = self.ticks > 0 or self._goes_on(store, _Place.of(cursor, _INT64))
            found = _Found(cursor if goes_on else None, self.ticks, self.identity)
            for row in store.rows(self.query, (found.since,)):
                if found.ends_before(row):
                    break
                if not found.takes(row):
                    continue
                try:
                    usage = self.usage(row)
                except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
                    found.note_damage(row)
                    continue
                if usage is not None:
                    found.usage.append(usage)
        return found.batch(source.size)._replace(restarted=not goes_on)

    def _goes_on(self, store: Store, place: "_Place") -> bool:
        """Whether the newest row that was read, or another one with its number, still exists."""
        if place.number == _BEFORE_ALL:
            return True
        newest = takewhile(lambda row: row[0] == place.number, store.rows(self.query, (place.number,)))
        return any(place.knows(row, self.identity) for row in newest)


class _Found:
    """The usage in the rows of one call, and the position after them."""

    def __init__(self, cursor: bytes | None, ticks: int, identity: int) -> None:
        self._now = round(time.time() * ticks) if ticks else _INT64
        self._latest = self._now + FUTURE_SECONDS * ticks
        self._before = _Place.of(cursor, self._latest)
        self._place = _Place(self._before.number, identity=self._before.identity)
        self._identity = identity
        self._damaged = 0
        self._more = False
        self.usage: list[Usage] = []

    @property
    def since(self) -> int:
        """The number of the newest row that was read before."""
        return self._before.number

    def ends_before(self, row: tuple[Any, ...]) -> bool:
        """Whether a row is left for another call."""
        number = row[0]
        self._more = isinstance(number, int) and self._place.number != number <= self._now and self._is_full
        return self._more

    @property
    def _is_full(self) -> bool:
        return len(self.usage) >= MOST_ROWS

    def takes(self, row: tuple[Any, ...]) -> bool:
        """Advance to a row; returns whether it is to be read."""
        number = row[0]
        if not isinstance(number, int) or number > self._latest:
            return self._takes_misplaced(number)
        if number > self._now:  # a clock was ahead: the row is read each time until then, and hides no other
            return not self._is_full
        if self._identity:
            self._place.identity = _sum_of(row[: self._identity])
        return self._place.takes(row, self._before)

    def _takes_misplaced(self, number: object) -> bool:
        """Whether to read a row without a number, which happens only in the first read; later it is counted."""
        self._place.misplaced += 1
        if not isinstance(number, int) and self.since == _BEFORE_ALL and not self._is_full:
            return True
        self._damaged += self._place.misplaced > self._before.misplaced
        return False

    def note_damage(self, row: tuple[Any, ...]) -> None:
        """Count an invalid row, once its time has come."""
        self._damaged += not isinstance(row[0], int) or row[0] <= self._now

    def batch(self, size: int) -> Batch:
        """Everything found; `size` is that of the store."""
        if self._more:  # the misplaced ones come last
            self._place.misplaced = self._before.misplaced
        skipped = {"damaged record": self._damaged} if self._damaged else {}
        return Batch(
            self._place.cursor(), self.usage, skipped=skipped, more=self._more, position=0 if self._more else size
        )


class _Place:
    """The position up to which a store was read: the number of the newest row, and checksums of all rows with that
    number, so that unchanged ones are neither read nor counted again."""

    def __init__(self, number: int, sums: Iterable[int] = (), misplaced: int = 0, identity: int = 0) -> None:
        self.number = number
        self._sums = set(sums)
        self.misplaced = misplaced
        """The number of counted rows whose number is impossible or missing."""
        self.identity = identity
        """The checksum of what distinguishes the newest row from another one with its row id; 0 if the number is
        none."""

    @classmethod
    def of(cls, cursor: bytes | None, latest: int) -> "_Place":
        """The position in a cursor; the beginning if the cursor does not fit, is from the future, or has a number that
        SQLite cannot hold."""
        place, _, more = (cursor or b"").partition(b"|")
        misplaced, _, identity = more.partition(b"|")
        try:
            number, *sums = map(int, place.split())
            count, told = int(misplaced or 0), int(identity or 0)
        except ValueError:
            return cls(_BEFORE_ALL)
        is_possible = _BEFORE_ALL <= number <= min(latest, _INT64 - 1)
        return cls(number, sums, count, told) if is_possible else cls(_BEFORE_ALL)

    def takes(self, row: tuple[Any, ...], before: "_Place") -> bool:
        """Advance to a row; returns whether it is to be read."""
        if row[0] > self.number:
            self.number, self._sums = row[0], set[int]()
        told = _sum_of(row)
        self._sums.add(told)
        return row[0] != before.number or told not in before._sums

    def knows(self, row: tuple[Any, ...], identity: int) -> bool:
        """Whether a row was read before, by its first `identity` columns, or by all of them if that is 0."""
        return _sum_of(row[:identity]) == self.identity if identity else _sum_of(row) in self._sums

    def cursor(self) -> bytes:
        """The cursor as bytes."""
        place = b" ".join(b"%d" % one for one in (self.number, *sorted(self._sums)[:_MOST_SUMS]))
        if self.identity:
            return place + b"|%d|%d" % (self.misplaced, self.identity)
        return place + b"|%d" % self.misplaced if self.misplaced else place


def _sum_of(row: tuple[Any, ...]) -> int:
    # Not `hashlib`, which takes a hook 2 ms to import.
    return crc32(repr(row).encode("utf-8", "replace"))
