"""The price of a usage, from cards that are already loaded: no file, no network, a few steps for each usage."""

from collections.abc import Callable, Iterable, Mapping

from tokcost.model.usage import Usage
from tokcost.pricing.cards import ModelCards, Price, PriceState, RateCard, cost
from tokcost.pricing.overrides import Override, apply
from tokcost.pricing.rule import NO_RULE, PriceRule, rule_of

Pair = tuple[str, str]
"""Provider and model, as logged."""


class PriceBook:
    """Prices usage of the models whose cards it has; all other usage is `unpriced`."""

    def __init__(
        self,
        models: Iterable[ModelCards],
        overrides: Iterable[Override] = (),
        id_of: Callable[[ModelCards], str] | None = None,
    ) -> None:
        """`id_of` returns the id of cards (`ModelCards.id`), for callers who know it without computing it."""
        self._id_of = id_of or _id_of
        self._overrides = tuple(overrides)
        self._given: Mapping[Pair, ModelCards] = {(one.provider, one.model): one for one in models}
        self._models: dict[Pair, ModelCards] = {}
        self._rules: dict[tuple[str, str, str, str, str], PriceRule] = {}

    def missing(self, pairs: Iterable[Pair]) -> set[Pair]:
        """The models without cards so far."""
        return {pair for pair in pairs if pair not in self._given}

    def model(self, pair: Pair) -> ModelCards | None:
        """A model's cards, with overrides applied."""
        if pair not in self._models and pair in self._given:
            # A file may have hundreds of overrides, while an import needs few of the models.
            self._models[pair] = apply(self._given[pair], self._overrides)
        return self._models.get(pair)

    def price(self, usage: Usage, *, of_several: bool = False) -> Price:
        """The list cost of one usage, priced separately at its own time. With `of_several`, the usage may be the sum of
        several requests, so its prompt tokens tell nothing about long prompts."""
        # Looking up the fields of a named tuple one by one takes three times as long as unpacking all of them.
        # The order is that of the fields of `Usage`.
        _, _, time_ms, model, tokens, _, _, _, _, provider, kind, speed, tier, searches = usage[:14]
        asked = (provider, model, speed, tier, usage.geo)
        rule = self._rules.get(asked)
        if rule is None:
            rule = self._rules[asked] = self._rule(usage)
        state, card_id, flat, cards, fallback = rule
        # Before any rate is looked up: nothing costs nothing, also with a model that nobody knows.
        if not (any(tokens) or searches):
            return Price(0, state, card_id)
        if flat is not None:
            return Price(flat, state, card_id)
        for card in cards:
            if card.holds(time_ms):
                if of_several or kind == "unlogged":
                    return self._by(card, usage, state, card_id, of_several=True)
                amount = cost(card, tokens, searches)
                return Price(amount, "unpriced" if amount is None else state, card_id)
        for card in fallback:
            if card.holds(time_ms):
                return self._by(card, usage, "estimated", card_id, of_several=of_several or kind == "unlogged")
        return Price(None, "unpriced", card_id)

    @staticmethod
    def _by(card: RateCard, usage: Usage, state: PriceState, card_id: str | None, *, of_several: bool) -> Price:
        if of_several and len(card.steps) > 1:
            # It may be one long prompt, which has other rates, or many short ones.
            state = "estimated" if usage.tokens.prompt > card.steps[1].above else state
            card = card._replace(steps=card.steps[:1])
        amount = cost(card, usage.tokens, usage.web_searches)
        return Price(amount, "unpriced" if amount is None else state, card_id)

    def _rule(self, usage: Usage) -> PriceRule:
        cards = self.model((usage.provider, usage.model))
        if cards is None:
            return NO_RULE
        return rule_of(cards, usage.speed, usage.tier, usage.geo, card_id=self._id_of(cards))


def _id_of(cards: ModelCards) -> str:
    return cards.id
