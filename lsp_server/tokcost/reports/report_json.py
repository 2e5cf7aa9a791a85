"""`tokcost report --json`: a stable contract (`tokcost.report/1`), to which fields may be added, none removed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

import msgspec

from tokcost.model.changes import Cell, Change, Report, Rework, Reworked, quantile
from tokcost.model.money import decimal_string
from tokcost.model.plans import Leverage
from tokcost.reports.plans import leverage_objects
from tokcost.reports.text import decodable

Json = Mapping[str, object]
_CHANGES = '"changes": []'
"""No name can be mistaken for it: in a text its quotation marks are escaped."""


def report_json(
    report: Report, against: Report | None = None, plans: Sequence[Leverage] | None = None
) -> Iterator[str]:
    """One object, piece by piece. The range it is compared with is included as `against`, and the user's plans if
    they were requested."""
    told = report_object(report) | ({"against": report_object(against)} if against else {})
    told |= {} if plans is None else {"plans": leverage_objects(plans)}
    # The changes, of which there may be very many, are inserted one by one, and never held as one text.
    head, *rest = _formatted(told).split(_CHANGES)
    yield head
    for number, (shown, text) in enumerate(zip((report, against), rest, strict=False)):
        yield from _changes(shown.changes if shown else (), "  " * (number + 1))
        yield text
    yield "\n"


def _formatted(told: object) -> str:
    try:  # json indents in Python, which takes seconds for many changes
        return msgspec.json.format(json.dumps(told), indent=2)
    except msgspec.DecodeError:  # a subject or a path that is no UTF-8
        return msgspec.json.format(json.dumps(_decodable(told)), indent=2)


def _decodable(told: object) -> object:
    """The text with bytes that are no UTF-8 escaped: most JSON readers reject a lone surrogate."""
    if isinstance(told, str):
        return decodable(told)
    if isinstance(told, dict):
        return {name: _decodable(value) for name, value in cast(dict[str, object], told).items()}
    if isinstance(told, list | tuple):
        return [_decodable(value) for value in cast(Sequence[object], told)]
    return told


def _changes(changes: Sequence[Change], indent: str) -> Iterator[str]:
    before = f'"changes": [\n{indent}  '
    for change in changes:
        yield before + _formatted(_change(change)).replace("\n", f"\n{indent}  ")
        before = f",\n{indent}  "
    yield f"\n{indent}]" if changes else '"changes": []'


def report_object(report: Report) -> dict[str, object]:
    """A report in the form of the contract, without its changes."""
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
        "changes": [],
        "reverted": {
            state.replace(" ", "_"): _spent([change for change in report.changes if change.state == state])
            for state in ("reverted", "partly reverted")
        },
        "rework": None if report.reworked is None else _reworked(report.reworked),
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
        "subject": change.title.subject,
        "number": change.title.number,
        "committed": datetime.fromtimestamp(change.title.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "claims": [line.id for line in change.lines],
        "list_cost": decimal_string(change.list_cost),
        "unpriced": change.is_unpriced,
        "tokens": change.tokens,
        "models": change.models,
        "state": change.state or "merged",
        "reverted_list_cost": decimal_string(change.reverted_cost),
    } | ({} if change.rework is None else {"rework": _rework(change.rework)})


def _rework(rework: Rework) -> Json:
    return {"lines": rework.lines, "changed_again": rework.changed_again, "is_most": rework.is_most}


def _reworked(reworked: Reworked) -> Json:
    return reworked._asdict() | {"list_cost": decimal_string(reworked.list_cost)}


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
        "periods": cell.periods,
    }
