"""A ledger with and without a WAL that may be another database's: nothing is written to either."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from tokcost.ledger.damage import examine, wrong_with
from tokcost.ledger.salvage import copy_file, held_by
from tokcost.ledger.wal_identity import as_uri

_NAMES = (("usage", "key"), ("session", "name"), ("directory", "path"))
"""The columns that a row of one ledger keeps for ever, but for a little usage that is taken back or gets a better key;
claims come and go, and are written into clones too."""
_FEW = 10
"""The number of rows of which one may have changed."""


def has_own_wal(path: Path, view: Path) -> bool | None:
    """Whether the log belongs to the file: both together are sound then, with all that the file has without it. `None`
    where it is sound neither way. The file is only read; `view` is where both are put together."""
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
    """Usage and tokens of the file as it stands."""
    with closing(_without_log(path)) as connection:
        return held_by(connection) or (0, 0)


def _keeps_all(path: Path, view: Path) -> bool:
    """Whether a copy of a ledger that its log was written into goes on where the ledger is without it."""
    with closing(_without_log(path)) as connection:
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


def _without_log(path: Path) -> sqlite3.Connection:
    """The file as it stands; nothing is written, also not by closing it."""
    return sqlite3.connect(f"{as_uri(path)}?mode=ro&immutable=1", uri=True, isolation_level=None)
