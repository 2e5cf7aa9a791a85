"""Prices the user, a repository or we ourselves know better than the source of rates (format:
`data/overrides.toml`)."""

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tokcost.pricing.cards import DAY_MINUTES, ModelCards, RateCard, Rates, Step

DATA = Path(__file__).parent / "data"
FILE = DATA / "overrides.json"
"""What `data/overrides.toml` says, without the time that reading TOML takes. Made by
`tests/support/make_common_cards.py`."""


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
    """Later cards win, so each card that can hold at the same time is repeated behind, changed and cut to the
    override's span. Where there is none (an unknown model, an unknown way of being served), the override stands
    alone."""
    base = [card for card in model.cards if card.context == override.context]
    added = [cut for card in base if (cut := _cut(card, override)) is not None]
    if not base and {"input", "output"} <= override.rates.keys():
        standard = Rates(0, 0, 0, 0, 0)
        if "cache_read" not in override.rates:
            standard = standard._replace(cache_read=override.rates["input"])
        card = RateCard(override.context, None, None, 0, DAY_MINUTES, (Step(-1, standard),))
        added = [cut] if (cut := _cut(card, override)) is not None else []
    if not added:
        return model
    basis = model.basis if override.basis in model.basis else f"{model.basis} {override.basis}".strip()
    state = "priced" if model.state != "priced" and not override.context else model.state
    return model._replace(cards=(*model.cards, *added), basis=basis, state=state)


def _cut(card: RateCard, override: Override) -> RateCard | None:
    from_ms = max((ms for ms in (card.from_ms, override.from_ms) if ms is not None), default=None)
    until_ms = min((ms for ms in (card.until_ms, override.until_ms) if ms is not None), default=None)
    if from_ms is not None and until_ms is not None and from_ms >= until_ms:
        return None
    steps = tuple(Step(step.above, _changed(step.rates, override)) for step in card.steps)
    return card._replace(from_ms=from_ms, until_ms=until_ms, steps=steps, note=override.note)


def _changed(rates: Rates, override: Override) -> Rates:
    changed = rates._replace(**override.rates)
    if override.discount == "1":
        return changed
    from decimal import Decimal  # few have one

    return Rates(*(int((rate * Decimal(override.discount)).to_integral_value()) for rate in changed))
