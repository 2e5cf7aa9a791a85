"""Checks of a complete dataset: its contents, the consistency of its files, and a digest that is equal on every
engine."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from tokcost.datasets.columns import month_of
from tokcost.datasets.publications import NEWEST, find_several

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FACTS = "id, version, repository, month, area, model, list_cost, tokens, counted"
"""A row without its cell: two jobs may have put the same claim into different cells."""
_ALONE = f"SELECT {_FACTS} FROM claims ANTI JOIN several USING (id)"
# Only the few claims with several rows go through DISTINCT and ranks. With all claims, a check of ten million took 8.6
# GB and 32 s of a processor; this way it takes 0.9 GB and 17 s.
_ALL = f"{_ALONE} UNION ALL SELECT DISTINCT {_FACTS} FROM ({NEWEST})"
_TOTALS = f"""
SELECT COALESCE((SELECT SUM(counted) FROM ({_ALONE})), 0) + (SELECT COUNT(*) FROM several),
       (SELECT COUNT(DISTINCT id) FROM claims ANTI JOIN several USING (id) WHERE cell_area IS NULL)
       + (SELECT COUNT(DISTINCT id) FROM ({NEWEST}) WHERE cell_area IS NULL),
       COALESCE(SUM(list_cost), 0), COALESCE(SUM(tokens), 0), COUNT(DISTINCT repository)
FROM ({_ALL})
"""
_SUMS = f"""
SELECT month, area, model, SUM(list_cost), SUM(tokens), SUM(counted) FROM ({_ALL}) GROUP BY month, area, model
"""
_COMPARED = """
WITH told AS (
  SELECT month, cell_area AS area, cell_model AS model, SUM(cell_list_cost) AS list_cost, SUM(cell_tokens) AS tokens,
         SUM(cell_counted) AS claims
  FROM claims WHERE cell_area IS NOT NULL GROUP BY ALL HAVING SUM(cell_tokens) > 0 OR SUM(cell_counted) > 0),
shown AS (
  SELECT month, area, model, SUM(list_cost) AS list_cost, SUM(tokens) AS tokens, SUM(claims) AS claims
  FROM cells GROUP BY ALL)
SELECT COUNT(*),
       COUNT(*) FILTER (shown.tokens > COALESCE(told.tokens, 0) OR shown.claims > COALESCE(told.claims, 0)
                        OR shown.list_cost > COALESCE(told.list_cost, 0))
FROM told FULL JOIN shown USING (month, area, model)
WHERE (told.list_cost, told.tokens, told.claims) IS DISTINCT FROM (shown.list_cost, shown.tokens, shown.claims)
"""


class Totals(NamedTuple):
    """Sums over the claims of a dataset, each at its newest version."""

    claims: int
    waiting: int
    """Claims with a part that is in no cell yet."""
    list_cost: int
    tokens: int
    repositories: int


class ClaimSum(NamedTuple):
    """The claims of one month, area and model, whether they may be shown or not: for comparison, never for display."""

    month: str
    area: str
    model: str
    list_cost: int | None
    tokens: int
    claims: int


def read_totals(connection: "DuckDBPyConnection") -> Totals:
    """Sums over all claims."""
    find_several(connection)
    [row] = connection.execute(_TOTALS).fetchall()
    return Totals(*row)


def read_sums(connection: "DuckDBPyConnection") -> list[ClaimSum]:
    """Sums of claims, each at its newest version."""
    find_several(connection)
    return [ClaimSum(month_of(day), *more) for day, *more in connection.execute(_SUMS).fetchall()]


def count_different_cells(connection: "DuckDBPyConnection") -> int:
    """The number of cells that differ from those that follow from the claims."""
    [[found, _]] = connection.execute(_COMPARED).fetchall()
    return found


def lacks_cells(connection: "DuckDBPyConnection") -> bool:
    """Whether cells to which claims refer are missing. If a cell has more than the claims account for, claims are
    missing too."""
    [[different, larger]] = connection.execute(_COMPARED).fetchall()
    return different > 0 and not larger


def digest_of(sums: Iterable[ClaimSum]) -> str:
    """A digest of sums, independent of the engine and of the order."""
    # Integers and texts alone, which every engine returns alike; the order of groups is not defined in SQL.
    lines = sorted(repr((one.month, one.area, one.model, one.list_cost, one.tokens, one.claims)) for one in sums)
    return blake2b("\n".join(lines).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
