"""The part of `tokcost report` that queries a dataset instead of a history."""

import json
import os
from pathlib import Path
from typing import Any

from tokcost.cli import screen
from tokcost.cli.output_file import refuse_our_files
from tokcost.errors import UsageError, of_file
from tokcost.model.changes import Grouping
from tokcost.model.dataset import CELL_GROUPINGS, DatasetReport

_OF_HISTORY = ("base", "against", "all_refs", "plan", "rework", "rework_days", "verbose")


def show_dataset(range: str | None, by: Grouping | None, form: str | None, more: dict[str, Any]) -> DatasetReport:
    """Show the report of a dataset in a format; returns the report. Raises `UsageError`, `EnvironmentProblem`."""
    from tokcost.reports import dataset_report as shown
    from tokcost.services.report_dataset import read_bounds, report_dataset

    refused = [name for name in _OF_HISTORY if more.get(name)]
    if range is not None or refused:
        what = "RANGE" if range is not None else "--" + refused[0].replace("all_refs", "all").replace("_", "-")
        raise UsageError(f"{what} needs a history, which --dataset does not have", "Choose months: --since 2026-08")
    _check_grouping(by)
    if form == "html" and by is not None:
        raise UsageError("--html shows every grouping that may be shown", "Leave --by out.")
    report = report_dataset(Path(more["dataset"]), read_bounds(more["since"], more["until"]), more["engine"] or "")
    rows = by or "month"
    match form:
        case "json":
            screen.show(json.dumps(shown.dataset_object(report), indent=2) + "\n")
        case "csv":
            screen.show(shown.dataset_csv(report, rows))
            for remark in shown.doubts(report):
                screen.tell(remark)
        case "markdown":
            screen.show(shown.dataset_markdown(report, rows))
        case "html":
            write_page(shown.dataset_page(report), more["html"])
        case _:
            lines = shown.dataset_lines(report, rows, screen.columns_wide(), screen.draws_blocks())
            pager = {"TOKCOST_PAGER": ""} if more["no_pager"] else os.environ
            screen.page(screen.painted(lines, os.environ), pager)
    return report


def sql_text(by: Grouping | None, more: dict[str, Any]) -> str:
    """The queries of a dataset's report as SQL. Raises `UsageError`, `EnvironmentProblem`."""
    from tokcost.services.report_dataset import read_bounds, sql_of_report

    _check_grouping(by)
    return sql_of_report(more["emit_sql"], read_bounds(more["since"], more["until"]), by)


def _check_grouping(by: Grouping | None) -> None:
    if by is not None and by not in CELL_GROUPINGS:
        known = f"{', '.join(CELL_GROUPINGS[:-1])} and {CELL_GROUPINGS[-1]}"
        raise UsageError(f"a dataset has no figures by {by}", f"Its cells are by {known}.")


def write_page(page: str, name: str) -> None:
    """Write a page to a file, or to standard output. Raises `EnvironmentProblem`."""
    if name == "-":
        screen.show(page)
        return
    refuse_our_files(name)
    try:
        Path(name).write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise of_file(name, "cannot be written", error) from error
    screen.tell(f"wrote {name}")
