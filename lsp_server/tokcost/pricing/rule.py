"""The choice of rate cards: those of a model's cards that apply to one service level and one region. Pure."""

from typing import NamedTuple

from tokcost.pricing.cards import ModelCards, PriceState, RateCard, multiplied, within


class PriceRule(NamedTuple):
    """The prices of usage of one model at one service level."""

    state: PriceState
    id: str | None
    flat: int | None
    """The amount, if it does not depend on tokens."""
    cards: tuple[RateCard, ...]
    """The first valid one applies."""
    fallback: tuple[RateCard, ...]
    """The first valid one is the closest known, if the price of this service level is unknown."""

    def card(self, time_ms: int) -> RateCard | None:
        """The card for a request at a moment, including the closest known one."""
        for card in self.cards:
            if card.holds(time_ms):
                return card
        return next((card for card in self.fallback if card.holds(time_ms)), None)


NO_RULE = PriceRule("unpriced", None, None, (), ())


def rule_of(
    cards: ModelCards, speed: str = "", tier: str = "", geo: str = "", *, card_id: str | None = None
) -> PriceRule:
    """The cards with the exact price for this kind of usage, and the fallbacks, closest first: by the speed alone, by
    the standard service, and both without the region's factor.

    `card_id` is their id if known: computing it takes longer than everything else.
    """
    where, card_id = region(geo), card_id or cards.id
    if cards.state in ("included", "free"):
        return PriceRule(cards.state, card_id, 0, (), ())
    # What the response says of its own service wins over its model's name.
    ways = [way for way in (_word(speed), _word(tier)) if way] or [cards.served]
    served = [served_as(cards, way) for way in ways]
    standard = served_as(cards, "") if ways != [""] else ()
    own = served[0] if len(ways) == 1 else ()  # no provider has a price for two service levels at once
    fallback = tuple(card for way in (*served[len(own) > 0 :], standard) for card in way)
    # The closest price in the region is closer than the exact one elsewhere, so regional cards come first.
    if where:
        own, fallback = _kept_in(cards, where, own), (*_kept_in(cards, where, fallback), *own, *fallback)
    return PriceRule(cards.state if own else "unpriced", card_id, None, own, fallback)


def served_as(cards: ModelCards, way: str) -> tuple[RateCard, ...]:
    """The cards of one service level (empty: the standard one), newest first."""
    return tuple(card for card in cards.cards[::-1] if card.context == way)


_USUAL = frozenset(["standard", "default", "auto"])
_ANYWHERE = frozenset(["global", "not_available"])


def region(geo: str) -> str:
    """A region in the cards' terms; empty if the inference is unrestricted."""
    return _word(geo, _ANYWHERE)


def _word(said: str, usual: frozenset[str] = _USUAL) -> str:
    """A service level, or a region, in the cards' terms; empty for the standard one."""
    word = said.strip().lower()
    return "" if word in usual else word


def _kept_in(cards: ModelCards, geo: str, those: tuple[RateCard, ...]) -> tuple[RateCard, ...]:
    """Cards with the factor for inference in one region, as far as it is known."""
    return tuple(
        multiplied(part, factor.factor)
        for factor in cards.factors[::-1]
        if factor.geo.lower() == geo
        for card in those
        if (part := within(card, factor.from_ms, factor.until_ms)) is not None
    )
