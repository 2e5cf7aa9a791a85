"""Queries a dataset's files with DuckDB in this process. It installs and loads no extension, so nothing is fetched."""

import os
import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tokcost.datasets.columns import CELLS, CLAIMS, claim_row, first_day, month_of
from tokcost.datasets.folder import KINDS, Kind, read_files, require_utf8
from tokcost.errors import EnvironmentProblem
from tokcost.files.parquet import Column
from tokcost.installation import installation
from tokcost.model.changes import Grouping
from tokcost.model.dataset import CELL_GROUPINGS, Bounds, CellGroup, ClaimRow

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEEDED = ("duckdb>=2,<3", "pyarrow>=16")
_OFF: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    # DuckDB would take an unknown table name for a variable of this program.
    "python_enable_replacements": "false",
}
_MEMORY = "1GB"
"""The maximum memory of an engine in this process; larger data are written to the folder for temporary files."""
_MOST_THREADS = 8
"""Each thread has portions of its own in memory."""
_PORTION = 10_000
"""Rows that are fetched at once."""
_OFTEN = ("repository", "month", "area", "model", "cell_area", "cell_model")
"""Texts shared by many claims: each is in memory once."""
_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "date": "DATE", "truth": "BOOLEAN"}
_GROUPS = """
SELECT {by}, SUM(list_cost), SUM(tokens), SUM(claims), BOOL_OR(unpriced), BOOL_AND(exact)
FROM cells WHERE ($first IS NULL OR month >= $first) AND ($last IS NULL OR month <= $last)
GROUP BY {by} ORDER BY {by}
"""
"""SUM of BIGINT is HUGEINT in DuckDB: it cannot overflow."""


_DAMAGED = "`tokcost dataset check` names damaged files; restore them from a copy."


def check_available() -> None:
    """Raise `EnvironmentProblem` if a package that a dataset needs is not installed."""
    from importlib.util import find_spec

    missing = [name for name in ("duckdb", "pyarrow") if find_spec(name) is None]
    if missing:
        raise EnvironmentProblem(
            f"datasets need {' and '.join(missing)}: not installed",
            f"Run `{installation().adding(NEEDED)}`.",
        )


@contextmanager
def opened(
    folder: Path, kinds: Sequence[Kind] = KINDS, files: Mapping[Kind, Sequence[str]] | None = None
) -> Generator["DuckDBPyConnection"]:
    """A connection with the views `claims` and `cells`, or one of them, since not everyone may read claims.

    `claims_by_file` also has the name of the `file` of each row. `files` replace those that the dataset has now. Raises
    `EnvironmentProblem`, also for a file that cannot be read.
    """
    check_available()
    import duckdb

    with TemporaryDirectory(prefix="tokcost-") as spare:
        for used in (folder, Path(spare)):
            require_utf8(used)
        threads = min(_MOST_THREADS, os.cpu_count() or 1)
        # DuckDB's own choice for a database in memory is `.tmp` in the current folder, which may be a repository.
        limits = {"temp_directory": spare, "memory_limit": _MEMORY, "threads": threads}
        connection = duckdb.connect(":memory:", config=_OFF | limits)
        try:
            for kind in kinds:
                found = read_files(folder, kind).counted if files is None else files[kind]
                _view(connection, kind, CLAIMS if kind == "claims" else CELLS, found)
            # From here on no statement can undo these settings.
            connection.execute("SET lock_configuration = true")
            yield connection
        except duckdb.OutOfMemoryException as error:
            raise EnvironmentProblem(
                f"the dataset {folder} needs more space for temporary files than {spare} has",
                "Set TMPDIR to a folder on a larger disk.",
            ) from error
        except duckdb.Error as error:
            said = str(error).strip().splitlines()[0]
            raise EnvironmentProblem(f"the dataset {folder} cannot be read: {said}", _DAMAGED) from error
        finally:
            connection.close()


def _view(connection: "DuckDBPyConnection", name: str, columns: Sequence[Column], files: Sequence[str]) -> None:
    listed = ", ".join(f'"{one.name}"' for one in columns)
    if not files:
        # `read_parquet` refuses an empty list of files.
        empty = ", ".join(f'NULL::{_TYPES[one.kind]} AS "{one.name}"' for one in columns)
        connection.execute(f"CREATE VIEW {name} AS SELECT {empty} WHERE false")
        connection.execute(f"CREATE VIEW {name}_by_file AS SELECT *, '' AS file FROM {name}")
        return
    scanned = f"read_parquet([{', '.join(map(_pattern, files))}], hive_partitioning = false, filename = true)"
    connection.execute(f"CREATE VIEW {name} AS SELECT {listed} FROM {scanned}")
    named = f"parse_filename(filename) AS file FROM {scanned}"
    connection.execute(f"CREATE VIEW {name}_by_file AS SELECT {listed}, {named}")


def _pattern(path: str) -> str:
    """The quoted pattern by which DuckDB finds exactly this file. Without partitioning: it would interpret a folder
    called `month=2026-10` as a column."""
    exact = re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", path)
    return "'" + exact.replace("'", "''") + "'"


def read_groups(connection: "DuckDBPyConnection", by: Grouping, bounds: Bounds) -> list[CellGroup]:
    """Sums of the cells of these months, over all jobs."""
    # It becomes part of the statement, where no parameter can stand.
    assert by in CELL_GROUPINGS
    asked = {"first": first_day(bounds.first) if bounds.first else None}
    asked["last"] = first_day(bounds.last) if bounds.last else None
    rows = connection.execute(_GROUPS.format(by=by), asked).fetchall()
    return [CellGroup(month_of(name) if by == "month" else name, *more) for name, *more in rows]


def read_claims(path: str) -> list[ClaimRow]:
    """The rows of one file of claims. Raises `EnvironmentProblem`."""
    parquet: Any = import_module("pyarrow.parquet")
    try:
        table = parquet.read_table(path, columns=[one.name for one in CLAIMS])
        columns = [table.column(one.name).to_pylist() for one in CLAIMS]
    except (OSError, ValueError, KeyError) as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error}", _DAMAGED) from error
    return [claim_row(values) for values in zip(*columns, strict=True)]


def version() -> str:
    """The name of the engine and its version."""
    import duckdb

    return f"DuckDB {duckdb.__version__}"


def read_known(connection: "DuckDBPyConnection", ids: Iterable[str]) -> dict[str, list[ClaimRow]]:
    """All rows of these claims in the dataset, by id."""
    arrow: Any = import_module("pyarrow")
    wanted: Any = arrow.table({"id": arrow.array(sorted(ids), arrow.string())})
    connection.register("wanted", wanted)
    result = connection.execute("SELECT claims.* FROM claims SEMI JOIN wanted ON claims.id = wanted.id")
    found: dict[str, list[ClaimRow]] = {}
    texts: dict[str | None, str | None] = {}
    while rows := result.fetchmany(_PORTION):
        for values in rows:
            row = claim_row(values)
            same = {name: texts.setdefault(text, text) for name in _OFTEN for text in (getattr(row, name),)}
            found.setdefault(row.id, []).append(row._replace(**same))
    connection.unregister("wanted")
    return found
