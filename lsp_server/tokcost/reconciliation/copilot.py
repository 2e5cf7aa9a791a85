"""GitHub Copilot's AI credits: `GET /organizations/ORG/settings/billing/ai_credit/usage`, one query per day.

`grossAmount` is list cost, `netAmount` is billed after the plan's credits; both are JSON numbers in dollars. A discount
can be larger than the gross amount. Models have display names: `Auto: Claude Haiku 4.5`.
"""

import re
from typing import Any

from tokcost.errors import UsageError
from tokcost.model.bills import Billed
from tokcost.model.money import NANO_PER_USD
from tokcost.reconciliation.documents import Ask, Page, UnreadableAnswer, amount, objects, text

FIRST_DAY = "2026-06-01"
"""Before this day, Copilot billed premium requests."""
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,100}")


def headers(key: str) -> dict[str, str]:
    """The headers with the token and the API version."""
    return {
        "authorization": f"Bearer {key}",
        "accept": "application/vnd.github+json",
        "x-github-api-version": "2026-03-10",
    }


def asks(days: list[str], account: str) -> list[Ask]:
    """A query for each day: an answer for a month does not distinguish its days."""
    if not _ACCOUNT.fullmatch(account):
        raise UsageError("the organization that pays for Copilot is missing", "Name it: --org NAME.")
    path = f"/organizations/{account}/settings/billing/ai_credit/usage"
    parts = (day.split("-") for day in days)
    return [
        Ask(path, (("year", year), ("month", str(int(month))), ("day", str(int(day))))) for year, month, day in parts
    ]


def read(ask: Ask, document: dict[str, Any]) -> Page:
    """Parse the answer for a day."""
    year, month, day = (int(value) for _, value in ask.params)
    period = document.get("timePeriod")
    # A part that the period leaves out is no contradiction, but the amounts of another day would be a wrong sum.
    if isinstance(period, dict) and {"year": year, "month": month, "day": day} != {
        "year": year, "month": month, "day": day, **period}:  # fmt: skip
        raise UnreadableAnswer("it is for another day")
    lines = [
        Billed(
            f"{year:04d}-{month:02d}-{day:02d}",
            text(row, "model"),
            amount(row.get("grossAmount"), NANO_PER_USD, "grossAmount"),
            amount(row.get("netAmount"), NANO_PER_USD, "netAmount"),
        )
        for row in objects(document, "usageItems")
    ]
    return Page(lines)
