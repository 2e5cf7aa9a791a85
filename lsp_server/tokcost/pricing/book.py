"""The price of a usage, from cards that are already there: no file, no network, a few steps for each usage."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tokcost.model.usage import Usage
from tokcost.pricing.cards import ModelCards, Price, PriceState, RateCard, cost, multiplied, within
from tokcost.pricing.overrides import Override, apply

Pair = tuple[str, str]
"""Provider and model, as logged."""


class PriceBook:
    """Prices usage of the models it has cards of; everything else is `unpriced`."""

    def __init__(self, models: Iterable[ModelCards], overrides: Iterable[Override] = ()) -> None:
        self._overrides = tuple(overrides)
        self._given: Mapping[Pair, ModelCards] = {(one.provider, one.model): one for one in models}
        self._models: dict[Pair, ModelCards] = {}
        self._rules: dict[tuple[str, str, str, str, str], _Rule] = {}

    def missing(self, pairs: Iterable[Pair]) -> set[Pair]:
        """Those of which no cards are here yet."""
        return {pair for pair in pairs if pair not in self._given}

    def model(self, pair: Pair) -> ModelCards | None:
        """A model's cards, overrides applied."""
        if pair not in self._models and pair in self._given:
            # A file may have hundreds of overrides, an import needs few of the models.
            self._models[pair] = apply(self._given[pair], self._overrides)
        return self._models.get(pair)

    def price(self, usage: Usage) -> Price:
        """The list cost of one usage, alone, at its own time."""
        asked = (usage.provider, usage.model, usage.speed, usage.tier, usage.geo)
        rule = self._rules.get(asked)
        if rule is None:
            rule = self._rules[asked] = self._rule(usage)
        if not (any(usage.tokens) or usage.web_searches):
            return Price(0, rule.state, rule.id)
        if rule.flat is not None:
            return Price(rule.flat, rule.state, rule.id)
        for card in rule.cards:
            if card.holds(usage.time_ms):
                return self._by(card, usage, rule.state, rule.id)
        for card in rule.fallback:
            if card.holds(usage.time_ms):
                return self._by(card, usage, "estimated", rule.id)
        return Price(None, "unpriced", rule.id)

    @staticmethod
    def _by(card: RateCard, usage: Usage, state: PriceState, card_id: str | None) -> Price:
        if usage.kind == "unlogged" and len(card.steps) > 1:
            # It may be several calls: one long prompt, which has other rates, or many short ones.
            state = "estimated" if usage.tokens.prompt > card.steps[1].above else state
            card = card._replace(steps=card.steps[:1])
        amount = cost(card, usage.tokens, usage.web_searches)
        return Price(amount, "unpriced" if amount is None else state, card_id)

    def _rule(self, usage: Usage) -> "_Rule":
        """The cards that say exactly how this kind of usage is priced, and those to fall back on, closest first: by the
        speed alone, by the standard service, and both without the region's factor."""
        cards, geo = self.model((usage.provider, usage.model)), _word(usage.geo, _ANYWHERE)
        if cards is None:
            return _Rule("unpriced", None, None, (), ())
        if cards.state in ("included", "free"):
            return _Rule(cards.state, cards.id, 0, (), ())
        ways = [way for way in (_word(usage.speed), _word(usage.tier)) if way] or [cards.served]
        served = [_served(cards, way) for way in ways]
        standard = _served(cards, "") if ways != [""] else ()
        own = served[0] if len(ways) == 1 else ()  # no provider has a price for two ways at once
        fallback = tuple(card for way in (*served[len(own) > 0 :], standard) for card in way)
        if geo:
            own, fallback = _kept_in(cards, geo, own), (*_kept_in(cards, geo, fallback), *own, *fallback)
        return _Rule(cards.state if own else "unpriced", cards.id, None, own, fallback)


_USUAL = frozenset(["standard", "default", "auto"])
_ANYWHERE = frozenset(["global", "not_available"])


def _word(said: str, usual: frozenset[str] = _USUAL) -> str:
    """A way of being served, or a region, in the words of the cards; empty for the usual one."""
    word = said.strip().lower()
    return "" if word in usual else word


def _served(cards: ModelCards, way: str) -> tuple[RateCard, ...]:
    """The cards of one way of being served, newest first."""
    return tuple(card for card in cards.cards[::-1] if card.context == way)


def _kept_in(cards: ModelCards, geo: str, those: tuple[RateCard, ...]) -> tuple[RateCard, ...]:
    """Cards with the factor for inference in one region, as far as it is known."""
    return tuple(
        multiplied(part, factor.factor)
        for factor in cards.factors[::-1]
        if factor.geo.lower() == geo
        for card in those
        if (part := within(card, factor.from_ms, factor.until_ms)) is not None
    )


class _Rule(NamedTuple):
    """The prices of usage of one model, served in one way."""

    state: PriceState
    id: str | None
    flat: int | None
    """The amount, where it does not depend on tokens."""
    cards: tuple[RateCard, ...]
    """The first that holds is right."""
    fallback: tuple[RateCard, ...]
    """The first that holds is the closest that is known, where the price of this way of being served is not."""
