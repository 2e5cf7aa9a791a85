"""Builds a sound ledger from a damaged one, and from its backups.

Rows keep their ids, so that references to them stay valid. Duplicates are merged: rows by id, and usage by key. A
missing row that others refer to gets a stand-in, so that nothing else is lost with it. Usage whose claim cannot be read
counts as withheld, since it may have been published.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tokcost.ledger import snapshot
from tokcost.ledger.correct_folders import correct_folders
from tokcost.ledger.damage import UNREADABLE, wrong_with
from tokcost.ledger.open import Ledger, create
from tokcost.ledger.pages import Pages, Shape, shapes_of
from tokcost.ledger.rollup import add_up_again
from tokcost.ledger.stand_ins import stand_in
from tokcost.model.logs import UNFINISHED
from tokcost.model.usage import KINDS, MAX_TOKENS

TABLES = (
    *("repository", "worktree", "directory", "session", "assistant", "series", "place", "log_place", "source", "tally"),
    *("price", "setting", "session_total", "assignment", "usage", "claim", "claim_version", "carrier", "observation"),
)
"""All tables except those that are recreated (sums, listings, refs at the last refresh), and `session_copy`: its
rows cannot be distinguished from index entries, and existing logs are read once more."""
_BEFORE_5 = 4
"""Tables of schemas 1 to 4 differ only in columns that were added at their end."""
_CLASSES = "sum(input), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output)"
_MOST = 1 << 53
_KINDS = frozenset(KINDS)
_YEAR_10000_MS = 253_402_300_800_000
_NUMBERS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "web_searches")

_Row = Mapping[str, Any]


def _usage(row: _Row) -> bool:
    counts = [row[name] for name in _NUMBERS]
    named = [row[name] for name in ("session", "series", "place", "log_place", "directory") if name in row]
    claims = (row["claim"] or 0, row["claim_version"] or 0)
    return (
        0 <= row["time_ms"] < _YEAR_10000_MS
        and row.get("kind", KINDS[0]) in _KINDS
        and min(counts) >= 0
        and max(counts) <= 1000 * MAX_TOKENS  # usage recovered from a total stands for many calls
        and min(named) > 0
        and 0 <= (row["list_cost"] or 0) < _MOST
        and min(claims) >= 0
        and bool(claims[0]) == bool(claims[1])
        and 0 <= row["copy_rank"] <= 2
        and {row["lower_bound"], row["weak_key"], row.get("moves_head", 0), row.get("estimated", 0)} <= {0, 1}
    )


def _claim(row: _Row) -> bool:
    numbers = [row[name] for name in ("repository", "version", "carried", "ever_carried")]
    return len(row["name"]) == 12 and row["fate"] in (None, "", "withheld", "bound") and min(numbers) >= 0


def _repository(row: _Row) -> bool:
    return "/" in row["common_dir"] or "\\" in row["common_dir"]


def _price(row: _Row) -> bool:
    from json import loads

    if not row["body"]:  # a stand-in that an earlier rescue created (stand_ins.py)
        return not row["basis"]
    with suppress(ValueError, RecursionError):
        return loads(row["body"]) is not None
    return False


_PLAUSIBLE: dict[str, Callable[[_Row], bool]] = {
    "usage": _usage,
    "claim": _claim,
    "repository": _repository,
    "price": _price,
    "session": lambda row: _is_name(row["assistant"]),
    "assistant": lambda row: _is_name(row["name"]),
    "series": lambda row: row["kind"] in _KINDS,
    "claim_version": lambda row: row["version"] > 0 and row["tokens"] >= 0,
}
"""Rows of the right shape can belong to another table, or be damaged."""


def _is_name(text: str) -> bool:
    return all(letter.isalnum() or letter in "-_." for letter in text)


class SalvagedLedger(NamedTuple):
    """The result of rescuing a damaged ledger."""

    rows: dict[str, int]
    """Rows saved, by table."""
    from_backup: dict[str, int]
    """The saved rows that only a backup had."""
    unreadable_pages: int
    """Pages that cannot be read completely; -1 if only indexes were damaged and nothing is lost."""
    lost: dict[str, int]
    """Rows known to be lost, by table."""
    before: tuple[int, int] | None
    """Usage and tokens according to the damaged file's own sums; `None` if those are damaged too."""
    after: tuple[int, int]
    """Usage and tokens saved."""


def salvage(damaged: Path, backups: Iterable[Path], target: Path, *, with_log: bool = True) -> SalvagedLedger:
    """Fill `target`, a new file, with everything readable, with or without the WAL (`with_log`).

    Files beside `target` with its name and a suffix are used up; `damaged` and the backups are only read. Raises
    `OSError` and `sqlite3.Error` if `target` cannot be written.
    """
    copy = target.with_name(f"{target.name}.copy")
    copy_file(damaged, copy, with_log=with_log)
    before = _sums_of(copy)
    if _reindexed(copy):
        os.replace(copy, target)
        with closing(_open(target)) as connection:
            correct_folders(connection)
            return SalvagedLedger(_counts(connection), {}, -1, {}, before, _sums(connection) or (0, 0))
    copy_file(damaged, copy, with_log=with_log)
    pages, version = None, None
    create(target)
    if not _copied(copy, target, before):
        for suffix in ("", "-wal", "-shm"):
            Path(f"{target}{suffix}").unlink(missing_ok=True)
        pages = Pages(copy)
        version = _version_of(pages)
        create(target, version)
    with closing(_open(target)) as connection:
        bad = _take(connection, pages, before) if pages else {}
        own = _counts(connection)
        for backup in backups:
            copy_file(backup, copy)
            _take_from_backup(connection, copy, before)
        rows = _counts(connection)
        lost = _complete(connection, version)
        correct_folders(connection)
        _let_logs_be_read_again(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        more = {table: rows[table] - own[table] for table in rows if rows[table] > own[table]}
        lost = {table: lost.get(table, 0) + bad.get(table, 0) for table in lost.keys() | bad.keys()}
        after = held_by(connection) or (0, 0)
    for path in (copy, Path(f"{target}-wal"), Path(f"{target}-shm")):
        path.unlink(missing_ok=True)
    return SalvagedLedger(rows, more, pages.unreadable if pages else 0, lost, before, after)


def copy_file(file: Path, copy: Path, *, with_log: bool = True) -> None:
    """Copy an SQLite file to which nobody writes meanwhile."""
    for suffix in ("-shm", "-wal", ""):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
        if (not suffix or (with_log and suffix == "-wal")) and os.path.exists(f"{file}{suffix}"):
            os.close(os.open(f"{copy}{suffix}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            shutil.copyfile(f"{file}{suffix}", f"{copy}{suffix}")


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, isolation_level=None)


def _reindexed(copy: Path) -> bool:
    """Whether only indexes are damaged; they are then recreated."""
    with suppress(*UNREADABLE), closing(_open(copy)) as connection:
        connection.execute("REINDEX")
        # A page that replaced a table's root makes a sound table of a few rows.
        if not wrong_with(connection) and _sums(connection) == held_by(connection):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return True
    return False


def _version_of(pages: Pages) -> int | None:
    """The schema with which a damaged file was written, as far as it matters; `None` for the newest. The header may
    be damaged, so the appearance of the pages decides."""
    likely = [pages.likely(_shapes(version, ("usage",))[0]) for version in (_BEFORE_5, None)]
    return _BEFORE_5 if likely[0] > likely[1] else None


def _shapes(version: int | None, tables: Sequence[str]) -> list[Shape]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        snapshot.create(connection, version)
        return shapes_of(connection, tables)


def _copied(copy: Path, target: Path, before: tuple[int, int] | None) -> bool:
    """Whether all tables can be read as they are, though not their indexes; the new file then has all of them."""
    with suppress(*UNREADABLE), closing(_open(target)) as connection:
        connection.execute("ATTACH ? AS damaged", (str(copy),))
        connection.execute("BEGIN")
        if before is not None and _layout(connection, "main") == _layout(connection, "damaged"):
            for shape in shapes_of(connection, [*TABLES, "session_copy"]):
                columns, values = ", ".join(shape.columns), ", ".join(_values(shape, shape.columns))
                rows = f"SELECT {values} FROM damaged.{shape.table} NOT INDEXED"
                connection.execute(f"INSERT INTO main.{shape.table} ({columns}) {rows}")
                for _ in connection.execute(f"SELECT * FROM main.{shape.table}"):  # a text may be damaged as well
                    pass
            references = connection.execute("PRAGMA main.foreign_key_check").fetchone()
            if references is None and held_by(connection) == before:
                connection.execute("COMMIT")
                return True
        connection.execute("ROLLBACK")
    return False


def _take(connection: sqlite3.Connection, pages: Pages, before: tuple[int, int] | None) -> dict[str, int]:
    """Add what a file has and the ledger being built has not; returns the number of invalid rows by table."""
    bad = dict[str, int]()
    shapes = shapes_of(connection, _tables(connection))
    connection.execute("BEGIN")
    for shape, found, wrong in pages.rows(shapes):
        good = _plausible(shape, found)
        if good:  # a page of another table has none
            _insert(connection, shape, good)
            bad[shape.table] = bad.get(shape.table, 0) + wrong + len(found) - len(good)
    _take_freed(connection, pages, shapes, before)
    connection.execute("COMMIT")
    return {table: count for table, count in bad.items() if count}


def _take_freed(
    connection: sqlite3.Connection, pages: Pages, shapes: Sequence[Shape], before: tuple[int, int] | None
) -> None:
    """Search free pages for missing rows as well, since the free list may be the damaged part: rows of a table of
    which nothing was found, and usage up to the known number."""
    counts = {shape.table: _count(connection, shape.table) for shape in shapes}
    missing = before[0] - counts["usage"] if before else 0
    wanted = [shape for shape in shapes if not counts[shape.table] or (shape.table == "usage" and missing > 0)]
    for shape, found, _ in pages.rows(wanted, freed=True) if wanted else ():
        good = _plausible(shape, found)
        if shape.table != "usage" or (before and _count(connection, "usage") + len(good) <= before[0]):
            _insert(connection, shape, good)


def _plausible(shape: Shape, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    is_plausible = _PLAUSIBLE.get(shape.table)
    if is_plausible is None:
        return rows
    return [row for row in rows if is_plausible(dict(zip(shape.columns, row, strict=True)))]


def _insert(connection: sqlite3.Connection, shape: Shape, rows: list[tuple[Any, ...]]) -> None:
    columns, values = ", ".join(shape.columns), ", ".join(_values(shape, ["?"] * len(shape.columns)))
    connection.executemany(f"INSERT OR IGNORE INTO {shape.table} ({columns}) VALUES ({values})", rows)


_ZERO_WAS_NONE = frozenset({"placed_second", "factor_percent"})


def _values(shape: Shape, given: Sequence[str]) -> list[str]:
    """SQL for the columns of a row that a version before schema 10 may have written, where '' and 0 were none."""
    none = {str: "''", bytes: "x''"}
    return [
        f"nullif({value}, {none.get(next(iter(kinds - {type(None)})), 0)})"
        if type(None) in kinds and (int not in kinds or column in _ZERO_WAS_NONE)
        else value
        for value, column, kinds in zip(given, shape.columns, shape.types, strict=True)
    ]


_SAME_ROWS = (("usage", "key"), ("session", "name"), ("claim", "name"), ("series", "model"), ("directory", "path"))
"""The columns that a row of one ledger keeps for ever."""


def _take_from_backup(connection: sqlite3.Connection, copy: Path, before: tuple[int, int] | None) -> None:
    """Add what a backup has and the ledger being built has not. A backup whose ids mean other rows, or with another
    schema, is useless, and so is a damaged one."""
    tables = _tables(connection)
    with suppress(*UNREADABLE):
        connection.execute("ATTACH ? AS backup", (str(copy),))
        try:
            connection.execute("BEGIN")
            _add_backup(connection, tables, _count(connection, "usage") < (before[0] if before else _MOST))
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.execute("DETACH backup")


def _add_backup(connection: sqlite3.Connection, tables: Sequence[str], with_usage: bool) -> None:
    if _layout(connection, "main") != _layout(connection, "backup"):
        return
    for table, column in _SAME_ROWS:
        same = f"SELECT 1 FROM main.{table} AS one JOIN backup.{table} AS other USING (id) WHERE one.{column} !="
        if {table, column} & {"series"} and "series" not in tables:
            continue
        if connection.execute(f"{same} other.{column} LIMIT 1").fetchone():
            return
    for shape in shapes_of(connection, tables):
        if with_usage or shape.table != "usage":  # existing usage that is absent here was removed since
            columns, values = ", ".join(shape.columns), ", ".join(_values(shape, shape.columns))
            connection.execute(
                f"INSERT OR IGNORE INTO main.{shape.table} ({columns}) SELECT {values} FROM backup.{shape.table}"
            )


def _layout(connection: sqlite3.Connection, name: str) -> list[tuple[str]]:
    return connection.execute(f"SELECT name FROM pragma_table_xinfo('usage', '{name}')").fetchall()


def _complete(connection: sqlite3.Connection, version: int | None) -> dict[str, int]:
    """Upgrade the ledger being built to the newest schema, with all its sums, and add stand-ins for missing rows."""
    if version is not None:
        from tokcost.ledger import migrations

        migrations.apply(connection)
    connection.execute("BEGIN")
    lost = stand_in(connection)
    add_up_again(connection)
    connection.execute("COMMIT")
    return lost


def _let_logs_be_read_again(connection: sqlite3.Connection) -> None:
    """Have all logs read once more, from their beginning; usage is merged by its identity."""
    connection.execute("BEGIN")
    there = [
        number for number, path in connection.execute("SELECT id, path FROM source").fetchall() if os.path.exists(path)
    ]
    for number in there:
        connection.execute(
            "UPDATE source SET mtime_ns = ?, cursor = NULL, consumed = 0 WHERE id = ?", (UNFINISHED, number)
        )
        connection.execute("DELETE FROM tally WHERE source = ?", (number,))
    connection.execute("COMMIT")


def settle_what_is_lost(ledger: Ledger) -> None:
    """Prevent published lines that exceed the rest of their claims from reducing later lines, in the caller's
    transaction."""
    worth = "FROM rollup WHERE rollup.claim = claim_version.claim"
    ledger.db.execute(
        f"UPDATE claim_version SET (cost, tokens) = (SELECT ifnull(sum(list_cost), 0), ifnull(sum(tokens), 0) {worth})"
        f" WHERE tokens > (SELECT ifnull(sum(rollup.tokens), 0) {worth})"
        " AND version = (SELECT version FROM claim WHERE claim.id = claim_version.claim)"
    )


def _tables(connection: sqlite3.Connection) -> list[str]:
    """The tables among `TABLES` that this schema has."""
    there = {name for (name,) in connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")}
    return [table for table in TABLES if table in there]


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    return {table: _count(connection, table) for table in _tables(connection)}


def _count(connection: sqlite3.Connection, table: str) -> int:
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def _sums_of(copy: Path) -> tuple[int, int] | None:
    with suppress(*UNREADABLE), closing(_open(copy)) as connection:
        return _sums(connection)
    return None


def _sums(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """Usage and tokens according to the stored sums."""
    return _added(connection, f"SELECT sum(usage), {_CLASSES} FROM rollup WHERE usage > 0")


def held_by(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """Usage and tokens according to the file's rows."""
    return _added(connection, f"SELECT count(*), {_CLASSES} FROM usage")


def _added(connection: sqlite3.Connection, query: str) -> tuple[int, int] | None:
    usage, *tokens = (value or 0 for value in connection.execute(query).fetchone())
    likely = all(type(value) is int and 0 <= value < _MOST for value in (usage, *tokens))
    return (usage, sum(tokens)) if likely else None
