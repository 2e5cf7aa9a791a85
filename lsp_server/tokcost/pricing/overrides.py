"""Prices the user, a repository or we ourselves know better than the source of rates (format:
`data/overrides.toml`)."""

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tokcost.model.money import ATTO_PER_USD_MTOK
from tokcost.pricing.cards import DAY_MINUTES, ModelCards, RateCard, Rates, Step

DATA = Path(__file__).parent / "data"
FILE = DATA / "overrides.json"
"""What `data/overrides.toml` says, without the time that reading TOML takes. Made by
`tests/support/make_common_cards.py`."""

MOST_USD = 10_000
"""The highest price for a million tokens, or a thousand searches, that is believed, some ten times the dearest public
one. A response of 10^9 tokens in each class then costs no more than 5 * 10^16 nano-dollars, and sums of 10^11 tokens
still fit into the 64 bits of the ledger."""
_MOST_RATES = Rates(*[MOST_USD * ATTO_PER_USD_MTOK] * 5, *[MOST_USD * ATTO_PER_USD_MTOK * 1000] * 2)


class Override(NamedTuple):
    """One `[[price]]` table."""

    match: str
    provider: str
    context: str
    from_ms: int | None
    until_ms: int | None
    rates: Mapping[str, int]
    """Atto-dollars by field name of `Rates`; only those that differ."""
    discount: str
    """A factor on everything, as a decimal number."""
    note: str
    basis: str
    """`override/` and a digest of the file's content."""


@cache
def bundled() -> tuple[Override, ...]:
    """The corrections that come with tokcost."""
    return tuple(Override(*row) for row in json.loads(FILE.read_bytes()))


def apply(model: ModelCards, overrides: Iterable[Override]) -> ModelCards:
    """The model's cards with what the overrides say put on top."""
    for override in overrides:
        if _concerns(override, model):
            model = _applied(model, override)
    return model


def _concerns(override: Override, model: ModelCards) -> bool:
    provider, _, name = model.source.partition("/")
    if not model.source:
        provider, name = model.provider, model.model
    pattern = override.match.lower()
    by_name = fnmatchcase(name.lower(), pattern) or fnmatchcase(model.model.lower(), pattern)
    return by_name and override.provider in ("", provider)


def _applied(model: ModelCards, override: Override) -> ModelCards:
    """Each card that can hold in the override's span is changed there, and stays as it is before and behind. Where
    there is none (an unknown model, an unknown way of being served), the override stands alone.

    Cards are cut, never doubled: a thousand overrides of one model make some thousand cards."""
    cards: list[RateCard] = []
    is_used = False
    for card in model.cards:
        inside = _cut(card, override.from_ms, override.until_ms) if card.context == override.context else None
        if inside is None:
            cards.append(card)
        else:
            is_used = True
            cards += _around(card, _overridden(inside, override), override)
    if all(card.context != override.context for card in model.cards) and {"input", "output"} <= override.rates.keys():
        standard = Rates(0, 0, 0, 0, 0)
        if "cache_read" not in override.rates:
            standard = standard._replace(cache_read=override.rates["input"])
        alone = RateCard(override.context, None, None, 0, DAY_MINUTES, (Step(-1, standard),))
        inside = _cut(alone, override.from_ms, override.until_ms)
        is_used = inside is not None
        cards += [_overridden(inside, override)] if inside else []
    if not is_used:
        return model
    basis = model.basis if override.basis in model.basis else f"{model.basis} {override.basis}".strip()
    state = "priced" if model.state != "priced" and not override.context else model.state
    return model._replace(cards=tuple(cards), basis=basis, state=state)


def _around(card: RateCard, changed: RateCard, override: Override) -> list[RateCard]:
    """A card's part before an override, the changed part, and the part behind it."""
    before = _cut(card, None, override.from_ms) if override.from_ms is not None else None
    behind = _cut(card, override.until_ms, None) if override.until_ms is not None else None
    return [one for one in (before, changed, behind) if one is not None]


def _cut(card: RateCard, from_ms: int | None, until_ms: int | None) -> RateCard | None:
    """The part of a card that lies within a span; `None` when there is none."""
    starts = max((ms for ms in (card.from_ms, from_ms) if ms is not None), default=None)
    ends = min((ms for ms in (card.until_ms, until_ms) if ms is not None), default=None)
    if starts is not None and ends is not None and starts >= ends:
        return None
    return card._replace(from_ms=starts, until_ms=ends)


def _overridden(card: RateCard, override: Override) -> RateCard:
    steps = tuple(Step(step.above, _changed(step.rates, override)) for step in card.steps)
    return card._replace(steps=steps, note=override.note)


def _changed(rates: Rates, override: Override) -> Rates:
    changed = rates._replace(**override.rates)
    if override.discount == "1":
        return changed
    from decimal import Decimal  # few have one

    factor = Decimal(override.discount)
    discounted = (int((rate * factor).to_integral_value()) for rate in changed)
    # Factors of several overrides multiply: the bound of one price is the bound of what comes out.
    return Rates(*map(min, discounted, _MOST_RATES))
