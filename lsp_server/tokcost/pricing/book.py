"""The price of a usage, from cards that are already there: no file, no network, a few steps for each usage."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tokcost.model.usage import Usage
from tokcost.pricing.cards import ModelCards, Price, PriceState, RateCard, cost
from tokcost.pricing.overrides import Override, apply

Pair = tuple[str, str]
"""Provider and model, as logged."""


class PriceBook:
    """Prices usage of the models it has cards of; everything else is `unpriced`."""

    def __init__(self, models: Iterable[ModelCards], overrides: Iterable[Override] = ()) -> None:
        self._overrides = tuple(overrides)
        self._given: Mapping[Pair, ModelCards] = {(one.provider, one.model): one for one in models}
        self._models: dict[Pair, ModelCards] = {}
        self._rules: dict[tuple[str, str, str], _Rule] = {}

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
        asked = (usage.provider, usage.model, usage.speed or usage.tier)
        rule = self._rules.get(asked)
        if rule is None:
            rule = self._rules[asked] = self._rule(*asked)
        if not (any(usage.tokens) or usage.web_searches):
            return Price(0, rule.state, rule.id)
        if rule.flat is not None:
            return Price(rule.flat, rule.state, rule.id)
        for card in rule.cards:
            if card.holds(usage.time_ms):
                return Price(cost(card, usage.tokens, usage.web_searches), rule.state, rule.id)
        for card in rule.fallback:
            if card.holds(usage.time_ms):
                return Price(cost(card, usage.tokens, usage.web_searches), "estimated", rule.id)
        return Price(None, "unpriced", rule.id)

    def _rule(self, provider: str, model: str, context: str) -> "_Rule":
        cards = self.model((provider, model))
        if cards is None:
            return _Rule("unpriced", None, None, (), ())
        if cards.state in ("included", "free"):
            return _Rule(cards.state, cards.id, 0, (), ())
        newest_first = cards.cards[::-1]
        own = tuple(card for card in newest_first if card.context == context)
        standard = tuple(card for card in newest_first if card.context == "") if context else ()
        return _Rule(cards.state if own else "unpriced", cards.id, None, own, standard)


class _Rule(NamedTuple):
    """How usage of one model, served in one way, is priced."""

    state: PriceState
    id: str | None
    flat: int | None
    """The amount, where it does not depend on tokens."""
    cards: tuple[RateCard, ...]
    """The first that holds is right."""
    fallback: tuple[RateCard, ...]
    """The standard service's cards, where the price of this way of being served is not known."""
