"""Backups of the ledger, so that history outlives deleted logs and damaged disk pages: one a week, two of them kept."""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from stat import S_ISREG

from tokcost.errors import LedgerDamaged, LedgerUnavailable
from tokcost.ledger.damage import told, wrong_with
from tokcost.ledger.open import FILE_NAME, open_for_reading

EVERY_SECONDS = 7 * 86_400
_MOST = 2
_NAME = re.compile(r"ledger\.backup-\d{8}T\d{6}Z\.db")
_NEW = "ledger.backup.new"
_ABANDONED_SECONDS = 3600
_FREE = 3
"""The free space that a backup needs on the ledger's disk, in multiples of the ledger's size."""
_AGE = "SELECT min(applied_at) FROM _sqlite_migrations"


def backups(home: Path) -> list[Path]:
    """Every backup, newest first."""
    with suppress(OSError):
        named = [home / name for name in sorted(os.listdir(home), reverse=True) if _NAME.fullmatch(name)]
        return [path for path in named if S_ISREG(path.lstat().st_mode)]
    return []


def is_due(home: Path, now: float) -> bool:
    """Whether the newest backup, or the ledger if there is none, is a week old."""
    found = backups(home)
    with suppress(OSError):
        if found:  # one from a clock that was ahead must not delay the next
            return all(abs(now - one.stat().st_mtime) >= EVERY_SECONDS for one in found)
        ledger = open_for_reading(home)
        if ledger is not None:
            with ledger:
                made = str(ledger.db.execute(_AGE).fetchone()[0])[:19].replace("T", " ")
            return made < time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now - EVERY_SECONDS))
    return False


def back_up(home: Path) -> Path | None:
    """Make a backup and remove the oldest; `None` if there is no room, or another process is making one.

    The copy is verified: a damaged ledger never replaces a good backup. Raises `LedgerDamaged`, `LedgerUnavailable`.
    """
    path, new = home / FILE_NAME, home / _NEW
    with told(path):
        status = os.statvfs(home)
        if status.f_bavail * status.f_frsize < _FREE * path.stat().st_size or not _begin(new):
            return None
        try:
            _copy(home, new)
            target = home / time.strftime("ledger.backup-%Y%m%dT%H%M%SZ.db", time.gmtime())
            os.replace(new, target)
        finally:
            for suffix in ("", "-wal", "-shm", "-journal"):
                Path(f"{new}{suffix}").unlink(missing_ok=True)
    for old in [*_in_order(home)[_MOST:], *_left_by_killed(home)]:
        old.unlink(missing_ok=True)
    return target


def _in_order(home: Path) -> list[Path]:
    """Every backup, newest first; those from a clock that was ahead come last."""
    # Otherwise a backup made while the clock was ahead counts as the newest for ever, and each new one is removed in
    # its stead.
    latest = time.strftime("ledger.backup-%Y%m%dT%H%M%SZ.db", time.gmtime(time.time() + EVERY_SECONDS))
    found = backups(home)
    return [*(one for one in found if one.name <= latest), *(one for one in found if one.name > latest)]


def _left_by_killed(home: Path) -> Iterator[Path]:
    """Unfinished new ledgers of killed processes."""
    for path in home.glob(f"{FILE_NAME}.*.new*"):
        with suppress(OSError):
            if _is_abandoned(path):
                yield path


def _begin(new: Path) -> bool:
    """Whether no other process is making a backup."""
    with suppress(FileNotFoundError):
        if _is_abandoned(new):
            new.unlink()
    try:
        # SQLite takes an empty file for a new database, so one file is the lock and the target. SQLite itself would
        # create it with the mode of the umask.
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def _is_abandoned(path: Path) -> bool:
    """Whether a file that a process was making has not grown for long; a file dated in the future counts as
    abandoned too. Raises `OSError`."""
    return abs(time.time() - path.stat().st_mtime) > _ABANDONED_SECONDS


def _copy(home: Path, new: Path) -> None:
    ledger = open_for_reading(home)
    if ledger is None:
        raise LedgerUnavailable(f"there is no ledger in {home}", "`tokcost log` creates one.")
    with ledger, closing(sqlite3.connect(new, isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous = NORMAL")
        # SQLite copies one state of the ledger, with what only its WAL has (https://sqlite.org/backup.html). It copies
        # pages without examining them, so a check of the copy is one of the ledger.
        ledger.db.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # a single file, without a WAL
        wrong = wrong_with(copy)
    if wrong:
        raise LedgerDamaged(home / FILE_NAME, wrong)
