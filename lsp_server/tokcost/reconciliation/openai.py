"""OpenAI's costs: `GET /v1/organization/costs`, with days in Unix seconds and amounts as JSON numbers in dollars.

A line item is a model and a kind of tokens (`gpt-6-astra, input_tokens`), or something without a model. Formats come
from the package openai, `types/admin/organization/usage_costs_response.py`. There is no list cost.
"""

from datetime import datetime
from typing import Any

from tokcost.model.bills import Billed
from tokcost.model.money import NANO_PER_USD
from tokcost.reconciliation.documents import (
    Ask,
    Page,
    amount,
    an_object,
    cursor,
    day_of_seconds,
    in_dollars,
    objects,
    text,
)


def headers(key: str) -> dict[str, str]:
    """The header with the key."""
    return {"authorization": f"Bearer {key}"}


def asks(days: list[str], account: str) -> list[Ask]:  # noqa: ARG001 (the key names the organization)
    """One query for all days, not grouped by user, key or project."""
    first, last = (int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) for day in (days[0], days[-1]))
    params = (
        ("start_time", str(first)),
        ("end_time", str(last + 86_400)),
        ("bucket_width", "1d"),
        ("group_by[]", "line_item"),
        # In days: a month is one page.
        ("limit", "31"),
    )
    return [Ask("/v1/organization/costs", params)]


def read(ask: Ask, document: dict[str, Any]) -> Page:  # noqa: ARG001
    """Parse a page."""
    lines: list[Billed] = []
    without = 0
    for bucket in objects(document, "data"):
        day = day_of_seconds(bucket.get("start_time"), "start_time")
        for row in objects(bucket, "results"):
            cost = an_object(row.get("amount") or {}, "amount")
            # Unknown is not 0: such lines are counted, and a note says how many.
            if cost.get("value") is None:
                without += 1
                continue
            in_dollars(text(cost, "currency"))
            model = text(row, "line_item").split(",", 1)[0].strip()
            lines.append(Billed(day, model, None, amount(cost["value"], NANO_PER_USD, "value")))
    return Page(lines, cursor(document), without_amount=without)
