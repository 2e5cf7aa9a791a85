"""Fields of providers' answers.

Amounts are decimal from the first byte on, and rounded once, to nano-dollars. An answer in another format than the
documented one is an error, never a smaller sum. Its text is never quoted: it can name people, and some providers repeat
part of the key.
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from typing import Any, NamedTuple, NoReturn, cast

from tokcost.errors import EnvironmentProblem
from tokcost.installation import installation
from tokcost.model.bills import Billed
from tokcost.model.money import NANO_PER_USD

NANO_PER_CENT = NANO_PER_USD // 100
_MOST_USD = Decimal(10) ** 12
_MOST_DIGITS = 100
_LONGEST_NAME = 200
NOTHING = "Nothing was compared."


class UnreadableAnswer(EnvironmentProblem):
    """An answer does not have the provider's documented format."""

    def __init__(self, what: str) -> None:
        hint = (
            f"{NOTHING} The provider may have changed its API. A newer tokcost may support it: {installation().upgrade}"
        )
        super().__init__(f"the provider's answer does not have the documented form: {what}", hint)


class Ask(NamedTuple):
    """A query to a provider."""

    path: str
    params: tuple[tuple[str, str], ...] = ()

    def on_page(self, cursor: str) -> "Ask":
        """The query for another page of its answer."""
        kept = tuple(pair for pair in self.params if pair[0] != "page")
        return self._replace(params=(*kept, ("page", cursor)))


class Page(NamedTuple):
    """The contents of one answer."""

    lines: list[Billed]
    cursor: str = ""
    """The next page; empty on the last one."""
    refreshed: str = ""
    own_keys: int = 0
    """Nano-dollars of usage with the user's own keys for other providers, which this one does not bill."""
    without_amount: int = 0
    """Lines without an amount."""


def parsed(body: bytes) -> dict[str, Any]:
    """A body as an object, with fractions as decimals. Raises `UnreadableAnswer`."""
    try:
        # Python's decoder accepts NaN and Infinity, which are not JSON.
        found = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise UnreadableAnswer("it is not JSON, or incomplete") from None
    return an_object(found, "the answer")


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def an_object(value: object, where: str) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise UnreadableAnswer(f"{where} is not an object")
    return cast(dict[str, Any], value)


def objects(document: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
    """The objects of a required array."""
    found = document.get(name)
    if not isinstance(found, list):
        raise UnreadableAnswer(f"{name} is not an array")
    return [an_object(one, f"an element of {name}") for one in cast(list[object], found)]


def text(document: dict[str, Any], name: str) -> str:
    """A text; empty if it is null or missing."""
    found = document.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise UnreadableAnswer(f"{name} is not a text")
    return found[:_LONGEST_NAME]


def amount(value: object, nano_per_unit: int, where: str) -> int:
    """An amount in nano-dollars, from a number or a decimal text, in units of `nano_per_unit`."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise UnreadableAnswer(f"{where} is not an amount")
    # `Decimal` also accepts underscores and digits of other scripts.
    if isinstance(value, str) and (len(value) > _MOST_DIGITS or not value.isascii() or "_" in value):
        raise UnreadableAnswer(f"{where} is not an amount")
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise UnreadableAnswer(f"{where} is not an amount") from None
    # Before anything is computed: the integer of `1e999999` has a million digits.
    if not found.is_finite() or found.adjusted() > 18 or len(found.as_tuple().digits) > _MOST_DIGITS:
        raise UnreadableAnswer(f"{where} is not an amount")
    with localcontext() as context:
        # With the usual 28 digits, a long amount would be rounded twice.
        context.prec = 2 * _MOST_DIGITS
        nano = (found * nano_per_unit).to_integral_value(ROUND_HALF_EVEN)
    if abs(nano) > _MOST_USD * NANO_PER_USD:
        raise UnreadableAnswer(f"{where} is an impossibly high amount of US dollars")
    return int(nano)


def in_dollars(currency: str) -> None:
    """Refuse amounts in another currency: list cost is in US dollars."""
    if currency.upper() != "USD":
        raise EnvironmentProblem(
            "the bill is not in US dollars, so it cannot be compared with list cost",
            "tokcost knows no exchange rates. `tokcost log --by model` shows the list cost, to compare by hand.",
        )


def day_of_text(moment: str, where: str) -> str:
    """The day, in UTC, of an RFC 3339 time or of a date."""
    try:
        if len(moment) == 10:
            return date.fromisoformat(moment).isoformat()
        return _in_utc(moment).date().isoformat()
    except (ValueError, OverflowError):
        raise UnreadableAnswer(f"{where} is not a time") from None


def moment(document: dict[str, Any], name: str) -> str:
    """An RFC 3339 time, in UTC to the second; empty if it is missing or invalid."""
    try:
        return _in_utc(text(document, name)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return ""


def _in_utc(moment: str) -> datetime:
    """A time in UTC. One without a zone is in UTC, in which all providers count days. Raises `ValueError` for other
    text, `OverflowError` if its year in UTC is outside 1 to 9999."""
    found = datetime.fromisoformat(moment)
    return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).astimezone(UTC)


def day_of_seconds(value: object, where: str) -> str:
    """The day, in UTC, of a number of Unix seconds."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 33:
        raise UnreadableAnswer(f"{where} is not a time")
    return datetime.fromtimestamp(value, UTC).date().isoformat()


def cursor(document: dict[str, Any]) -> str:
    """The next page, from `has_more` and `next_page`; empty on the last one."""
    more, found = document.get("has_more"), document.get("next_page")
    if more is not None and not isinstance(more, bool):
        raise UnreadableAnswer("has_more is neither true nor false")
    if found is not None and not isinstance(found, str):
        raise UnreadableAnswer("next_page is not a text")
    if more and not found:
        raise UnreadableAnswer("it has more pages, but does not name the next one")
    return found or "" if more is not False else ""
