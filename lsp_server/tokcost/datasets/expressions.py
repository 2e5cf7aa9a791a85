"""The queries of a dataset as Ibis expressions: the same for every engine, with sums and counts of integers only. A
mean or a fraction differs between engines; a sum of integers does not."""

from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tokcost.datasets.columns import first_day
from tokcost.model.changes import Grouping
from tokcost.model.dataset import CELL_GROUPINGS, Bounds

if TYPE_CHECKING:
    from ibis.expr.types import Table  # pyright: ignore[reportMissingTypeStubs]


_FACTS = ("id", "version", "repository", "month", "area", "model", "list_cost", "tokens", "counted")


def grouped_cells(cells: "Table", by: Grouping, bounds: Bounds) -> Any:
    """Sums of the cells of these months by month, area or model: `CellGroup`, whose month is a date."""
    assert by in CELL_GROUPINGS
    some: Any = cells
    if bounds.first:
        some = some.filter(some.month >= _literal(first_day(bounds.first)))
    if bounds.last:
        some = some.filter(some.month <= _literal(first_day(bounds.last)))
    return some.group_by(by).agg(
        list_cost=some.list_cost.sum(),
        tokens=some.tokens.sum(),
        claims=some.claims.sum(),
        unpriced=some.unpriced.any(),
        exact=some.exact.all(),
    )


def newest_claims(claims: "Table") -> Any:
    """The valid facts of each claim, without cells: those with its highest rank. Ranks are hexadecimal digits, so
    that engines agree on their order under any collation."""
    rows: Any = claims
    highest = rows.group_by("id").agg(highest=rows["rank"].max())
    joined = rows.inner_join(highest, [rows.id == highest.id, rows["rank"] == highest.highest])
    return joined.select(*(rows[name] for name in _FACTS)).distinct()


def summed_claims(claims: "Table") -> Any:
    """Sums of the newest claims by month, area and model: `checks.ClaimSum`, whose month is a date."""
    newest = newest_claims(claims)
    return newest.group_by(["month", "area", "model"]).agg(
        list_cost=newest.list_cost.sum(), tokens=newest.tokens.sum(), claims=newest.counted.sum()
    )


def _literal(day: date) -> Any:
    ibis: Any = import_module("ibis")
    return ibis.literal(day)
