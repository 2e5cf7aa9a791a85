"""`tokcost report --dataset`: sums of cells, calculated by an engine.

Cells may be shown to anyone, and so may any sum of them; no privacy rule has to be applied here.
"""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from pathlib import Path

from tokcost.datasets import duck, engines
from tokcost.datasets.folder import check_dataset_folder
from tokcost.datasets.shown import shown_cells
from tokcost.errors import UsageError, not_before
from tokcost.model.changes import Cell, Grouping
from tokcost.model.dataset import ALL, CELL_GROUPINGS, Bounds, CellGroup, DatasetReport

_MONTH = re.compile(r"([0-9]{4}-(?:0[1-9]|1[0-2]))(?:-([0-3][0-9]))?")
_WHOLE_MONTHS = "A dataset has whole months: --since 2026-08 --until 2026-10"


def report_dataset(folder: Path, bounds: Bounds, engine: str = "") -> DatasetReport:
    """Sum the cells of these months, on another engine if one is named. Raises `UsageError`, `EnvironmentProblem`."""
    check_dataset_folder(folder)
    with shown_cells(folder) as shown:
        if engine:
            with engines.connected(engine) as other:
                report = as_report(other.groups(shown.files, bounds), other.version)
        else:
            with duck.opened(folder, ["cells"], {"cells": shown.files}) as connection:
                groups: dict[Grouping, list[CellGroup]] = {
                    by: duck.read_groups(connection, by, bounds) for by in CELL_GROUPINGS
                }
            report = as_report(groups, duck.version())
    report.twice, report.cells_lost = shown.twice, shown.are_lost
    report.published_twice, report.cells_left_out, report.claims_left_out = shown.removed
    return report


def as_report(groups: Mapping[Grouping, Sequence[CellGroup]], engine: str) -> DatasetReport:
    """The report of these sums. Every grouping has the same total: each cell is in one row of each grouping."""
    months = sorted(groups["month"])  # engines answer in any order
    exact = {one.exact for one in months}
    span = f"{months[0].name} to {months[-1].name}" if months[1:] else months[0].name if months else "no month"
    report = DatasetReport(span, engine=engine)
    report.list_cost = sum(one.list_cost for one in months)
    report.tokens = sum(one.tokens for one in months)
    report.claims = sum(one.claims for one in months)
    report.unpriced = any(one.unpriced for one in months)
    report.precision = "coarse" if exact == {False} or not exact else "exact" if exact == {True} else "mixed"
    report.groups = {by: _cells(by, some) for by, some in groups.items()}
    return report


def _cells(by: Grouping, groups: Sequence[CellGroup]) -> list[Cell]:
    cells = [
        Cell(one.name, one.list_cost, one.tokens, one.claims, unpriced=one.unpriced, merged=int(one.name == ALL))
        for one in groups
    ]
    if by == "month":
        return sorted(cells, key=lambda cell: cell.name)
    return sorted(cells, key=lambda cell: (cell.merged > 0, -cell.list_cost, -cell.tokens, cell.name))


def read_bounds(since: str | None, until: str | None) -> Bounds:
    """The months from one date to another. Cells have whole months, so a date must begin or end one. Raises
    `UsageError`."""
    first, day = _parted("--since", since)
    if day not in ("", "01"):
        raise UsageError(f"--since {since} is not the first day of a month", _WHOLE_MONTHS)
    last, day = _parted("--until", until)
    if day and int(day) != monthrange(*map(int, last.split("-")))[1]:
        raise UsageError(f"--until {until} is not the last day of a month", _WHOLE_MONTHS)
    if first and last and first > last:
        raise not_before(since, until)
    return Bounds(first, last)


def _parted(option: str, text: str | None) -> tuple[str, str]:
    if text is None:
        return "", ""
    found = _MONTH.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{option} {text} is not a month", "With --dataset, write a month such as 2026-10.")
    return found[1], found[2] or ""


def sql_of_report(dialect: str, bounds: Bounds, by: Grouping | None) -> str:
    """The queries of the report in an engine's dialect. Raises `UsageError`, `EnvironmentProblem`."""
    return engines.sql_for(dialect, bounds, CELL_GROUPINGS if by is None else (by,))
