"""Both sides of a month as text, CSV and JSON. Amounts are US dollars; a difference is the provider's amount minus
ours."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from tokcost.model.bills import BillCell, Reconciliation, Tolerance, compared, difference
from tokcost.model.money import decimal_string, dollars
from tokcost.reports.amounts import places_beside
from tokcost.reports.text import cell as csv_cell
from tokcost.reports.text import clip, decodable, escape, pad, width

_HEAD = ("model", "list cost here", "list cost there", "billed", "difference")
_MOST_DAYS = 10
_WIDEST = 40
_NO_MODEL = "(no model)"


def reconciled_lines(found: Reconciliation, tolerance: Tolerance | None) -> str:
    """A row for each model, the days with the largest differences, and the likely causes."""
    text = f"{found.title}, {found.month}, days in UTC: {found.bill.first} to {found.bill.last}\n\n"
    places = places_beside(max(found.ours, found.theirs))
    rows = [_HEAD, *(_row(name, cells, found, places) for name, cells in _by_model(found.cells)), _sum(found, places)]
    text += _table(rows)
    days = [one for one in _by_day(found.cells) if _apart(one[1], found)]
    days.sort(key=lambda one: -abs(_apart(one[1], found)))
    if len(days) > 1:
        head = ("day", *_HEAD[1:])
        text += "\ndays that differ most:\n\n"
        text += _table([head, *(_row(day, cells, found, places) for day, cells in sorted(days[:_MOST_DAYS]))])
    text += "\n" + "".join(f"{line}\n" for line in _said(found, tolerance))
    return text


def _by_model(cells: Sequence[BillCell]) -> list[tuple[str, list[BillCell]]]:
    found: dict[str, list[BillCell]] = {}
    for cell in cells:
        found.setdefault(cell.model, []).append(cell)
    return sorted(found.items(), key=lambda one: (-sum(cell.ours + cell.billed for cell in one[1]), one[0]))


def _by_day(cells: Sequence[BillCell]) -> list[tuple[str, list[BillCell]]]:
    found: dict[str, list[BillCell]] = {}
    for cell in cells:
        found.setdefault(cell.day, []).append(cell)
    return list(found.items())


def _apart(cells: Iterable[BillCell], found: Reconciliation) -> int:
    return sum(difference(cell, found.basis) for cell in cells)


def _row(name: str, cells: Sequence[BillCell], found: Reconciliation, places: int) -> tuple[str, ...]:
    there = any(cell.is_theirs for cell in cells)
    listed = sum(cell.list_cost or 0 for cell in cells)
    return (
        clip(escape(name or _NO_MODEL), _WIDEST),
        _ours(cells, places),
        dollars(listed, places) if there and found.basis == "list" else "-",
        dollars(sum(cell.billed for cell in cells), places) if there else "-",
        _signed(_apart(cells, found), places),
    )


def _ours(cells: Sequence[BillCell], places: int) -> str:
    """List cost here; a model without a price is `unpriced`, never 0."""
    if not any(cell.is_ours for cell in cells):
        return "-"
    cost, unpriced = sum(cell.ours for cell in cells), sum(cell.unpriced_tokens for cell in cells)
    if unpriced:
        return f"{dollars(cost, places)} + unpriced" if cost else "unpriced"
    return dollars(cost, places)


def _sum(found: Reconciliation, places: int) -> tuple[str, ...]:
    return ("total", *_row("", found.cells, found, places)[1:]) if found.cells else ("total", "-", "-", "-", "0.00")


def _signed(nano: int, places: int = 0) -> str:
    return f"+{dollars(nano, places)}" if nano > 0 else dollars(nano, places)


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "".join(
        "  ".join(pad(text, widths[column], right=column > 0) for column, text in enumerate(row)).rstrip() + "\n"
        for row in rows
    )


def _said(found: Reconciliation, tolerance: Tolerance | None) -> list[str]:
    compared_with = "list cost" if found.basis == "list" else "billed amount (it reports no list cost)"
    lines = [f"compared: our list cost with the {compared_with} of {found.title}; {_percent(found)}"]
    if found.causes:
        lines.append("likely causes:")
        lines += [_cause(cause.amount, cause.text) for cause in found.causes]
    lines += [f"note: {escape(note)}" for note in (*found.bill.notes, *found.notes)]
    if found.bill.refreshed:
        lines.append(f"note: counted by the provider up to {escape(found.bill.refreshed)}")
    if tolerance is not None:
        lines.append(f"tolerance: {'kept' if tolerance.allows(found.ours, found.theirs) else 'exceeded'}")
    return lines


def _percent(found: Reconciliation) -> str:
    if not found.difference:
        return "no difference"
    if not found.theirs:
        return f"difference {_signed(found.difference)} USD"
    share = abs(found.difference) * 1000 // abs(found.theirs)
    return f"difference {_signed(found.difference)} USD, {share // 10}.{share % 10} % of it"


def _cause(amount: int | None, text: str) -> str:
    return f"  {_signed(amount)}  {text}" if amount else f"  {text}"


def reconciled_csv(found: Reconciliation) -> str:
    """A row for each day and model; an empty amount is unknown."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("provider", "day", "model", "usage", "tokens", "unpriced_tokens", "list_cost",
                     "provider_list_cost", "billed", "difference"))  # fmt: skip
    for cell in found.cells:
        writer.writerow(
            (
                found.provider,
                cell.day,
                csv_cell(cell.model),
                cell.usage,
                cell.tokens,
                cell.unpriced_tokens,
                decimal_string(cell.ours) if _has_price(cell) else "",
                "" if cell.list_cost is None else decimal_string(cell.list_cost),
                decimal_string(cell.billed) if cell.is_theirs else "",
                decimal_string(difference(cell, found.basis)),
            )
        )
    return text.getvalue()


def _has_price(cell: BillCell) -> bool:
    return cell.is_ours and (cell.ours != 0 or cell.unpriced_tokens == 0)


def reconciled_json(found: Reconciliation, tolerance: Tolerance | None) -> dict[str, Any]:
    """One object (`tokcost.reconcile/1`)."""
    return {
        "schema": "tokcost.reconcile/1",
        "provider": found.provider,
        "month": found.month,
        "currency": "USD",
        "timezone": "UTC",
        "first_day": found.bill.first,
        "last_day": found.bill.last,
        "refreshed": found.bill.refreshed or None,
        "compared": found.basis,
        "list_cost": decimal_string(found.ours),
        "provider_list_cost": None if found.list_cost is None else decimal_string(found.list_cost),
        "billed": decimal_string(found.billed),
        "difference": decimal_string(found.difference),
        "unpriced_tokens": sum(cell.unpriced_tokens for cell in found.cells),
        "within_tolerance": None if tolerance is None else tolerance.allows(found.ours, found.theirs),
        "rows": [_object(cell, found) for cell in found.cells],
        "causes": [
            {
                "cause": cause.name,
                "amount": None if cause.amount is None else decimal_string(cause.amount),
                "text": cause.text,
            }
            for cause in found.causes
        ],
        "notes": [decodable(note) for note in (*found.bill.notes, *found.notes)],
    }


def _object(cell: BillCell, found: Reconciliation) -> dict[str, Any]:
    return {
        "day": cell.day,
        "model": decodable(cell.model) or None,
        "names": [decodable(name) for name in cell.names],
        "usage": cell.usage,
        "tokens": cell.tokens,
        "unpriced_tokens": cell.unpriced_tokens,
        "list_cost": decimal_string(cell.ours) if _has_price(cell) else None,
        "provider_list_cost": None if cell.list_cost is None else decimal_string(cell.list_cost),
        "billed": decimal_string(cell.billed) if cell.is_theirs else None,
        "compared": decimal_string(compared(cell, found.basis)),
        "difference": decimal_string(difference(cell, found.basis)),
    }
