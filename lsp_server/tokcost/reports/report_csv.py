"""`tokcost report --csv`: one row for each change, or for each cell of a grouping. Amounts are US dollars at list
price with nine decimal places."""

import csv
from io import StringIO

from tokcost.model.changes import Change, Grouping, Report
from tokcost.model.money import decimal_string
from tokcost.reports.report_text import day
from tokcost.reports.text import cell

_CHANGE = ("commit", "number", "day", "subject", "claims", "list_cost", "unpriced", "tokens", "models", "state",
           "reverted_list_cost")  # fmt: skip
_REWORK = ("lines", "lines_changed_again")
"""Only if rework was requested; empty if unknown."""
_CELL = ("list_cost", "unpriced", "tokens", "changes", "median_list_cost", "p90_list_cost", "merged_cells")


def report_csv(report: Report, by: Grouping | None) -> str:
    """The rows, which add up to the total of the range in every grouping."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if by is None:
        asked = report.reworked is not None
        writer.writerow((*_CHANGE, *(_REWORK if asked else ())))
        writer.writerows((*_row(change), *(_rework(change) if asked else ())) for change in report.changes)
        return text.getvalue()
    writer.writerow((by, *_CELL))
    for one in report.groups.get(by, []):
        quantiles = ["" if value is None else decimal_string(value) for value in (one.median, one.p90)]
        unpriced = str(one.unpriced).lower()
        amount = decimal_string(one.list_cost)
        writer.writerow((cell(one.name), amount, unpriced, one.tokens, one.changes, *quantiles, one.merged))
    return text.getvalue()


def _row(change: Change) -> tuple[str | int, ...]:
    return (
        change.commit,
        change.title.number or "",
        day(change.title.time),
        cell(change.title.subject),
        " ".join(line.id for line in change.lines),
        decimal_string(change.list_cost),
        str(change.is_unpriced).lower(),
        change.tokens,
        cell(" ".join(change.models)),
        change.state or "merged",
        decimal_string(change.reverted_cost),
    )


def _rework(change: Change) -> tuple[str | int, ...]:
    return ("", "") if change.rework is None else (change.rework.lines, change.rework.changed_again)
