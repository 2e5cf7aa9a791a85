"""Merges the files of a dataset into one of each kind: rows are streamed from the engine to the file, however many
there are.

Cells are written first, so that after any interruption the valid claims and cells agree: files name those that they
replace, and the old ones are removed last.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tokcost.datasets.checks import lacks_cells
from tokcost.datasets.columns import CELLS, CLAIMS, SCHEMA
from tokcost.datasets.duck import opened
from tokcost.datasets.folder import (
    COMPACT,
    KINDS,
    REPLACES,
    UNFINISHED,
    Files,
    Kind,
    adopt,
    file_digest,
    read_files,
    remove,
)
from tokcost.datasets.publications import VALID_CELLS, RemovedCells, remove_overlaps
from tokcost.errors import EnvironmentProblem, of_file
from tokcost.files.parquet import Column

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ROWS = 100_000
"""Of a row group."""
_CLAIMS = """
SELECT {columns} FROM valid_claims ANTI JOIN several USING (id)
UNION ALL
SELECT {columns} FROM (SELECT DISTINCT {columns} FROM valid_claims SEMI JOIN several USING (id))
QUALIFY rank = MAX(rank) OVER (PARTITION BY id) OR cell_area IS NOT NULL
ORDER BY id, rank, area, model, month, repository, cell_area, cell_model
"""
"""Old versions that are in no cell are left out: no query needs them any more."""


class _Query(NamedTuple):
    columns: Sequence[Column]
    text: str


class Compacted(NamedTuple):
    """The result of a compaction."""

    files: dict[Kind, int]
    """The number of files that were merged."""
    removed: RemovedCells


def compact(folder: Path) -> Compacted:
    """Merge all files of each kind into one. Raises `EnvironmentProblem`."""
    before = _listed(folder)
    if before["cells"].counted and not before["claims"].counted:
        raise EnvironmentProblem(
            f"{folder / 'claims'} has no files, and cells cannot be merged without them",
            "Restore claims/ from a copy of the dataset.",
        )
    found: dict[Kind, int] = {}
    names: dict[Kind, str] = {}
    with opened(folder, files={kind: files.counted for kind, files in before.items()}) as connection:
        removed = remove_overlaps(connection)
        for kind, query in _queries():
            files = before[kind]
            is_lost = kind == "cells" and lacks_cells(connection)
            found[kind] = len(files.counted) if is_lost or len(files.counted) > 1 else 0
            if is_lost or found[kind]:
                notes = {"schema": SCHEMA, REPLACES: _replaced(files)}
                names[kind] = _write(connection, folder, kind, query, notes)
    for kind, files in before.items():
        # Merging what was merged before gives a file of the same name, which must stay.
        paths = (*files.counted, *files.replaced) if kind in names else files.replaced
        remove(path for path in paths if os.path.basename(path) != names.get(kind))
    return Compacted(found, removed)


def _listed(folder: Path) -> dict[Kind, Files]:
    """The files of a dataset at one moment. What is copied into it later is neither merged nor replaced; what is
    copied between the two lists would be in one of them."""
    found: dict[Kind, Files] = {}
    now: dict[Kind, Files] = {kind: read_files(folder, kind) for kind in KINDS}
    while now != found:
        found, now = now, {kind: read_files(folder, kind) for kind in KINDS}
    return now


def write_settled_cells(connection: "DuckDBPyConnection", path: Path) -> None:
    """Write the cells that a compaction would write to a file, after `remove_overlaps`."""
    query = _Query(CELLS, VALID_CELLS)
    _write_rows(connection, path, query, {})


def _queries() -> list[tuple[Kind, _Query]]:
    columns = ", ".join(f'"{one.name}"' for one in CLAIMS)
    return [("cells", _Query(CELLS, VALID_CELLS)), ("claims", _Query(CLAIMS, _CLAIMS.format(columns=columns)))]


def _replaced(files: Files) -> str:
    return " ".join(sorted(os.path.basename(path) for path in (*files.counted, *files.replaced)))


def _write(connection: "DuckDBPyConnection", folder: Path, kind: Kind, query: _Query, notes: dict[str, str]) -> str:
    """Write the rows of a query to a file of the dataset; returns its name."""
    # The name follows from the bytes, which are not known yet.
    path = folder / kind / f"{os.urandom(8).hex()}{UNFINISHED}"
    try:
        _write_rows(connection, path, query, notes)
        return adopt(folder, kind, path, f"{COMPACT}{file_digest(path)}.parquet")
    except OSError as error:
        raise of_file(folder, "cannot be written", error) from error
    finally:
        with suppress(OSError):
            path.unlink()


def _write_rows(connection: "DuckDBPyConnection", path: Path, query: _Query, notes: dict[str, str]) -> None:
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    types = {"text": arrow.string(), "integer": arrow.int64(), "date": arrow.date32(), "truth": arrow.bool_()}
    schema = arrow.schema([arrow.field(one.name, types[one.kind]) for one in query.columns])
    with parquet.ParquetWriter(path, schema, version="2.6", compression="zstd", store_schema=False) as writer:
        reader: Any = connection.sql(query.text).to_arrow_reader(_ROWS)
        for table in _evenly(arrow, reader, schema):
            writer.write_table(table, row_group_size=_ROWS)
        writer.add_key_value_metadata(dict(sorted(notes.items())))


def _evenly(arrow: Any, batches: Iterable[Any], schema: Any) -> Iterator[Any]:
    """Tables with the same number of rows, whatever the engine's portions are, because they determine the bytes of
    the file."""
    waiting: list[Any] = []
    rows = 0
    for batch in batches:
        waiting.append(arrow.Table.from_batches([batch]).cast(schema))
        rows += batch.num_rows
        while rows >= _ROWS:
            whole = arrow.concat_tables(waiting)
            yield whole.slice(0, _ROWS)
            # A slice refers to the table's memory, so nothing is copied for it.
            waiting, rows = [whole.slice(_ROWS)], rows - _ROWS
    if rows:
        yield arrow.concat_tables(waiting)
