"""The cache of histories that were read: a separate file that may be deleted at any time.

It holds lines by commit id, which the messages contain as well, and the step of a history that introduced each of these
commits. No author, no path, no other text of a message. A cache that is damaged, of another version or not writable is
replaced by a new or a temporary one: only time is lost.
"""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tokcost.errors import EnvironmentProblem
from tokcost.files.private import append_ours, check_our_database, private_folder
from tokcost.ledger.paths import to_stored
from tokcost.model.changes import Carrier, Introduced, Revert
from tokcost.model.trailer import Line
from tokcost.model.usage import Tokens

FILE_NAME = "history.db"
_VERSION = 4
"""Increased with every change in parsing messages, because cached lines were parsed the old way."""
_BUSY_SECONDS = 10.0
_SCHEMA = """
CREATE TABLE repository (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, shape TEXT NOT NULL);
CREATE TABLE tip (repository INTEGER NOT NULL, commit_id TEXT NOT NULL,
  PRIMARY KEY (repository, commit_id)) WITHOUT ROWID;
CREATE TABLE carrier (repository INTEGER NOT NULL, commit_id TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (repository, commit_id)) WITHOUT ROWID;
CREATE TABLE walk (repository INTEGER PRIMARY KEY, tip TEXT NOT NULL, commits INTEGER NOT NULL, steps INTEGER NOT NULL);
CREATE TABLE home (repository INTEGER NOT NULL, commit_id TEXT NOT NULL, step TEXT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (repository, commit_id)) WITHOUT ROWID;
"""
_TABLES = ("tip", "carrier", "walk", "home")


class CachedWalk(NamedTuple):
    """A history that was walked from its beginning to `tip`."""

    tip: str
    commits: int
    """Without merges."""
    steps: int
    introduced: dict[str, Introduced]


class HistoryCache:
    """The cache of one repository."""

    def __init__(self, connection: sqlite3.Connection, path: str, shape: str) -> None:
        self._db = connection
        digest = blake2b(shape.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        with self._db:
            self._db.execute("INSERT OR IGNORE INTO repository (path, shape) VALUES (?, ?)", (to_stored(path), digest))
            asked = "SELECT id, shape FROM repository WHERE path = ?"
            self._id, known = self._db.execute(asked, (to_stored(path),)).fetchone()
            # Another shallow boundary or other grafts change what is reachable from a tip, so a walk is no longer
            # complete.
            if known != digest:
                self._forget(digest)

    def __enter__(self) -> "HistoryCache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def tips(self) -> list[str]:
        """Commits whose complete history is in the cache."""
        return [row[0] for row in self._db.execute("SELECT commit_id FROM tip WHERE repository = ?", (self._id,))]

    def add(self, carriers: Iterable[Carrier], tips: Iterable[str], superseded: Iterable[str] = ()) -> None:
        """Record what was read, and that the history of `tips` was read completely."""
        with self._db:
            rows = ((self._id, carrier.commit, _dumped(carrier)) for carrier in carriers)
            self._db.executemany("INSERT OR REPLACE INTO carrier VALUES (?, ?, ?)", rows)
            gone = ((self._id, tip) for tip in superseded)
            self._db.executemany("DELETE FROM tip WHERE repository = ? AND commit_id = ?", gone)
            self._db.executemany("INSERT OR IGNORE INTO tip VALUES (?, ?)", ((self._id, tip) for tip in tips))

    def carriers(self) -> dict[str, Carrier]:
        """Everything ever read in this repository, reachable or not; the caller knows which commits are reachable."""
        rows = self._db.execute("SELECT commit_id, body FROM carrier WHERE repository = ?", (self._id,))
        return {commit: _loaded(commit, body) for commit, body in rows}

    def walk(self) -> CachedWalk | None:
        """The history that was walked last."""
        asked = "SELECT tip, commits, steps FROM walk WHERE repository = ?"
        row = self._db.execute(asked, (self._id,)).fetchone()
        if row is None:
            return None
        rows = self._db.execute("SELECT commit_id, step, position FROM home WHERE repository = ?", (self._id,))
        tip, commits, steps = row
        return CachedWalk(tip, commits, steps, {commit: Introduced(step, position) for commit, step, position in rows})

    def record_walk(self, walk: CachedWalk, new: dict[str, Introduced], replaces: bool) -> None:
        """Record a walk: all of it, or the `new` part since the last one."""
        with self._db:
            if replaces:
                self._db.execute("DELETE FROM home WHERE repository = ?", (self._id,))
            self._db.execute(
                "INSERT OR REPLACE INTO walk VALUES (?, ?, ?, ?)", (self._id, walk.tip, walk.commits, walk.steps)
            )
            rows = ((self._id, commit, *one) for commit, one in new.items())
            self._db.executemany("INSERT OR REPLACE INTO home VALUES (?, ?, ?, ?)", rows)

    def _forget(self, digest: str) -> None:
        for table in _TABLES:
            self._db.execute(f"DELETE FROM {table} WHERE repository = ?", (self._id,))
        self._db.execute("UPDATE repository SET shape = ? WHERE id = ?", (digest, self._id))


def open_history_cache(folder: Path, path: str, shape: str) -> HistoryCache:
    """The cache for the repository at `path`; in memory if it cannot be written."""
    file = folder / FILE_NAME
    for attempt in range(2):
        try:
            return _cache(_connect(file), path, shape)
        # Locked, or on a full or read-only disk: not damaged, and another process may be using it, so it stays.
        except sqlite3.OperationalError:
            break
        except sqlite3.DatabaseError:
            if attempt:
                break
            with suppress(OSError):
                file.unlink()
        except (OSError, EnvironmentProblem):  # a folder of somebody else cannot be trusted
            break
    connection = sqlite3.connect(":memory:")
    connection.executescript(_SCHEMA)
    return _cache(connection, path, shape)


def _cache(connection: sqlite3.Connection, path: str, shape: str) -> HistoryCache:
    try:
        return HistoryCache(connection, path, shape)
    except BaseException:
        connection.close()
        raise


def _connect(file: Path) -> sqlite3.Connection:
    private_folder(str(file.parent))
    # SQLite would create the file with the mode of the umask.
    append_ours(str(file), b"")
    check_our_database(str(file))
    connection = sqlite3.connect(file, timeout=_BUSY_SECONDS)
    try:
        # After a power cut the file may be damaged; it is made anew then, which costs only time.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != _VERSION:
            _make(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _make(connection: sqlite3.Connection) -> None:
    """Create the tables of this version, in place of those of another version."""
    # The file is kept: other processes may have it open, and would go on writing to a deleted one.
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        connection.execute(f'DROP TABLE "{table}"')
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def _dumped(carrier: Carrier) -> str:
    fields = [carrier.lines, carrier.foreign, carrier.damaged, carrier.reverts, carrier.is_merge]
    return json.dumps(fields, separators=(",", ":"))


def _loaded(commit: str, body: str) -> Carrier:
    lines, foreign, damaged, reverts, is_merge = json.loads(body)
    return Carrier(
        commit,
        tuple(_line(*line) for line in lines),
        foreign,
        tuple(damaged),
        tuple(Revert(target, partial) for target, partial in reverts),
        is_merge,
    )


def _line(*fields: object) -> Line:
    line = Line._make(fields)
    classes = Tokens(*line.classes) if line.classes is not None else None
    return line._replace(models=tuple(line.models), classes=classes)
