"""OpenRouter's activity: `GET /api/v1/activity`, days and models of the last 30 completed days, amounts in dollars.

`usage` is what was taken from the account; `byok_usage_inference` what other providers bill for keys of the user's own.
There is no list cost: OpenRouter's prices are what `usage` is made of.
"""

from typing import Any

from tokcost.model.bills import Billed
from tokcost.model.money import NANO_PER_USD
from tokcost.reconciliation.documents import Ask, Page, amount, day_of_text, objects, text

DAYS = 30


def headers(key: str) -> dict[str, str]:
    """The header that names the key."""
    return {"authorization": f"Bearer {key}"}


def asks(days: list[str], account: str) -> list[Ask]:  # noqa: ARG001
    """One question: the answer is always of the last 30 days."""
    return [Ask("/api/v1/activity")]


def read(ask: Ask, document: dict[str, Any]) -> Page:  # noqa: ARG001
    """Read the answer."""
    lines: list[Billed] = []
    own_keys = 0
    for row in objects(document, "data"):
        day = day_of_text(text(row, "date")[:10], "date")
        lines.append(Billed(day, text(row, "model"), None, amount(row.get("usage"), NANO_PER_USD, "usage")))
        own_keys += amount(row.get("byok_usage_inference") or 0, NANO_PER_USD, "byok_usage_inference")
    return Page(lines, own_keys=own_keys)
