"""A ledger with and without a WAL that may belong to another database; neither file is written."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from tokcost.ledger.damage import examine, wrong_with
from tokcost.ledger.salvage import copy_file, held_by
from tokcost.ledger.wal_identity import as_uri

_NAMES = (("usage", "key"), ("session", "name"), ("directory", "path"))
"""The columns that a row of one ledger keeps for ever, except for the little usage that is removed or gets a better
key. Claims come and go, and are written into clones too."""
_FEW = 10
"""The number of rows of which one may have changed."""


def has_own_wal(path: Path, view: Path) -> bool | None:
    """Whether the WAL belongs to the file: both together are then sound, with everything that the file has without
    it. `None` if the file is sound neither way. The file is only read; `view` is where both are combined."""
    # Only a copy may be opened: SQLite applies the WAL to whatever file it opens, and with it another database's pages.
    copy_file(path, view)
    try:
        is_sound = not examine(view)
        try:
            with closing(_without_log(path)) as alone:
                is_sound_alone = not wrong_with(alone)
            if is_sound and _keeps_all(path, view):
                return True
        except sqlite3.Error:
            is_sound_alone = False
        return False if is_sound_alone else is_sound or None
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{view}{suffix}").unlink(missing_ok=True)


def held_without_wal(path: Path) -> tuple[int, int]:
    """Usage and tokens of the file without its WAL."""
    with closing(_without_log(path)) as connection:
        return held_by(connection) or (0, 0)


def _keeps_all(path: Path, view: Path) -> bool:
    """Whether a copy of a ledger with the WAL applied continues the ledger without it."""
    with closing(_without_log(path)) as connection:
        connection.execute("ATTACH ? AS view", (str(view),))
        for table, column in _NAMES:
            compared = (
                f"SELECT count(*), ifnull(sum(other.{column} IS NOT one.{column}), 0),"
                f" ifnull(max(one.id), 0) <= (SELECT ifnull(max(id), 0) FROM view.{table})"
                f" FROM main.{table} AS one LEFT JOIN view.{table} AS other USING (id)"
            )
            with suppress(sqlite3.OperationalError):  # the WAL contains a schema upgrade
                rows, changed, goes_on = connection.execute(compared).fetchone()
                if not goes_on or changed * _FEW > rows:
                    return False
    return True


def _without_log(path: Path) -> sqlite3.Connection:
    """The file without its WAL; nothing is written, not even by closing it."""
    # `immutable` makes SQLite ignore the WAL, and take no locks (https://sqlite.org/uri.html).
    return sqlite3.connect(f"{as_uri(path)}?mode=ro&immutable=1", uri=True, isolation_level=None)
