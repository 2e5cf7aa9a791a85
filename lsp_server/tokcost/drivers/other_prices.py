"""The same tokens at other prices: another model's, the batch tier's, those of one-hour caches.

This is no prediction: another model would have read and written other tokens. Each request is priced separately, by its
own length and at its own time, at its own service level if the other price has that.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from tokcost.drivers.explaining import Looked
from tokcost.drivers.prefix import LONG_MS
from tokcost.model.drivers import Repriced, Request, Series
from tokcost.model.usage import Tokens
from tokcost.pricing.cards import ModelCards, RateCard, RateStep, cost
from tokcost.pricing.rule import PriceRule, rule_of

CHEAPEST, BATCH, ONE_HOUR = "cheapest-of-family", "batch", "one-hour-cache"

Cards = Callable[[str], ModelCards | None]
"""The rate cards of an id."""


class OtherPrice(Protocol):
    """Another price. It receives each request that has one."""

    def take(self, looked: Looked) -> None:
        """Price a request."""
        ...

    def result(self) -> Repriced:
        """The sum over all requests."""
        ...


class _Sum:
    def __init__(self, name: str) -> None:
        self.name = name
        self.list_cost = self.compared = self.requests = self.without_price = self.otherwise_served = 0
        self.lower_bound = self.estimated = 0

    def add(self, request: Request, list_cost: int | None) -> None:
        """Add a request; `None` if it has no such price."""
        if list_cost is None:
            self.without_price += 1
            return
        self.list_cost += list_cost
        self.compared += request.list_cost or 0
        self.requests += 1
        self.lower_bound += request.lower_bound
        self.estimated += request.estimated

    def result(self) -> Repriced:
        """The sum so far."""
        counts = self.list_cost, self.compared, self.requests, self.without_price, self.otherwise_served
        return Repriced(self.name, *counts, lower_bound=self.lower_bound, estimated=self.estimated)


class AsModel:
    """Requests at the prices of another model. Cache classes for which that model has no price count as plain input."""

    def __init__(self, cards: ModelCards) -> None:
        self._cards = cards
        self._sum = _Sum(cards.model)
        self._rules: dict[tuple[str, str, str], PriceRule] = {}

    def take(self, looked: Looked) -> None:
        """Price a request."""
        request, series = looked.request, looked.series
        way = series.speed, series.tier, series.geo
        rule = self._rules.get(way)
        if rule is None:
            rule = self._rules[way] = rule_of(self._cards, *way)
        if rule.state == "free":
            self._sum.add(request, 0)
            return
        card = rule.card(request.time_ms)
        amount = _priced(card, tokens_of(request), looked)
        self._sum.add(request, amount)
        if amount is not None and not any(one.holds(request.time_ms) for one in rule.cards):
            self._sum.otherwise_served += 1

    def result(self) -> Repriced:
        """The sum over all requests."""
        return self._sum.result()


class AsBatch:
    """Requests at the batch price of their own model."""

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self._sum = _Sum(BATCH)
        self._rules: dict[tuple[str | None, str], PriceRule | None] = {}

    def take(self, looked: Looked) -> None:
        """Price a request."""
        request, series = looked.request, looked.series
        key = series.price, series.geo
        if key not in self._rules:
            cards = self._cards(series.price) if series.price is not None else None
            self._rules[key] = rule_of(cards, "", BATCH, series.geo) if cards is not None else None
        rule = self._rules[key]
        card = next((one for one in rule.cards if one.holds(request.time_ms)), None) if rule is not None else None
        self._sum.add(request, _priced(card, tokens_of(request), looked))

    def result(self) -> Repriced:
        """The sum over all requests."""
        return self._sum.result()


class AsOneHour:
    """Requests as if everything written to a five-minute cache had been written to a one-hour cache: writing costs
    more, and what was lost in a pause of up to an hour would have been read."""

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self._sum = _Sum(ONE_HOUR)
        self._rules: dict[tuple[str | None, str, str, str], PriceRule | None] = {}

    def take(self, looked: Looked) -> None:
        """Price a request."""
        request, series = looked.request, looked.series
        if not request.cache_write_5m:
            self._sum.add(request, request.list_cost)
            return
        key = series.price, series.speed, series.tier, series.geo
        if key not in self._rules:
            cards = self._cards(series.price) if series.price is not None else None
            self._rules[key] = rule_of(cards, *key[1:]) if cards is not None else None
        rule = self._rules[key]
        card = rule.card(request.time_ms) if rule is not None else None
        if card is None or card.steps[0].rates.cache_write_1h in (None, card.steps[0].rates.cache_write_5m):
            self._sum.add(request, None)  # its provider offers no other cache lifetime
            return
        lost = sum(one.tokens for one in looked.losses if one.cause == "pause" and not one.long)
        # A one-hour cache would have been lost as well after a longer pause.
        is_kept = all(one.pause_ms <= LONG_MS for one in looked.losses)
        read = min(lost, request.cache_write_5m) if is_kept else 0
        tokens = tokens_of(request)
        changed = tokens._replace(
            cache_read=tokens.cache_read + read,
            cache_write_5m=0,
            cache_write_1h=tokens.cache_write_1h + tokens.cache_write_5m - read,
        )
        self._sum.add(request, _priced(card, changed, looked))

    def result(self) -> Repriced:
        """The sum over all requests."""
        return self._sum.result()


class AsCheapest:
    """Requests at the prices of the cheapest model of each request's family: the one with the lowest sum for all
    requests of a model."""

    def __init__(self, family: Callable[[Series], Iterable[ModelCards]]) -> None:
        self._family = family
        self._models: dict[tuple[str, str], list[AsModel]] = {}

    def take(self, looked: Looked) -> None:
        """Price a request."""
        pair = looked.series.provider, looked.series.model
        if pair not in self._models:
            # Which one is cheapest is known only at the end, so every request is priced at all candidates; those that
            # cannot win are dropped first.
            self._models[pair] = [AsModel(cards) for cards in without_dearer(list(self._family(looked.series)))]
        for model in self._models[pair]:
            model.take(looked)

    def result(self) -> Repriced:
        """The sum over all requests."""
        total, chosen = Repriced(CHEAPEST, 0, 0, 0, 0), list[tuple[str, str]]()
        for (_, name), models in sorted(self._models.items()):
            if not models:
                continue
            # By missing prices first: a model without a price for some requests has a lower sum for that reason alone.
            best = min((one.result() for one in models), key=lambda one: (one.without_price, one.list_cost, one.name))
            total = total.plus(best)
            chosen.append((name, best.name))
        return total._replace(models=tuple(chosen))


def tokens_of(request: Request) -> Tokens:
    """The counts of a request."""
    return Tokens(
        request.input,
        request.cache_read,
        request.cache_write_5m,
        request.cache_write_1h,
        request.output,
        request.reasoning,
    )


def without_dearer(models: list[ModelCards]) -> list[ModelCards]:
    """The models without those that cost more than another one for any request at any time: at the standard service
    level, none of their rates was ever below the other's highest."""
    spans = [(one, _extremes(one)) for one in models]
    return [
        one
        for one, (lowest, _) in spans
        if not any(
            other is not one and all(high < low for high, low in zip(highest, lowest, strict=True))
            for other, (_, highest) in spans
        )
    ]


def _extremes(model: ModelCards) -> tuple[list[int], list[int]]:
    """The lowest and the highest rate of each class at the standard service level."""
    rates = [step.rates[:5] for card in model.cards if not card.context for step in card.steps]
    known = [[rate or 0 for rate in (row[at] for row in rates)] for at in range(5)]
    return [min(one, default=0) for one in known], [max(one, default=0) for one in known]


def _priced(card: RateCard | None, tokens: Tokens, looked: Looked) -> int | None:
    """The cost of a request by a card, as when usage is recorded: several requests together have no long prompt."""
    if card is None:
        return None
    if looked.of_several and len(card.steps) > 1:
        card = card._replace(steps=card.steps[:1])
    if any(None in step.rates for step in card.steps):
        card = _with_cache_as_input(card)
    return cost(card, tokens, looked.request.web_searches)


def _with_cache_as_input(card: RateCard) -> RateCard:
    steps: list[RateStep] = []
    for above, rates in card.steps:
        known = [rates.input if rate is None else rate for rate in rates[1:4]]
        steps.append(
            RateStep(above, rates._replace(cache_read=known[0], cache_write_5m=known[1], cache_write_1h=known[2]))
        )
    return card._replace(steps=tuple(steps))
