"""Anthropic's cost analytics: `GET /v1/organizations/analytics/cost` (beta, header `analytics-usage-cost-2026-08-24`).

A line has an amount after discounts and before credits, and a list amount, both as decimal texts in cents. Formats and
limits (31 days, 1,000 lines per page) come from the package anthropic 2.14, `resources/beta/organization`.
"""

from typing import Any

from tokcost.model.bills import Billed, day_plus
from tokcost.reconciliation.documents import (
    NANO_PER_CENT,
    Ask,
    Page,
    amount,
    an_object,
    cursor,
    day_of_text,
    in_dollars,
    moment,
    objects,
    text,
)


def headers(key: str) -> dict[str, str]:
    """The headers with the key and the API version."""
    return {
        "x-api-key": key,
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "analytics-usage-cost-2026-08-24",
    }


def asks(days: list[str], account: str) -> list[Ask]:  # noqa: ARG001 (the key names the organization)
    """One query for all days, not grouped by person."""
    params = (
        ("starting_at", f"{days[0]}T00:00:00Z"),
        # The end is excluded.
        ("ending_at", f"{day_plus(days[-1], 1)}T00:00:00Z"),
        ("time_bucket_width", "1d"),
        ("group_by[]", "model"),
        ("order_by", "time"),
        ("limit", "1000"),
    )
    return [Ask("/v1/organizations/analytics/cost", params)]


def read(ask: Ask, document: dict[str, Any]) -> Page:  # noqa: ARG001
    """Parse a page."""
    lines: list[Billed] = []
    for row in objects(document, "data"):
        cost, group = an_object(row.get("cost"), "cost"), an_object(row.get("group"), "group")
        in_dollars(text(cost, "currency"))
        lines.append(
            Billed(
                day_of_text(text(row, "starting_at"), "starting_at"),
                text(group, "model"),
                amount(cost.get("list_amount"), NANO_PER_CENT, "list_amount"),
                amount(cost.get("amount"), NANO_PER_CENT, "amount"),
            )
        )
    return Page(lines, cursor(document), moment(document, "data_refreshed_at"))
