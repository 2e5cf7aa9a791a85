"""The record of purged usage, so that the same logs do not bring it back: a separate file beside the ledger.

It holds salted hashes of ids of responses and sessions and of paths of sources, ten bytes each, and nothing else. Such
ids are random: nobody can guess one and check whether it is here, and whoever has the log needs no record. This also
holds for the names by which a log tells of a received response (`model/received.py`): each contains an id of a request
or a session. Names that can be guessed (branches, models, repositories) are not recorded at all. The file outlives a
lost ledger.
"""

import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from tokcost.errors import EnvironmentProblem, LedgerUnavailable
from tokcost.files.private import append_ours, check_our_database
from tokcost.model.logs import Source

FILE_NAME = "ledger.purged.db"
_HASH_BYTES = 10
"""With ten million hashes and ten million responses, a collision occurs once in ten billion purges."""
_BUSY_SECONDS = 10.0
# SQLite before 3.32 allows 999 placeholders in a statement (https://sqlite.org/limits.html).
_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS salt (value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS usage (hash BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (hash BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS source (hash BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL)
  WITHOUT ROWID;
"""

Name = tuple[str, str]
"""An assistant, with its key of a response, its name of a session, or the path of a source."""


class PurgeRecord:
    """The hashes of everything that was ever purged. Every method raises `LedgerUnavailable` if the file cannot be
    read or written: an import without it could bring back purged usage."""

    def __init__(self, connection: sqlite3.Connection, path: Path, salt: bytes) -> None:
        from hashlib import blake2b  # most imports find no record and need not import it

        self._db, self._path, self._salt, self._blake2b = connection, path, salt, blake2b

    def __enter__(self) -> "PurgeRecord":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add_usage(self, names: Iterable[Name]) -> None:
        """Record responses."""
        self._add("usage", names)

    def add_sessions(self, names: Iterable[Name]) -> None:
        """Record sessions with purged usage: their totals contain it."""
        self._add("session", names)

    def add_sources(self, sources: Iterable[tuple[str, Source]]) -> None:
        """Record the present state of sources of which the ledger has nothing: they need no reading until they
        change."""
        rows = ((self._hash("source", (name, one.path)), one.size, one.mtime_ns) for name, one in sources)
        self._write("INSERT OR REPLACE INTO source VALUES (?, ?, ?)", rows)

    def usage_among(self, names: Sequence[Name]) -> set[Name]:
        """The purged responses among some."""
        return self._among("usage", names)

    def sessions_among(self, names: Sequence[Name]) -> set[Name]:
        """The sessions among some that have purged usage."""
        return self._among("session", names)

    def unchanged_among(self, assistant: str, sources: Sequence[Source]) -> set[str]:
        """The paths of the sources that have not changed since they were recorded."""
        hashes = {self._hash("source", (assistant, one.path)): one for one in sources}
        found = set[str]()
        with _told(self._path):
            for part in _portions(hashes):
                query = f"SELECT * FROM source WHERE hash IN ({', '.join('?' * len(part))})"
                for hashed, size, mtime_ns in self._db.execute(query, part):
                    one = hashes[hashed]
                    if (one.size, one.mtime_ns) == (size, mtime_ns):
                        found.add(one.path)
        return found

    def _among(self, kind: str, names: Sequence[Name]) -> set[Name]:
        hashes = {self._hash(kind, name): name for name in names}
        found = set[Name]()
        with _told(self._path):
            for part in _portions(hashes):
                query = f"SELECT hash FROM {kind} WHERE hash IN ({', '.join('?' * len(part))})"
                found.update(hashes[hashed] for (hashed,) in self._db.execute(query, part))
        return found

    def _add(self, kind: str, names: Iterable[Name]) -> None:
        self._write(f"INSERT OR IGNORE INTO {kind} VALUES (?)", ((self._hash(kind, name),) for name in names))

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with _told(self._path), self._db:
            self._db.executemany(statement, rows)

    def _hash(self, kind: str, name: Name) -> bytes:
        # No name has a NUL (`model/bounds.py`), so different pairs are different texts. `person` keeps a session's hash
        # apart from that of a response of the same name.
        data = "\0".join(name).encode("utf-8", "surrogateescape")
        return self._blake2b(data, digest_size=_HASH_BYTES, key=self._salt, person=kind.encode()).digest()


def open_purge_record(home: Path, *, makes: bool = False) -> PurgeRecord | None:
    """The record below `home`; `None` if nothing was ever purged, unless `makes` is set. Raises `LedgerUnavailable`."""
    path = home / FILE_NAME
    with _told(path):
        if makes:
            append_ours(str(path), b"")
        if not check_our_database(str(path)):
            return None
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
        try:
            salt = _salt(connection)
        except BaseException:
            connection.close()
            raise
    return PurgeRecord(connection, path, salt)


def _salt(connection: sqlite3.Connection) -> bytes:
    """The salt of the record; tables and salt are created if a process was killed before it did so."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'source'").fetchone() is None:
        connection.execute("BEGIN IMMEDIATE")
        # Not `executescript`, which would commit first: two processes could then each create a salt.
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        if connection.execute("SELECT 1 FROM salt").fetchone() is None:
            connection.execute("INSERT INTO salt VALUES (?)", (os.urandom(32),))
        connection.commit()
    return connection.execute("SELECT value FROM salt").fetchone()[0]


def _portions(hashes: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest = iter(hashes)
    while part := list(islice(rest, _AT_ONCE)):
        yield part


@contextmanager
def _told(path: Path) -> Generator[None]:
    try:
        yield
    except EnvironmentProblem as problem:
        raise LedgerUnavailable(f"the record of purges: {problem}", problem.hint) from problem
    except (sqlite3.Error, OSError) as error:
        said = f"the record of purges, {path}, cannot be used: {error}"
        raise LedgerUnavailable(
            said, "Check that file, but do not delete it: without it, purged usage comes back from the logs."
        ) from error
