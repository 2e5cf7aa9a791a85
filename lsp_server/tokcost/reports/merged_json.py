"""`tokcost report --json`: a stable contract (`tokcost.report/1`), to which fields may be added, none removed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from tokcost.model.changes import Cell, Change, Report, quantile
from tokcost.model.money import decimal_string

Json = Mapping[str, object]


def report_json(report: Report, against: Report | None = None) -> str:
    """One object; the range it is compared with is in it as `against`."""
    told = report_object(report) | ({"against": report_object(against)} if against else {})
    # json indents in Python, which takes seconds where there are many changes; names of any bytes are its business.
    return msgspec.json.format(json.dumps(told), indent=2) + "\n"


def report_object(report: Report) -> dict[str, object]:
    """A report in the words of the contract."""
    values = [change.list_cost for change in report.changes]
    coverage = report.coverage
    return {
        "schema": "tokcost.report/1",
        "range": report.range,
        "currency": "USD",
        "basis": "list",
        "claims": len(report.lines),
        "foreign_lines": report.foreign_lines,
        "damaged_lines": len(report.damaged),
        "list_cost": decimal_string(report.list_cost),
        "tokens": report.tokens,
        "unpriced_tokens": report.unpriced_tokens,
        "precision": report.precision,
        "median_list_cost": decimal_string(quantile(values, 0.5)) if values else None,
        "p90_list_cost": decimal_string(quantile(values, 0.9)) if values else None,
        "changes": [_change(change) for change in report.changes],
        "reverted": {
            state.replace(" ", "_"): _spent([change for change in report.changes if change.state == state])
            for state in ("reverted", "partly reverted")
        },
        "open": [
            {
                "branch": one.branch,
                "claims": [line.id for line in one.lines],
                "list_cost": decimal_string(sum(line.cost or 0 for line in one.lines)),
                "tokens": sum(line.tokens for line in one.lines),
            }
            for one in report.open
        ],
        "groups": {name: [_cell(cell) for cell in cells] for name, cells in report.groups.items()},
        "contributors_needed": report.contributors_needed,
        "commits": report.commits,
        "coverage": None if coverage is None else {"with_line": coverage.with_line, "commits": coverage.commits},
        "notes": report.notes,
    }


def _change(change: Change) -> Json:
    return {
        "commit": change.commit,
        "subject": change.head.subject,
        "number": change.head.number,
        "committed": datetime.fromtimestamp(change.head.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "claims": [line.id for line in change.lines],
        "list_cost": decimal_string(change.list_cost),
        "unpriced": change.is_unpriced,
        "tokens": change.tokens,
        "models": change.models,
        "state": change.state or "merged",
        "reverted_list_cost": decimal_string(change.reverted_cost),
    }


def _spent(changes: list[Change]) -> Json:
    return {"changes": len(changes), "list_cost": decimal_string(sum(change.reverted_cost for change in changes))}


def _cell(cell: Cell) -> Json:
    return {
        "name": cell.name,
        "list_cost": decimal_string(cell.list_cost),
        "unpriced": cell.unpriced,
        "tokens": cell.tokens,
        "changes": cell.changes,
        "median_list_cost": None if cell.median is None else decimal_string(cell.median),
        "p90_list_cost": None if cell.p90 is None else decimal_string(cell.p90),
        "merged_cells": cell.merged,
    }
