"""`tokcost why --json` and `--csv`: stable contracts, to which fields may be added, none removed."""

import csv
import json
from datetime import UTC, datetime
from io import StringIO

from tokcost.model.drivers import Explanation, Part, Repriced, ScopedExplanation
from tokcost.model.money import decimal_string
from tokcost.reports.drivers import NO_PREDICTION, findings
from tokcost.reports.text import cell
from tokcost.reports.words import Say, english


def why_json(answer: ScopedExplanation) -> str:
    """One object (`tokcost.why/1`)."""
    return f"{json.dumps(why_object(answer), indent=2)}\n"


def why_object(answer: ScopedExplanation, say: Say = english) -> dict[str, object]:
    """An answer in the form of the contract, its sentences in the language of the person."""
    found = answer.explanation
    return {
        "schema": "tokcost.why/1",
        "scope": answer.scope,
        "repository": answer.repository,
        "branch": answer.branch,
        "session": answer.session,
        "since": _when(answer.since_ms),
        "until": _when(answer.until_ms),
        "currency": "USD",
        "basis": "list",
        **explained_object(found, say),
        "as": [_as(row) for row in found.as_other],
        **({"as_note": NO_PREDICTION} if found.as_other else {}),
        "notes": answer.notes,
    }


def explained_object(found: Explanation, say: Say = english) -> dict[str, object]:
    """The drivers of an answer, their sum, and the notable ones."""
    return {
        "list_cost": decimal_string(found.total.list_cost),
        "tokens": found.total.tokens,
        "requests": found.total.requests,
        "unpriced_tokens": found.unpriced.tokens,
        "unpriced_requests": found.unpriced.requests,
        "closest_price_list_cost": decimal_string(found.closest_price.list_cost),
        "lower_bound_requests": found.total.lower_bound,
        "drivers": [{"driver": driver, **_part(part)} for driver, part in found.drivers.items()],
        "shares": [{"share": share, **_part(part)} for share, part in found.shares.items()],
        "pauses": [{"minutes": minutes, "requests": count} for minutes, count in sorted(found.pauses.items())],
        "findings": [{"of": name, "text": text} for name, text in findings(found, say)],
    }


def why_csv(found: Explanation) -> str:
    """A row for each driver, share and other price, and for unpriced usage. Amounts are US dollars with nine decimal
    places."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("kind", "name", "list_cost", "tokens", "requests", "lower_bound_requests"))
    for driver, part in found.drivers.items():
        writer.writerow(("driver", driver, *_cells(part)))
    for share, part in found.shares.items():
        writer.writerow(("share", share, *_cells(part)))
    writer.writerow(("unpriced", "unpriced", "", *_cells(found.unpriced)[1:]))
    for row in found.as_other:
        writer.writerow(("as", cell(row.name), decimal_string(row.list_cost), "", row.requests, row.lower_bound))
    return text.getvalue()


def _when(time_ms: int | None) -> str | None:
    """A moment in JSON."""
    if time_ms is None:
        return None
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def _part(part: Part) -> dict[str, object]:
    return {
        "list_cost": decimal_string(part.list_cost),
        "tokens": part.tokens,
        "requests": part.requests,
        "lower_bound_requests": part.lower_bound,
    }


def _cells(part: Part) -> tuple[str | int, ...]:
    return (decimal_string(part.list_cost), part.tokens, part.requests, part.lower_bound)


def _as(row: Repriced) -> dict[str, object]:
    return {
        "model": row.name,
        "list_cost": decimal_string(row.list_cost),
        "compared_list_cost": decimal_string(row.compared),
        "requests": row.requests,
        "lower_bound_requests": row.lower_bound,
        "requests_without_price": row.without_price,
        "requests_at_standard_price": row.otherwise_served,
        "models": [{"model": model, "as": other} for model, other in row.models],
    }
