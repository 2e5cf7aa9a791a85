"""The list cost of one request, split by what was paid for, in exactly the amounts of its rate cards.

A request is first priced at the base rates: standard service, short prompts, inference anywhere. Additional costs of
longer prompts, another service level and a region are surcharges. If one of them makes a request cheaper (batch, flex),
the base uses its rates instead, so that no part is ever negative.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tokcost.model.drivers import CAUSES, DRIVERS, Driver, Request, Series
from tokcost.model.money import ATTO_PER_NANO, nano_from_atto
from tokcost.pricing.cards import DAY_MINUTES, ModelCards, RateCard, Rates
from tokcost.pricing.rule import PriceRule, rule_of, served_as

Amount = tuple[Driver, int, int]
"""A driver, nano-dollars, tokens."""


class Again(NamedTuple):
    """The tokens of a request that had been cached before, by class and by the driver they belong to."""

    driver: Driver
    input: int
    cache_write_5m: int
    cache_write_1h: int


class Layers(NamedTuple):
    """Rates that add up to those of a request: the base, and for each surcharge the rates before and after it."""

    base: Rates
    surcharges: tuple[tuple[Driver, Rates, Rates], ...]


class Sheet:
    """The rates of one series of requests."""

    def __init__(self, series: Series, cards: ModelCards, *, of_several: bool) -> None:
        """`of_several`: a request of the series may be the sum of several, of which none is known to have had a long
        prompt."""
        self._rule = rule_of(cards, series.speed, series.tier, series.geo)
        self._anywhere = rule_of(cards, series.speed, series.tier) if series.geo else self._rule
        self._standard = PriceRule("priced", None, None, served_as(cards, ""), ())
        self._is_one_call = not of_several
        self._changes = sorted({ms for card in cards.cards for ms in (card.from_ms, card.until_ms) if ms is not None})
        self._changes += [ms for factor in cards.factors for ms in (factor.from_ms, factor.until_ms) if ms is not None]
        self._changes.sort()
        self._has_hours = any(card.until_minute - card.from_minute < DAY_MINUTES for card in cards.cards)
        self._steps = sorted({step.above for card in cards.cards for step in card.steps})
        self._known: dict[tuple[int, int, int], Layers | None] = {}

    def layers(self, request: Request) -> Layers | None:
        """The rates of a request; `None` if none are known for its time."""
        time_ms, at = request.time_ms, 0
        if self._is_one_call and len(self._steps) > 1:
            # `bisect_left`: a prompt of exactly the limit is not a long one, as in `cards.cost`.
            at = bisect_left(self._steps, request.prompt) - 1
        minute = time_ms // 60_000 % DAY_MINUTES if self._has_hours else 0
        # Rates differ only by these three, so hundreds of thousands of requests need a few entries.
        key = bisect_right(self._changes, time_ms), minute, at
        if key not in self._known:
            self._known[key] = self._made(time_ms, self._steps[max(at, 0)] if self._steps else -1)
        return self._known[key]

    def _made(self, time_ms: int, above: int) -> Layers | None:
        card = self._rule.card(time_ms)
        if card is None:
            return None
        served = self._anywhere.card(time_ms) or card
        standard = self._standard.card(time_ms) or served
        begin = served if _is_cheaper(_rates(served, -1), _rates(standard, -1)) else standard
        way: Driver = "fast_surcharge" if served.context == "fast" else "priority_surcharge"
        steps: tuple[tuple[Driver, Rates], ...] = (
            ("long_context_surcharge", _rates(begin, above)),
            (way, _rates(served, above)),
            ("residency_surcharge", _rates(card, above)),
        )
        rates = base = _rates(begin, -1)
        surcharges: list[tuple[Driver, Rates, Rates]] = []
        for driver, more in steps:
            if more != rates:
                surcharges.append((driver, rates, more))
            rates = more
        if any(_can_be_less(less, more) for _, less, more in surcharges):
            return Layers(rates, ())
        return Layers(base, tuple(surcharges))


def split_cost(request: Request, again: Sequence[Again], layers: Layers) -> list[Amount] | None:
    """The parts of a request's list cost, which add up to it; `None` if these rates do not result in that cost."""
    base = layers.base
    sent, read, short, long, output, reasoning, searches = request[4:11]
    if not (sent or read or short or long or output or searches):
        return [] if not request.list_cost else None
    of_input, of_short, of_long = base.input or 0, base.cache_write_5m or 0, base.cache_write_1h or 0
    atto: list[Amount] = []
    for driver, again_sent, again_short, again_long in again:
        sent, short, long = sent - again_sent, short - again_short, long - again_long
        amount = again_sent * of_input + again_short * of_short + again_long * of_long
        atto.append((driver, amount, again_sent + again_short + again_long))
    if sent:
        atto.append(("new_input", sent * of_input, sent))
    if short or long:
        atto.append(("cache_written", short * of_short + long * of_long, short + long))
    if read:
        atto.append(("cache_read", read * (base.cache_read or 0), read))
    reasoning, of_output = min(reasoning, output), base.output or 0
    if output > reasoning:
        atto.append(("visible_output", (output - reasoning) * of_output, output - reasoning))
    if reasoning:
        atto.append(("reasoning", reasoning * of_output, reasoning))
    if searches or base.request or layers.surcharges:
        atto += _besides(request, layers)
    return _rounded(atto, request.list_cost or 0)


def _besides(request: Request, layers: Layers) -> list[Amount]:
    """Atto-dollars that were not paid for tokens."""
    base, found = layers.base, list[Amount]()
    if request.web_searches:
        found.append(("web_searches", request.web_searches * (base.web_search or 0), 0))
    if base.request:
        found.append(("request_fees", base.request, 0))
    for driver, less, more in layers.surcharges:
        found.append((driver, _cost(request, more) - _cost(request, less), 0))
    return found


def parts_without_rates(request: Request, again: Sequence[Again]) -> list[Amount]:
    """The parts of a request that costs nothing (`free`, `included`): tokens only."""
    own, reasoning = _first_time(request, again), min(request.reasoning, request.output)
    found: list[Amount] = []
    for driver, sent, short, long in again:
        found.append((driver, 0, sent + short + long))
    found.append(("new_input", 0, own.input))
    found.append(("cache_written", 0, own.cache_write_5m + own.cache_write_1h))
    found.append(("cache_read", 0, request.cache_read))
    found.append(("visible_output", 0, request.output - reasoning))
    found.append(("reasoning", 0, reasoning))
    return [one for one in found if one[2]]


def _first_time(request: Request, again: Iterable[Again]) -> Again:
    """The tokens that were not in the prompt before."""
    sent, short, long = request.input, request.cache_write_5m, request.cache_write_1h
    for one in again:
        sent, short, long = sent - one.input, short - one.cache_write_5m, long - one.cache_write_1h
    return Again(CAUSES["other"], sent, short, long)


def _cost(request: Request, rates: Rates) -> int:
    """Atto-dollars."""
    counts = (*request[4:9], request.web_searches, 1)
    return sum(count * (rate or 0) for count, rate in zip(counts, rates, strict=True))


def _rounded(parts: list[Amount], list_cost: int) -> list[Amount] | None:
    """Parts in whole nano-dollars that add up to the list cost: the remainder goes to those that lost most by
    truncation."""
    found: list[Amount] = []
    whole = fractions = 0
    for driver, atto, tokens in parts:
        nano, fraction = divmod(atto, ATTO_PER_NANO)
        whole, fractions = whole + nano, fractions + fraction
        found.append((driver, nano, tokens))
    # Nearly all requests have no fractions and need no rounding. The recorded amount is the judge: parts that do not
    # round to it were not billed like this.
    if (whole != list_cost or fractions) and nano_from_atto(whole * ATTO_PER_NANO + fractions) != list_cost:
        return None
    if whole != list_cost:
        # Ties go by the order of the drivers, so that the same usage always gives the same figures.
        order = sorted(range(len(parts)), key=lambda at: (-(parts[at][1] % ATTO_PER_NANO), DRIVERS.index(parts[at][0])))
        for at in order[: list_cost - whole]:
            driver, nano, tokens = found[at]
            found[at] = driver, nano + 1, tokens
    return found


def _rates(card: RateCard, above: int) -> Rates:
    """The rates of a card for prompts longer than a threshold."""
    return next(step.rates for step in reversed(card.steps) if step.above <= above)


def _is_cheaper(one: Rates, other: Rates) -> bool:
    return sum(rate or 0 for rate in one) < sum(rate or 0 for rate in other)


def _can_be_less(less: Rates, more: Rates) -> bool:
    """Whether a surcharge could be negative, or is unknown."""
    pairs = zip(less, more, strict=True)
    return any((one is None) != (other is None) or (other or 0) < (one or 0) for one, other in pairs)
