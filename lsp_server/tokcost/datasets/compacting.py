"""Many files of a dataset as one of each kind: rows go from engine to file in portions, however many there are.

Cells are written first. So whatever is stopped in between, claims and cells that count say the same: files name those
that they replace, and the old ones are removed last.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

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
from tokcost.errors import EnvironmentProblem
from tokcost.parquet_files import Column

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ROWS = 100_000
"""Of a row group."""
_CLAIMS = """
SELECT DISTINCT {columns} FROM settled
QUALIFY rank = MAX(rank) OVER (PARTITION BY id) OR cell_area IS NOT NULL
ORDER BY id, rank, area, model, month, repository
"""
"""Old versions that are in no cell are left out: no question asks for them any more."""
_CELLS = """
SELECT month, cell_area AS area, cell_model AS model, SUM(cell_list_cost)::BIGINT AS list_cost,
       SUM(cell_tokens)::BIGINT AS tokens, SUM(cell_counted)::BIGINT AS claims,
       BOOL_OR(unpriced) AS unpriced, BOOL_AND(exact) AS exact
FROM (SELECT DISTINCT {columns} FROM settled WHERE cell_area IS NOT NULL)
GROUP BY month, cell_area, cell_model
HAVING SUM(cell_tokens) > 0 OR SUM(cell_counted) > 0
ORDER BY month, area, model
"""


_PLACED = """
CREATE TEMP TABLE placed AS
WITH twice AS (
  SELECT id FROM claims WHERE cell_counted > 0 GROUP BY id HAVING COUNT(*) > 1
  UNION SELECT id FROM claims WHERE cell_tokens > 0 GROUP BY id, version, area HAVING COUNT(*) > 1),
cell AS (
  SELECT row_number() OVER (ORDER BY SUM(cell_counted) DESC, file, month, cell_area, cell_model) AS number,
    file, month, cell_area, cell_model
  FROM claims_by_file WHERE cell_area IS NOT NULL GROUP BY file, month, cell_area, cell_model)
SELECT cell.*, id, version, area, cell_counted, cell_tokens
FROM claims_by_file JOIN twice USING (id) JOIN cell USING (file, month, cell_area, cell_model)
"""
_PAIRS = """
SELECT DISTINCT first.number, second.number FROM placed AS first JOIN placed AS second ON first.id = second.id
WHERE first.number < second.number AND (first.cell_counted > 0 AND second.cell_counted > 0 OR first.cell_tokens > 0
  AND second.cell_tokens > 0 AND first.version = second.version AND first.area = second.area)
ORDER BY second.number
"""
_SETTLED = """
CREATE TEMP VIEW settled AS
SELECT claims.* REPLACE (
  CASE WHEN gone.number IS NULL THEN cell_list_cost ELSE 0 END AS cell_list_cost,
  CASE WHEN gone.number IS NULL THEN cell_tokens ELSE 0 END AS cell_tokens,
  CASE WHEN gone.number IS NULL THEN cell_counted ELSE 0 END AS cell_counted)
FROM claims_by_file AS claims LEFT JOIN gone
ON (claims.file, claims.month, claims.cell_area, claims.cell_model) = (gone.file, gone.month, gone.area, gone.model)
WHERE gone.number IS NULL OR id NOT IN (SELECT id FROM placed WHERE number NOT IN (SELECT number FROM gone))
"""


class _Query(NamedTuple):
    columns: Sequence[Column]
    text: str


def compact(folder: Path) -> dict[Kind, int]:
    """Put all files of each kind into one, and the number of files that were replaced. Raises `EnvironmentProblem`."""
    before: dict[Kind, Files] = {kind: read_files(folder, kind) for kind in KINDS}
    found: dict[Kind, int] = {}
    names: dict[Kind, str] = {}
    with opened(folder) as connection:
        _settle(connection)
        for kind, query in _queries():
            files = before[kind]
            found[kind] = len(files.counted) if len(files.counted) > 1 else 0
            if found[kind]:
                notes = {"schema": SCHEMA, REPLACES: _replaced(files)}
                names[kind] = _write(connection, folder, kind, query, notes)
    for kind, files in before.items():
        paths = (*files.counted, *files.replaced) if kind in names else files.replaced
        remove(path for path in paths if os.path.basename(path) != names.get(kind))
    return found


def _settle(connection: "DuckDBPyConnection") -> None:
    """Make the view `settled`: the claims, without amounts in those cells that are taken out."""
    connection.execute(_PLACED)
    kept: set[int] = set()
    gone: set[int] = set()
    for first, second in connection.execute(_PAIRS).fetchall():
        if first not in gone:
            kept.add(first)
            gone.add(second)
    assert not kept & gone
    listed = ", ".join(map(str, sorted(gone))) or "NULL"
    cells = f"SELECT number, file, month, cell_area AS area, cell_model AS model FROM placed WHERE number IN ({listed})"
    connection.execute(f"CREATE TEMP TABLE gone AS SELECT DISTINCT * FROM ({cells})")
    connection.execute(_SETTLED)


def _queries() -> list[tuple[Kind, _Query]]:
    columns = ", ".join(f'"{one.name}"' for one in CLAIMS)
    cells, claims = _CELLS.format(columns=columns), _CLAIMS.format(columns=columns)
    return [("cells", _Query(CELLS, cells)), ("claims", _Query(CLAIMS, claims))]


def _replaced(files: Files) -> str:
    return " ".join(sorted(os.path.basename(path) for path in (*files.counted, *files.replaced)))


def _write(connection: "DuckDBPyConnection", folder: Path, kind: Kind, query: _Query, notes: dict[str, str]) -> str:
    """Write the rows of a query into a file; its name."""
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    types = {"text": arrow.string(), "integer": arrow.int64(), "date": arrow.date32(), "truth": arrow.bool_()}
    schema = arrow.schema([arrow.field(one.name, types[one.kind]) for one in query.columns])
    path = folder / kind / f"{os.urandom(8).hex()}{UNFINISHED}"
    try:
        with parquet.ParquetWriter(path, schema, version="2.6", compression="zstd", store_schema=False) as writer:
            reader: Any = connection.sql(query.text).to_arrow_reader(_ROWS)
            for table in _evenly(arrow, reader, schema):
                writer.write_table(table, row_group_size=_ROWS)
            writer.add_key_value_metadata(dict(sorted(notes.items())))
        return adopt(folder, kind, path, f"{COMPACT}{file_digest(path)}.parquet")
    except OSError as error:
        raise EnvironmentProblem(f"{folder} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            path.unlink()


def _evenly(arrow: Any, batches: Iterable[Any], schema: Any) -> Iterator[Any]:
    """Tables of the same number of rows, whatever the engine's portions are: they decide the bytes of the file."""
    waiting: list[Any] = []
    rows = 0
    for batch in batches:
        waiting.append(arrow.Table.from_batches([batch]).cast(schema))
        rows += batch.num_rows
        while rows >= _ROWS:
            whole = arrow.concat_tables(waiting)
            yield whole.slice(0, _ROWS)
            waiting, rows = [whole.slice(_ROWS)], rows - _ROWS
    if rows:
        yield arrow.concat_tables(waiting)
