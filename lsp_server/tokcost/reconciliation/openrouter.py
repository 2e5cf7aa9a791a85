"""OpenRouter's activity: `GET /api/v1/activity`, days and models of the last 30 completed days, amounts in dollars.

`usage` was charged to the account; `byok_usage_inference` is what other providers bill for the user's own keys. There
is no list cost: `usage` is calculated from OpenRouter's prices.
"""

from typing import Any

from tokcost.model.bills import Billed
from tokcost.model.money import NANO_PER_USD
from tokcost.reconciliation.documents import Ask, Page, amount, day_of_text, objects, text

DAYS = 30


def headers(key: str) -> dict[str, str]:
    """The header with the key."""
    return {"authorization": f"Bearer {key}"}


def asks(days: list[str], account: str) -> list[Ask]:  # noqa: ARG001
    """One query: the answer always covers the last 30 days."""
    return [Ask("/api/v1/activity")]


def read(ask: Ask, document: dict[str, Any]) -> Page:  # noqa: ARG001
    """Parse the answer."""
    lines: list[Billed] = []
    own_keys = 0
    for row in objects(document, "data"):
        day = day_of_text(text(row, "date")[:10], "date")
        lines.append(Billed(day, text(row, "model"), None, amount(row.get("usage"), NANO_PER_USD, "usage")))
        own_keys += amount(row.get("byok_usage_inference") or 0, NANO_PER_USD, "byok_usage_inference")
    return Page(lines, own_keys=own_keys)
