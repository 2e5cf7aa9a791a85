"""Building a sound ledger from a damaged one, and from backups of it.

Rows keep their ids, so that whatever names them still does. What is there twice is there once afterwards: by its id,
and usage by its key. What was named and is gone gets a stand-in, so that nothing else is lost with it: usage whose
claim cannot be read counts as withheld, since it may have been published.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tokcost.ledger.damage import wrong_with
from tokcost.ledger.open import Ledger, create
from tokcost.ledger.pages import Pages, shapes_of
from tokcost.ledger.rollup import add_up_again
from tokcost.model.usage import KINDS, MAX_TOKENS

TABLES = (
    *("repository", "worktree", "directory", "session", "source", "tally", "price", "setting", "session_total"),
    *("session_copy", "assignment", "usage", "claim", "claim_version", "carrier", "observation"),
)
"""All but what is made again: sums, listings, refs at the last look."""

_TOKENS = "ifnull(sum(input + cache_read + cache_write_5m + cache_write_1h + output), 0)"
_MOST = 1 << 53
_KINDS = frozenset(KINDS)
_YEAR_10000_MS = 253_402_300_800_000


def _usage(row: tuple[Any, ...]) -> bool:
    time_ms, kind = row[3], row[6]
    counts, (session, directory), cost, claims = row[9:16], row[19:21], row[27], row[30:32]
    return (
        0 <= time_ms < _YEAR_10000_MS
        and kind in _KINDS
        and min(counts) >= 0
        and max(counts) <= 1000 * MAX_TOKENS  # one that was recovered from a total stands for many
        and min(session, directory) > 0
        and 0 <= (cost or 0) < _MOST
        and min(claims) >= 0
    )


def _claim(row: tuple[Any, ...]) -> bool:
    return len(row[1]) == 12 and row[4] in ("", "withheld", "bound") and min(row[2], row[3], row[5], row[6]) >= 0


def _repository(row: tuple[Any, ...]) -> bool:
    return "/" in row[1] or "\\" in row[1]


_PLAUSIBLE: dict[str, Callable[[tuple[Any, ...]], bool]] = {
    "usage": _usage,
    "claim": _claim,
    "repository": _repository,
}
"""Rows of the right shape can be rows of another table, or damaged."""
_NO_COPIES = (
    "DELETE FROM session_copy WHERE session <= 0 OR"
    " EXISTS (SELECT 1 FROM usage WHERE usage.id = session_copy.usage AND usage.session = session_copy.session)"
)
"""A copy within its own session says nothing; entries of an index look like that."""


class Salvaged(NamedTuple):
    """What became of a damaged ledger."""

    rows: dict[str, int]
    """Rows saved, by table."""
    from_backup: dict[str, int]
    """Those of them that only a backup had."""
    unreadable_pages: int
    """Pages that cannot be read, or not to their end; -1 when only indexes were damaged and nothing is lost."""
    lost: dict[str, int]
    """Rows known to be lost, by table."""
    before: tuple[int, int] | None
    """Usage and tokens by the damaged file's own sums; `None` where those are damaged too."""
    after: tuple[int, int]
    """Usage and tokens saved."""


def salvage(damaged: Path, backups: Iterable[Path], target: Path) -> Salvaged:
    """Make `target`, a new file, of everything readable. The files beside `target` with its name and an ending are used
    up; `damaged` and the backups are only read. Raises `OSError` and `sqlite3.Error` where `target` cannot be written.
    """
    copy = target.with_name(f"{target.name}.copy")
    _copy(damaged, copy)
    before = _sums_of(copy)
    if _reindexed(copy):
        os.replace(copy, target)
        with closing(_open(target)) as connection:
            return Salvaged(_counts(connection), {}, -1, {}, before, _sums(connection) or (0, 0))
    _copy(damaged, copy)
    create(target)
    with closing(_open(target)) as connection:
        pages, bad = _take(connection, copy)
        own = _counts(connection)
        for backup in backups:
            _copy(backup, copy)
            _take(connection, copy)
        rows = _counts(connection)
        lost = _stand_in(connection)
        _let_logs_be_read_again(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        more = {table: rows[table] - own[table] for table in TABLES if rows[table] > own[table]}
        lost = {table: lost.get(table, 0) + bad.get(table, 0) for table in lost.keys() | bad.keys()}
        after = _tokens(connection)
    for path in (copy, Path(f"{target}-wal"), Path(f"{target}-shm")):
        path.unlink(missing_ok=True)
    return Salvaged(rows, more, pages, lost, before, after)


def _copy(file: Path, copy: Path) -> None:
    for suffix in ("-shm", "-wal", ""):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
        if suffix != "-shm" and os.path.exists(f"{file}{suffix}"):
            os.close(os.open(f"{copy}{suffix}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            shutil.copyfile(f"{file}{suffix}", f"{copy}{suffix}")


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, isolation_level=None)


def _reindexed(copy: Path) -> bool:
    """Whether all that is damaged is in indexes, which are then made anew."""
    with suppress(sqlite3.Error), closing(_open(copy)) as connection:
        connection.execute("REINDEX")
        if not wrong_with(connection):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return True
    return False


def _take(connection: sqlite3.Connection, copy: Path) -> tuple[int, dict[str, int]]:
    """Add what a file holds and the ledger being built does not; unreadable pages, and rows that are none."""
    pages, bad = Pages(copy), dict[str, int]()
    connection.execute("BEGIN")
    for shape, found, wrong in pages.rows(shapes_of(connection, TABLES)):
        is_plausible = _PLAUSIBLE.get(shape.table)
        good = [row for row in found if is_plausible(row)] if is_plausible else found
        if good:  # a page of another table has none
            places = ", ".join("?" * len(shape.columns))
            connection.executemany(f"INSERT OR IGNORE INTO {shape.table} VALUES ({places})", good)
            bad[shape.table] = bad.get(shape.table, 0) + wrong + len(found) - len(good)
    connection.execute(_NO_COPIES)
    connection.execute("COMMIT")
    return pages.unreadable, {table: count for table, count in bad.items() if count}


_NAMED = (
    ("session", "SELECT session FROM usage UNION SELECT session FROM session_total"),
    ("directory", "SELECT directory FROM usage UNION SELECT directory FROM session_total"),
    ("worktree", "SELECT worktree FROM usage UNION SELECT worktree FROM directory"),
    (
        "repository",
        "SELECT repository FROM usage UNION SELECT repository FROM worktree UNION SELECT repository FROM claim",
    ),
    ("claim", "SELECT claim FROM usage UNION SELECT claim FROM claim_version UNION SELECT claim FROM carrier"),
)
_STAND_INS = {
    "session": "INSERT INTO session SELECT id, ifnull((SELECT assistant FROM usage WHERE session = gone.id), ''),"
    " 'lost-' || id FROM gone",
    "directory": "INSERT INTO directory SELECT id, 'lost/' || id,"
    " (SELECT worktree FROM usage WHERE directory = gone.id) FROM gone",
    "worktree": "INSERT INTO worktree (id, repository, path, git_dir) SELECT gone.id,"
    " ifnull((SELECT repository FROM usage WHERE worktree = gone.id AND repository IS NOT NULL), 0),"
    " ifnull((SELECT path FROM directory WHERE worktree = gone.id AND path NOT IN (SELECT path FROM worktree)"
    " ORDER BY length(path) LIMIT 1), 'lost/' || gone.id), '' FROM gone",
    "repository": "INSERT OR IGNORE INTO repository SELECT gone.id, ifnull((SELECT CASE"
    " WHEN instr(git_dir, '/worktrees/') THEN substr(git_dir, 1, instr(git_dir, '/worktrees/') - 1)"
    " WHEN git_dir = '' THEN path || '/.git' ELSE git_dir END"
    " FROM worktree WHERE repository = gone.id ORDER BY git_dir = '', length(git_dir) LIMIT 1), 'lost/' || gone.id),"
    " ifnull((SELECT path FROM worktree WHERE repository = gone.id"
    " ORDER BY git_dir = '', length(git_dir) LIMIT 1), 'lost/' || gone.id), '' FROM gone",
    "claim": "INSERT OR IGNORE INTO claim"
    " SELECT id, printf('lost%08d', id), repository, max(version, 1), 'withheld', 0, 0"
    " FROM (SELECT gone.id, (SELECT repository FROM usage WHERE claim = gone.id LIMIT 1) AS repository,"
    " ifnull((SELECT max(claim_version) FROM usage WHERE claim = gone.id), 1) AS version FROM gone)"
    " WHERE repository IS NOT NULL",
}


def _stand_in(connection: sqlite3.Connection) -> dict[str, int]:
    """Rows that are named and were not found; each has a stand-in afterwards."""
    lost: dict[str, int] = {}
    connection.execute("BEGIN")
    for table, named in _NAMED:
        connection.execute("CREATE TEMP TABLE gone (id INTEGER PRIMARY KEY)")
        gone = connection.execute(
            f"INSERT INTO gone SELECT * FROM ({named}) EXCEPT SELECT id FROM {table} EXCEPT SELECT 0 EXCEPT SELECT NULL"
        ).rowcount
        connection.execute(_STAND_INS[table])
        connection.execute("DROP TABLE gone")
        if gone:
            lost[table] = gone
    add_up_again(connection)
    connection.execute("COMMIT")
    return lost


def _let_logs_be_read_again(connection: sqlite3.Connection) -> None:
    """What is still in logs is read once more, from their beginning, and merged by its identity."""
    connection.execute("BEGIN")
    there = [
        number for number, path in connection.execute("SELECT id, path FROM source").fetchall() if os.path.exists(path)
    ]
    for number in there:
        connection.execute("UPDATE source SET size = -1 WHERE id = ?", (number,))
        connection.execute("DELETE FROM tally WHERE source = ?", (number,))
    connection.execute("COMMIT")


def settle_what_is_lost(ledger: Ledger) -> None:
    """Let published lines that say more than is left of their claims take nothing out of later ones; part of the
    caller's transaction."""
    ledger.db.execute(
        f"UPDATE claim_version SET (cost, tokens) = (SELECT ifnull(sum(list_cost), 0), {_TOKENS} FROM rollup"
        " WHERE rollup.claim = claim_version.claim AND rollup.claim != 0)"
        f" WHERE tokens > (SELECT {_TOKENS} FROM rollup WHERE rollup.claim = claim_version.claim AND rollup.claim != 0)"
        " AND version = (SELECT version FROM claim WHERE claim.id = claim_version.claim)"
    )


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}


def _sums_of(copy: Path) -> tuple[int, int] | None:
    with suppress(sqlite3.Error), closing(_open(copy)) as connection:
        return _sums(connection)
    return None


def _sums(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """By the kept sums: what the file knew of its own usage."""
    found = connection.execute(f"SELECT ifnull(sum(usage), 0), {_TOKENS} FROM rollup WHERE usage > 0").fetchone()
    return found if all(type(value) is int and 0 <= value < _MOST for value in found) else None


def _tokens(connection: sqlite3.Connection) -> tuple[int, int]:
    return connection.execute(f"SELECT count(*), {_TOKENS} FROM usage").fetchone()
