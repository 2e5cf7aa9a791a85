"""Shrinks the file of a large ledger after an upgrade, which copies tables and leaves the pages of the old ones free.

An upgrade marks the ledger with an empty file beside it; `compact` rewrites the ledger where nobody waits. SQLite does
that in one transaction, during which nobody else can write: a second or two for a million responses.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from tokcost.errors import LedgerUnavailable
from tokcost.files.private import alone_in
from tokcost.ledger.damage import told
from tokcost.ledger.open import BUSY_SECONDS, UPGRADED, Ledger, open_ledger

_AGAIN_SECONDS = 86_400.0
_ROOM = 3
"""The free space needed on the ledger's disk, in multiples of the pages in use: SQLite writes them to a temporary file,
which may be elsewhere, and to the WAL."""
_MANY_FREE = 0.1
"""The part of the pages that must be free, so that rewriting the others is worth it."""


def is_due(home: Path, now: float) -> bool:
    """Whether the ledger was upgraded, and not compacted since; for a day after a failure it is not due."""
    with suppress(OSError):
        return abs(now - (home / UPGRADED).stat().st_mtime) >= _AGAIN_SECONDS
    return False


def compact(home: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
    """Rewrite an upgraded ledger without its free pages; without room for that it is tried again a day later.

    A process killed meanwhile leaves the ledger as it was, and the mark. A second process waits for the first, and
    finds nothing to do. Raises `LedgerDamaged`, and `LedgerUnavailable` if the ledger cannot be written now.
    """
    mark = home / UPGRADED
    try:
        with alone_in(str(mark)), open_ledger(home, busy_seconds=busy_seconds) as ledger:
            if not _has_many_free(ledger):
                mark.unlink(missing_ok=True)
            elif _has_room(ledger):
                rewrite(ledger)
                mark.unlink(missing_ok=True)
            else:
                # The mark has the time of the last failure. An upgrade dates it 1970, so that the first attempt is due
                # at once.
                os.utime(mark)
    except (OSError, LedgerUnavailable):
        with suppress(OSError):
            os.utime(mark)
        raise


def rewrite(ledger: Ledger) -> bool:
    """Rewrite the file without its free pages and empty the WAL; returns whether the WAL could be emptied: another
    reading process keeps it. Raises `LedgerUnavailable` as `transaction` does."""
    with told(ledger.path):
        ledger.db.execute("VACUUM")
    # In WAL mode VACUUM writes the new file into the WAL; the file itself shrinks at a complete checkpoint, whose
    # result begins with 1 if a reader prevented that (https://sqlite.org/pragma.html#pragma_wal_checkpoint).
    busy = 1
    with suppress(sqlite3.OperationalError):
        busy = ledger.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def _has_many_free(ledger: Ledger) -> bool:
    pages, free, _ = _pages(ledger)
    return free > _MANY_FREE * pages


def _has_room(ledger: Ledger) -> bool:
    pages, free, size = _pages(ledger)
    status = os.statvfs(ledger.path.parent)
    return status.f_bavail * status.f_frsize >= _ROOM * (pages - free) * size


def _pages(ledger: Ledger) -> tuple[int, int, int]:
    """The number of pages, the number of free ones, and the size of one."""
    pages, free, size = (
        ledger.db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return pages, free, size
