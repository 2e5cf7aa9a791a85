"""Prices of tiers (fast, priority, flex, batch) for the days before the price source had them. Pure.

The source added most tiers on one day (priority and flex on 2026-10-12, batch on 2026-10-14), though they existed long
before. A tier is a fixed multiple of the standard price (openai.com/api-fast-mode: $10 for GPT-5.6 Sol while it cost
$5, $8 since it costs $4), so the same multiple of the earlier standard price applies.
"""

from datetime import UTC, datetime

from tokcost.pricing.cards import RateCard, Rates, RateStep, within

_NOTE = "The source has this price since {day}; before, it is taken to be as many times the standard price."


def with_earlier_tiers(cards: list[RateCard]) -> list[RateCard]:
    """The cards, with earlier ones for the first card of each tier."""
    standard = [card for card in cards if not card.context]
    tiers = [card for card in cards if card.context and card.from_ms is not None]
    first = [tier for tier in tiers if not any(_is_before(other, tier) for other in cards)]
    return [*(card for tier in first for card in _earlier(tier, tier.from_ms or 0, standard)), *cards]


def _is_before(other: RateCard, card: RateCard) -> bool:
    if other.context != card.context or _hours(other) != _hours(card):
        return False
    return other.from_ms is None or (card.from_ms is not None and other.from_ms < card.from_ms)


def _hours(card: RateCard) -> tuple[int, int]:
    return card.from_minute, card.until_minute


def _earlier(tier: RateCard, learned_ms: int, standard: list[RateCard]) -> list[RateCard]:
    same_hours = [card for card in standard if _hours(card) == _hours(tier)]
    # The standard price at the moment when the source learned of the tier: their ratio is what holds for earlier days.
    then = next((card for card in same_hours if within(card, learned_ms, learned_ms + 1) is not None), None)
    before = [part for card in same_hours if (part := within(card, None, learned_ms)) is not None]
    if then is None:
        return []
    note = _NOTE.format(day=datetime.fromtimestamp(learned_ms / 1000, UTC).strftime("%Y-%m-%d"))
    return [
        part._replace(context=tier.context, note=note, steps=tuple(_step(step, then, part) for step in tier.steps))
        for part in before
    ]


def _step(tier: RateStep, then: RateCard, before: RateCard) -> RateStep:
    """A tier's rates for days on which the standard rates were `before` instead of `then`."""
    now, earlier = _rates(then, tier.above), _rates(before, tier.above)
    rates = (
        # Without a standard rate there is no ratio: the tier's later price is the closest that is known.
        rate * old // new if rate and old and new else rate
        for rate, new, old in zip(tier.rates, now, earlier, strict=True)
    )
    return RateStep(tier.above, Rates(*rates))


def _rates(card: RateCard, above: int) -> Rates:
    return next(step.rates for step in reversed(card.steps) if step.above <= above)
