"""The price of a usage, from cards that are already there: no file, no network, a few steps for each usage."""

from collections.abc import Iterable, Mapping

from tokcost.model.usage import Usage
from tokcost.pricing.cards import ModelCards, Price, PriceState, RateCard, cost
from tokcost.pricing.overrides import Override, apply

Pair = tuple[str, str]
"""Provider and model, as logged."""


class PriceBook:
    """Prices usage of the models it has cards of; everything else is `unpriced`."""

    def __init__(self, models: Iterable[ModelCards], overrides: Iterable[Override] = ()) -> None:
        given = tuple(overrides)
        self._models: Mapping[Pair, ModelCards] = {(one.provider, one.model): apply(one, given) for one in models}
        self._ids = {pair: model.id for pair, model in self._models.items()}
        self._cards: dict[tuple[str, str, str], tuple[RateCard, ...]] = {}

    def missing(self, pairs: Iterable[Pair]) -> set[Pair]:
        """Those of which no cards are here yet."""
        return {pair for pair in pairs if pair not in self._models}

    def model(self, pair: Pair) -> ModelCards | None:
        """A model's cards, overrides applied."""
        return self._models.get(pair)

    def price(self, usage: Usage) -> Price:
        """The list cost of one usage, alone, at its own time."""
        pair = (usage.provider, usage.model)
        model = self._models.get(pair)
        if not (any(usage.tokens) or usage.web_searches):
            return Price(0, "priced" if model is None else model.state, None)
        if model is None:
            return Price(None, "unpriced", None)
        if model.state == "included" or model.state == "free":
            return Price(0, model.state, self._ids[pair])
        state: PriceState = "priced"
        context = usage.speed or usage.tier
        card = self._card(pair, context, usage.time_ms)
        if card is None and context:
            card, state = self._card(pair, "", usage.time_ms), "estimated"
        if card is None:
            return Price(None, "unpriced", self._ids[pair])
        return Price(cost(card, usage.tokens, usage.web_searches), state, self._ids[pair])

    def _card(self, pair: Pair, context: str, time_ms: int) -> RateCard | None:
        cards = self._cards.get((*pair, context))
        if cards is None:
            found = (card for card in reversed(self._models[pair].cards) if card.context == context)
            cards = self._cards[(*pair, context)] = tuple(found)
        for card in cards:
            if card.holds(time_ms):
                return card
        return None
