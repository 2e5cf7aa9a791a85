"""Numbers as written by assistants in JavaScript."""

from collections.abc import Mapping
from typing import Any, cast

from tokcost.model.bounds import MAX_COST, count, whole
from tokcost.model.money import NANO_PER_USD
from tokcost.model.usage import MAX_TOKENS, Tokens

_TICKS_OF_A_NANO = 10


def count_of(counts: Mapping[str, Any], name: str) -> int:
    """A count of a record that is decoded without a type; a missing one is 0. Raises `ValueError` for an invalid one,
    or one that is larger than any response's."""
    return count(counts.get(name))


def text_in(record: Mapping[str, Any], name: str) -> str:
    """A text of a record that is decoded without a type; empty if it is missing or of another type."""
    value = record.get(name)
    return value if isinstance(value, str) else ""


def object_in(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object of a record that is decoded without a type; empty if it is missing or of another type."""
    value = record.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def nano_dollars(dollars: object) -> int | None:
    """US dollars as nano-dollars; `None` if it is no number, or 0, which is written for subscriptions."""
    # To Python, JSON's `true` is an `int`.
    if not isinstance(dollars, int | float) or isinstance(dollars, bool) or not 0 < dollars < 1e6:
        return None
    return round(dollars * NANO_PER_USD)


def nano_of_ticks(ticks: Any) -> int | None:
    """Ticks of xAI, 10^10 to a US dollar, to nano-dollars; `None` for what is no cost."""
    if not isinstance(ticks, int) or isinstance(ticks, bool) or not 0 < ticks < MAX_COST * _TICKS_OF_A_NANO:
        return None
    return round(ticks / _TICKS_OF_A_NANO)


def disjoint(
    prompt: float | None, cached: float | None, written: float | None, output: float | None, *, has_cache: bool
) -> Tokens | None:
    """The disjoint classes of a response; `None` for impossible numbers. With `has_cache` the prompt includes cache
    reads and writes, unless it is smaller than those."""
    read, hit, wrote, said = (whole(one) for one in (prompt, cached, written, output))
    if read is None or hit is None or wrote is None or said is None:
        return None
    if min(read, hit, wrote, said) < 0 or max(read, hit, wrote, said) >= MAX_TOKENS:
        return None
    if has_cache and read >= hit + wrote:
        read -= hit + wrote
    return Tokens(read, hit, wrote, output=said)
