"""Opening the ledger: one SQLite file, mode 0600 in a folder of mode 0700, shared by every tokcost process.

A new ledger is built beside its place and linked there when complete, so that several processes may start at once and
none ever sees half a schema. A damaged file is rescued (`salvage.py`), never deleted.
"""

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock, get_ident
from types import TracebackType

from tokcost.errors import EnvironmentProblem, LedgerDamaged, LedgerUnavailable, TokcostError
from tokcost.files.private import append_ours, check_our_database, check_private, private_folder
from tokcost.ledger.damage import problem_behind, told
from tokcost.ledger.sharing import Lock as FolderLock
from tokcost.ledger.sharing import alone, release, share
from tokcost.ledger.wal_identity import as_uri, is_doubtful

# The number of the last step in migrations.py, which only an upgrade imports: sqlite-utils takes 60 ms.
SCHEMA_VERSION = 10
FILE_NAME = "ledger.db"
# An import holds the write lock for a tenth of a second at a time, the rewrite of a large ledger for a second or two.
BUSY_SECONDS = 10.0
UPGRADED = "ledger.upgraded"
"""An empty file that marks a ledger of which an upgrade may have left many pages free (`compact.py`)."""
_LARGE = 1 << 24
"""Bytes: the free pages of a smaller ledger are not worth rewriting it."""


# Held while the index of a WAL is read: a connection that another thread opens meanwhile would lose its locks when that
# file is closed. The next process would then truncate an index that is in use, and end its users with SIGBUS.
_opening = Lock()
_open_here: dict[Path, int] = {}
"""The number of this process's connections to each ledger: a process that opens and closes an SQLite file by other
means loses all locks that its connections hold on it (https://sqlite.org/howtocorrupt.html, 2.2)."""

_left_open: "list[tuple[int, Ledger]]" = []
"""Ledgers that are open for good (`open_ledger`), each with the thread that opened it."""
_LARGE_WAL = 1 << 20
"""The next process reads all of the WAL that was left behind: a megabyte takes a millisecond."""


class Ledger:
    """An open ledger. The other modules of this package take it as an argument; nobody else sees the connection."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, lock: FolderLock, *, read_only: bool, leave_open: bool = False
    ) -> None:
        self.db = connection
        self.path = path
        self.read_only = read_only
        self._lock = lock
        self._leave_open = leave_open
        self._is_open = True
        if leave_open:
            _left_open.append((get_ident(), self))  # otherwise Python would close the connection of a lost reference

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the ledger. An error that occurred meanwhile is replaced by its cause: `LedgerDamaged`,
        `LedgerUnavailable`, or itself if the file is sound."""
        # After an error always: the file may be examined, and no connection of this process may be open then.
        if not self._leave_open or value is not None or self._has_much_to_write_back():
            self.close()
        if isinstance(value, Exception):
            problem = problem_behind(value, self.path)
            if problem is not None:
                raise problem from value

    def close(self) -> None:
        """Close the file, also one that was to be left open. Closing twice has no effect."""
        self.db.close()
        if self._is_open:
            self._is_open = False
            _count(self.path, -1)
        # Last: as soon as the folder is free, a rescue may replace the file.
        lock, self._lock = self._lock, None
        release(lock)

    def _has_much_to_write_back(self) -> bool:
        try:
            return os.stat(f"{self.path}-wal").st_size > _LARGE_WAL
        except OSError:
            return False

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Queries that all read the ledger as it is at the first one, whatever others write meanwhile."""
        with told(self.path):
            self.db.execute("BEGIN")
        try:
            yield
        finally:
            with suppress(sqlite3.Error):
                self.db.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Generator[None]:
        """One write transaction: everything inside happens, or nothing. Raises `LedgerUnavailable`, `LedgerDamaged`."""
        with told(self.path):
            # A transaction that begins as a reader cannot wait when it comes to write: if another process has written
            # meanwhile, it fails at once (https://sqlite.org/lang_transaction.html).
            self.db.execute("BEGIN IMMEDIATE")
        try:
            with told(self.path):
                yield
                self.db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                # After some errors, as on a full disk, SQLite has rolled back already, and refuses this.
                self.db.execute("ROLLBACK")
            raise


def open_ledger(home: Path, *, busy_seconds: float = BUSY_SECONDS, leave_open: bool = False) -> Ledger:
    """The ledger below `home`, created if missing and upgraded to this version's schema.

    With `leave_open` it is closed only if the WAL has grown large: the last process to close a ledger checkpoints the
    WAL and waits for the disk, which a process that ends in a moment (a hook) had better leave to another one. Raises
    `LedgerUnavailable` (locked, not writable, written by a newer version) or `LedgerDamaged`.
    """
    path = home / FILE_NAME
    with told(path):
        _private(home)
        if not _is_there(path):
            _finish(home, busy_seconds)
            _leave_behind(home, busy_seconds)
        # Before the folder is shared, since this needs it alone for a moment; flock(2) holds even against this process.
        _require_own_wal(home)
        lock = share(home, busy_seconds)
        with _released_on_failure(lock):
            # Under the lock: a rescue leaves the place empty for a moment, and an empty ledger must not take it.
            if not _is_there(path):
                create(path)
            with _counted(path):
                connection = _connect(path, busy_seconds)
                with _closed_on_failure(connection):
                    _require_schema(connection, path)
                    connection.execute("PRAGMA foreign_keys = ON")  # must be off in an upgrade
        return Ledger(connection, path, lock, read_only=False, leave_open=leave_open)


def close_left_open() -> None:
    """Close the ledgers that this thread left open. A process that goes on, as a server does, would run out of file
    descriptors, and keep everybody from replacing a damaged file."""
    for one in [one for one in _left_open if one[0] == get_ident()]:
        _left_open.remove(one)
        one[1].close()


def open_for_reading(home: Path) -> Ledger | None:
    """The ledger as it is, without writing anything; `None` if there is none. Raises as `open_ledger`."""
    path = home / FILE_NAME
    with told(path):
        if not _is_there(path):
            _finish(home, _READ_SECONDS)
        if not _is_there(path):
            return None
        _private(home, makes=False)
        _require_own_wal(home)
        lock = share(home, _READ_SECONDS)
        with _released_on_failure(lock), _counted(path):
            connection = _reading(path)
            if connection is not None:
                return Ledger(connection, path, lock, read_only=True)
    _count(path, -1)
    release(lock)
    return _upgraded(home)


_READ_SECONDS = 2.0


def _reading(path: Path) -> sqlite3.Connection | None:
    """A connection that cannot write; `None` if the schema is older."""
    # In a folder that cannot be written SQLite cannot create the WAL's index, and opens the file only as `immutable`
    # (https://sqlite.org/wal.html#read_only_databases).
    for suffix in ("?mode=ro", "?mode=ro&immutable=1"):
        connection = sqlite3.connect(as_uri(path) + suffix, uri=True, timeout=_READ_SECONDS, isolation_level=None)
        try:
            with _closed_on_failure(connection):
                version = _version(connection)
        except sqlite3.OperationalError:
            if suffix.endswith("1"):
                raise
            continue
        if version == SCHEMA_VERSION:
            return connection
        connection.close()
        break
    return None


def _upgraded(home: Path) -> Ledger:
    """Upgrade an older ledger, which cannot be read as it is."""
    ledger = open_ledger(home)
    ledger.read_only = True
    ledger.db.execute("PRAGMA query_only = 1")
    return ledger


def rescued_name(home: Path, stamp: str) -> Path:
    """The path of a complete rescued ledger, before it is moved into place."""
    return home / f"ledger.rescued-{stamp}.db"


def damaged_name(home: Path, stamp: str) -> Path:
    """The path at which the damaged file is kept."""
    return home / f"ledger.damaged-{stamp}.db"


def finish(home: Path) -> None:
    """Move a rescued ledger into place, and keep the damaged file under a name with the time.

    A process killed in here leaves no ledger, but a rescued one, and the next process completes the move. The caller is
    alone with the ledger.
    """
    found = sorted(home.glob(rescued_name(home, "*").name))
    if not found:
        return
    path, rescued = home / FILE_NAME, found[-1]
    # The old WAL goes before the rescued file comes: SQLite would apply it to that by its name.
    damaged = damaged_name(home, rescued.stem.removeprefix("ledger.rescued-"))
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(f"{path}{suffix}", f"{damaged}{suffix}")
    os.replace(rescued, path)


def _private(home: Path, *, makes: bool = True) -> None:
    """Refuse a ledger in a folder of others. Raises `LedgerUnavailable`."""
    try:
        (private_folder if makes else check_private)(str(home))
    except EnvironmentProblem as problem:
        raise LedgerUnavailable(f"the ledger cannot be kept there: {problem}", problem.hint) from problem


def _is_there(path: Path) -> bool:
    """Whether there is a ledger. Its contents are trusted, so it must belong to us, and the files that SQLite keeps
    beside it as well. Raises `LedgerUnavailable`."""
    try:
        return check_our_database(str(path))
    except EnvironmentProblem as problem:
        raise LedgerUnavailable(f"the ledger {problem}", problem.hint) from problem


def is_of_records(error: Exception) -> bool:
    """Whether an error in a transaction comes from the records to be written. Errors of the file system, of git, or
    of SQLite about the ledger itself do not: they would affect other records as well."""
    if isinstance(error, sqlite3.Error):
        # SQLite's sum() beyond 64 bits, which comes as an OperationalError without a code of its own.
        return isinstance(error, _OF_RECORDS) or str(error) == "integer overflow"
    return not isinstance(error, TokcostError)


_OF_RECORDS = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.DataError)


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
    with _closed_on_failure(connection):
        # In WAL mode a power cut then takes the last transactions at most, never the consistency, and a commit does not
        # wait for the disk (https://sqlite.org/pragma.html#pragma_synchronous).
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -32768")
    return connection


@contextmanager
def _closed_on_failure(connection: sqlite3.Connection) -> Generator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _count(path: Path, change: int) -> None:
    with _opening:
        _open_here[path] = _open_here.get(path, 0) + change


@contextmanager
def _counted(path: Path) -> Generator[None]:
    """A connection that counts as open from before it exists until its ledger is closed."""
    _count(path, 1)
    try:
        yield
    except BaseException:
        _count(path, -1)
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _released_on_failure(lock: FolderLock) -> Generator[None]:
    try:
        yield
    except BaseException:
        release(lock)
        raise


def _finish(home: Path, seconds: float) -> None:
    """Complete a move of a rescued ledger that was interrupted: there is no ledger in place."""
    if any(home.glob(rescued_name(home, "*").name)):
        with alone(home, seconds):
            if not (home / FILE_NAME).exists():
                finish(home)


def _leave_behind(home: Path, seconds: float) -> None:
    """Set a WAL aside that does not belong to the ledger about to be created: there is no ledger."""
    path = home / FILE_NAME
    if os.path.lexists(f"{path}-wal"):
        with alone(home, seconds):
            if not path.exists():
                put_wal_aside(home, home / "ledger.left.wal")


def put_wal_aside(home: Path, target: Path) -> None:
    """Keep a foreign WAL under another name. The caller is alone with the ledger."""
    with suppress(FileNotFoundError):
        os.replace(home / f"{FILE_NAME}-wal", target)
    with suppress(FileNotFoundError):
        os.unlink(home / f"{FILE_NAME}-shm")


def _require_own_wal(home: Path) -> None:
    """Raises `LedgerDamaged` if the WAL may belong to another database: a rescue examines it, whereas opening the
    file would apply it. If other connections have the ledger open, it is in use already."""
    path = home / FILE_NAME
    with _opening:
        if not _open_here.get(path) and is_doubtful(path):
            with suppress(LedgerUnavailable), alone(home, 0):
                # Asked again, because a process that opens or closes the ledger changes the WAL and its index one after
                # the other.
                if is_doubtful(path):
                    raise LedgerDamaged(path, FOREIGN_WAL)


FOREIGN_WAL = f"{FILE_NAME}-wal is the write-ahead log of another database, or an old one of its own"


def create(path: Path, version: int | None = None) -> None:
    """Create an empty ledger, unless there is one; of an older schema version only to salvage one."""
    from tokcost.ledger import snapshot

    building = path.with_name(f"{path.name}.{os.urandom(8).hex()}.new")
    # SQLite would create it with the mode of the umask; its -wal and -shm get the mode of the file.
    os.close(os.open(building, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(_connect(building, BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA page_size = 8192")  # an import writes an eighth faster than with 4096
            # While nobody else can open the file: this switch does not wait for locks, and failed in 5 of 120 starts of
            # processes that created a ledger together.
            connection.execute("PRAGMA journal_mode = WAL")
            snapshot.create(connection, version)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # closing does it as well, but reports no error
        _publish(building, path)
    finally:
        for suffix in ("", "-wal", "-shm"):
            building.with_name(building.name + suffix).unlink(missing_ok=True)


def _publish(building: Path, path: Path) -> None:
    """Move the finished file to its name, unless another process was first."""
    try:
        # Unlike a rename this fails if there is a file, which another process may already be using.
        os.link(building, path)
    except FileExistsError:
        pass
    except OSError:  # file systems without hard links
        if not path.exists():
            os.replace(building, path)


def _require_schema(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if version == SCHEMA_VERSION:
        return
    known = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    steps = connection.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()[0] if (_STEPS,) in known else 0
    if not 0 < version <= steps:  # each version is a step
        raise LedgerDamaged(path, "it is empty" if not known else "its version is damaged")
    if version > SCHEMA_VERSION:
        from tokcost.installation import installation  # only this needs it

        raise LedgerUnavailable(
            f"the ledger was written by a newer tokcost (schema {version}; this one reads up to {SCHEMA_VERSION})",
            f"Upgrade this tokcost (`{installation().upgrade}`), or set TOKCOST_HOME to another folder.",
        )
    _upgrade(connection, path)
    if _version(connection) != SCHEMA_VERSION:  # the steps were applied before
        raise LedgerDamaged(path, "its version is damaged")


_STEPS = "_sqlite_migrations"


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    from tokcost.ledger import migrations

    if path.stat().st_size >= _LARGE:
        _mark_upgraded(path.with_name(UPGRADED))  # before the upgrade, which may be the last thing this process does
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have upgraded it while this one waited for the lock.
    if _version(connection) == SCHEMA_VERSION:
        connection.execute("ROLLBACK")
        return
    migrations.apply(connection)
    if connection.in_transaction:
        connection.execute("COMMIT")


def _mark_upgraded(mark: Path) -> None:
    with suppress(OSError):
        append_ours(str(mark), b"")
        os.utime(mark, (0, 0))  # due at once (`compact.is_due`)
