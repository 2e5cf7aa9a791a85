"""Distinguishes a damaged ledger from one that is only in use, whatever error SQLite or Python reports.

A ledger that is locked, read-only, or on a full or failing disk is not damaged, and is never set aside.
"""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from tokcost.errors import LedgerDamaged, LedgerUnavailable, TokcostError

_ELSEWHERE = "Check that the file and its folder can be written, or set TOKCOST_HOME to another folder."
_LOCKED = "Another process is writing to it; try again, or find out which process has the file open."
_IN_THE_WAY = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_FULL: "Free space on that disk; nothing already recorded is lost.",
    sqlite3.SQLITE_READONLY: _ELSEWHERE,
    sqlite3.SQLITE_CANTOPEN: _ELSEWHERE,
    sqlite3.SQLITE_PERM: _ELSEWHERE,
    sqlite3.SQLITE_AUTH: _ELSEWHERE,
    sqlite3.SQLITE_IOERR: _ELSEWHERE,
    sqlite3.SQLITE_NOMEM: "Close other programs; nothing already recorded is lost.",
}
"""Hints for SQLite errors that concern the file's surroundings."""

_SURE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
# The first are the words of Python's sqlite3, which gives them no code of a damaged file.
_SURE_WORDS = ("Could not decode to UTF-8", "malformed", "unsupported file format")
UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""Errors of a damaged file; the second if Python cannot even decode SQLite's message."""
_NO_TEXT = "its schema is not a text"
_REFERENCES_SINCE = 5
_MODES = (1, 2)
"""The valid values of the header's read and write format bytes; any other value makes SQLite call the file
read-only."""


@contextmanager
def told(path: Path) -> Generator[None]:
    """Turn errors of SQLite and the file system into a sentence with the file, the reason and what to do.

    Errors that may be damage or a bug of ours pass through: `Ledger` has the file examined when it is closed.
    """
    try:
        yield
    except sqlite3.Error as error:
        problem = said_by_sqlite(error, path)
        if problem is None:
            raise
        raise problem from error
    except UnicodeDecodeError as error:  # Python could not even decode SQLite's message
        raise LedgerDamaged(path, _NO_TEXT) from error
    except OSError as error:
        raise LedgerUnavailable(f"the ledger {path} cannot be used: {error.strerror or error}", _ELSEWHERE) from error


def said_by_sqlite(error: sqlite3.Error, path: Path) -> TokcostError | None:
    """The problem behind an SQLite error, if the error itself shows it."""
    # The low byte is the primary code of an extended one such as SQLITE_IOERR_READ (https://sqlite.org/rescode.html);
    # errors that Python's module raises by itself have none.
    text, code = str(error), getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _SURE or any(words in text for words in _SURE_WORDS):
        return LedgerDamaged(path, text)
    if code == sqlite3.SQLITE_READONLY and _claims_to_be_read_only(path):
        return LedgerDamaged(path, "its header is damaged")
    hint = _IN_THE_WAY.get(code)
    return LedgerUnavailable(f"the ledger {path} cannot be used: {text}", hint) if hint is not None else None


def problem_behind(error: Exception, path: Path) -> TokcostError | None:
    """The problem behind any error that occurred while a ledger was used; `None` if the file is sound, so that the
    error has another cause.

    Examines all of the file if the error itself does not show it; nobody may have it open.
    """
    if isinstance(error, sqlite3.Error):
        problem = said_by_sqlite(error, path)
        if problem is not None:
            return problem
    elif isinstance(error, TokcostError | OSError):
        return None
    found = examine(path)
    return LedgerDamaged(path, found) if found else None


def examine(path: Path) -> str:
    """The first problem of a ledger's file: in its pages, indexes, schema or texts; empty if it is sound. Takes
    seconds for a million rows of usage. Raises `LedgerUnavailable`."""
    with told(path):
        try:
            with closing(sqlite3.connect(path, timeout=2.0, isolation_level=None)) as connection:
                return wrong_with(connection)
        except sqlite3.Error as error:
            problem = said_by_sqlite(error, path)
            if problem is not None and not isinstance(problem, LedgerDamaged):
                raise
            return str(error)
        except UnicodeDecodeError:
            return _NO_TEXT


def wrong_with(connection: sqlite3.Connection) -> str:
    """The first problem of an open ledger; empty if it is sound. Raises `sqlite3.Error` if SQLite cannot examine it."""
    # `quick_check` is faster, and compares no index with its table.
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        return str(found).replace("*** in database main ***\n", "").partition("\n")[0]
    from tokcost.ledger.snapshot import objects_of

    (version,) = connection.execute("PRAGMA user_version").fetchone()
    with closing(_sound(version)) as sound:
        # Differs where there is no such version: `_sound` is of the newest one then.
        (known,) = sound.execute("PRAGMA user_version").fetchone()
        if objects_of(sound) - objects_of(connection):
            return "its schema is damaged"
        if known != version:
            return "its version is damaged"
        for (table,) in sound.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            for _ in connection.execute(f"SELECT * FROM {table}"):  # fetching decodes the texts
                pass
    # Before schema 5 nothing enforced references.
    return dangling(connection) if version >= _REFERENCES_SINCE else ""


def dangling(connection: sqlite3.Connection) -> str:
    """The first reference to a missing row; empty if there is none. Takes half a second for a million rows of usage."""
    lost = connection.execute("PRAGMA foreign_key_check").fetchone()
    return f"a row of {lost[0]} refers to a missing row of {lost[2]}" if lost else ""


def _sound(version: int) -> sqlite3.Connection:
    """An empty ledger of a version; of the newest if there is no such version."""
    from tokcost.ledger.snapshot import create

    sound = sqlite3.connect(":memory:", isolation_level=None)
    create(sound)
    (newest,) = sound.execute("PRAGMA user_version").fetchone()
    if 0 < version < newest:
        sound.close()
        sound = sqlite3.connect(":memory:", isolation_level=None)
        create(sound, version)
    return sound


def _claims_to_be_read_only(path: Path) -> bool:
    try:
        with open(path, "rb") as stream:
            header = stream.read(20)
    except OSError:
        return False
    return len(header) == 20 and header[18] not in _MODES
