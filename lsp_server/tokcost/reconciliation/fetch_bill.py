"""The bill of a month: query by query, page by page, complete or not at all."""

import time
from collections.abc import Callable, Iterator

from tokcost.errors import EnvironmentProblem, UsageError
from tokcost.installation import installation
from tokcost.model.bills import Bill, Billed, Month, day_plus
from tokcost.model.money import decimal_string
from tokcost.reconciliation.documents import NOTHING, Ask, Page, parsed
from tokcost.reconciliation.providers import Provider

MOST_PAGES = 100
"""Of one bill: a page has a thousand lines, or a week."""
_MOST_LINES = 200_000
_MOST_SECONDS = 600.0

Get = Callable[[Ask], bytes]


def days_told(provider: Provider, month: Month, today: str) -> list[str]:
    """The days of a month for which a provider has data: from its first day on, and without future days. Raises
    `UsageError` if there are none."""
    first = provider.first_day
    if provider.days_kept is not None:
        first = max(first, day_plus(today, -provider.days_kept))
    days = [day for day in month.days if first <= day <= today]
    if not days:
        too_early = month.days[0] < first
        why = f"it reports no day before {first}" if too_early else "that month has not begun"
        other = f"{first[:7]} or a later one" if too_early else f"one that has begun, for example {today[:7]}"
        raise UsageError(f"{provider.title} has no bill for {month.name}: {why}", f"Choose another --month: {other}.")
    return days


def fetch_bill(provider: Provider, month: Month, days: list[str], account: str, get: Get) -> Bill:
    """Fetch all of it. Raises `EnvironmentProblem` if any part is missing, `UsageError`."""
    lines: list[Billed] = []
    refreshed, own_keys, without, beside = "", 0, 0, 0
    for page in _pages(provider, provider.asks(days, account), get):
        within = [line for line in page.lines if line.day in month.days]
        beside += len(page.lines) - len(within)
        lines += within
        refreshed = page.refreshed or refreshed
        own_keys += page.own_keys
        without += page.without_amount
        if len(lines) > _MOST_LINES:
            raise EnvironmentProblem(
                f"the bill of {provider.title} has more than {_MOST_LINES:,} lines",
                f"{NOTHING} tokcost does not read larger bills: compare it by hand in the provider's console.",
            )
    told = min([days[0], *(line.day for line in lines)])
    notes: list[str] = []
    if told > month.days[0]:
        notes.append(f"the provider reports no day before {told}: both sides begin there")
    if days[-1] < month.days[-1]:
        notes.append("the month has not ended")
    # A provider with a window of its own always answers with other months as well.
    if beside and provider.days_kept is None:
        notes.append(f"{beside:,} lines of other months were left out")
    if without:
        notes.append(f"{without:,} lines have no amount")
    if own_keys:
        notes.append(f"{decimal_string(own_keys)} USD of usage with keys of your own is billed by other providers")
    return Bill(lines, told, days[-1], refreshed, tuple(notes))


def _pages(provider: Provider, asks: list[Ask], get: Get) -> Iterator[Page]:
    """Every page of every answer; an answer without an end is an error."""
    until = time.monotonic() + _MOST_SECONDS
    asked = 0
    for first in asks:
        ask, seen = first, set[str]()
        while True:
            if time.monotonic() > until:
                raise EnvironmentProblem(
                    f"{provider.host} takes longer than {_MOST_SECONDS / 60:g} minutes", f"{NOTHING} Try again later."
                )
            page = provider.read(ask, parsed(get(ask)))
            yield page
            asked += 1
            if not page.cursor:
                break
            if page.cursor in seen or asked >= MOST_PAGES:
                raise EnvironmentProblem(
                    f"the answer of {provider.host} does not end: page {asked} refers to a page that was read before",
                    f"{NOTHING} Try again later; a newer tokcost may read it ({installation().upgrade}).",
                )
            seen.add(page.cursor)
            ask = first.on_page(page.cursor)
