"""Prices the user, a repository or we ourselves know better than the source of rates (format:
`data/overrides.toml`)."""

import json
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tokcost.pricing.cards import DAY_MINUTES, Factor, ModelCards, RateCard, Rates, Step, within

DATA = Path(__file__).parent / "data"
FILE = DATA / "overrides.json"
"""The content of `data/overrides.toml`, without the time that reading TOML takes. Made by
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
    above: int = -1
    """Tokens: the override holds for longer prompts alone (-1: for any)."""
    geo: str = ""
    """The region of a table that gives the factor for inference kept there, and nothing else; otherwise empty."""


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
    if override.provider not in ("", provider):
        return False
    return _is_called(name.lower(), pattern) or _is_called(model.model.lower(), pattern)


def _is_called(name: str, pattern: str) -> bool:
    """Whether a name matches a pattern. Most patterns begin with a word that the name does not: no need to compile
    them."""
    return name.startswith(_WILDCARD.split(pattern, 1)[0]) and fnmatchcase(name, pattern)


_WILDCARD = re.compile(r"[*?\[]")


def _applied(model: ModelCards, override: Override) -> ModelCards:
    """Each card that can hold in the override's span is changed there, and stays as it is before and behind. Where
    there is none (an unknown model, an unknown way of being served), the override stands alone.

    Cards are cut, never doubled: a thousand overrides of one model make some thousand cards."""
    if override.geo:
        factor = Factor(override.geo, override.from_ms, override.until_ms, override.discount, override.note)
        return _with_basis(model, override)._replace(factors=(*model.factors, factor))
    cards: list[RateCard] = []
    is_used = False
    for card in model.cards:
        inside = within(card, override.from_ms, override.until_ms) if card.context == override.context else None
        if inside is None:
            cards.append(card)
        else:
            is_used = True
            cards += _around(card, _overridden(inside, override), override)
    if not is_used:
        cards += [_overridden(card, override) for card in _new_cards(model, override)]
        if len(cards) == len(model.cards):
            return model
    state = "priced" if model.state != "priced" and not override.context else model.state
    return _with_basis(model, override)._replace(cards=tuple(cards), state=state)


def _with_basis(model: ModelCards, override: Override) -> ModelCards:
    basis = model.basis if override.basis in model.basis else f"{model.basis} {override.basis}".strip()
    return model._replace(basis=basis)


def _new_cards(model: ModelCards, override: Override) -> list[RateCard]:
    """Cards for an override of what the source has no price for. What it does not name is not known; only reading from
    the cache of a model that the source does not know counts as input: no provider asks for more.

    A factor alone makes another way of being served a multiple of the standard service."""
    if not override.rates:
        is_multiple = override.context and override.discount != "1"
        cards = [card._replace(context=override.context) for card in model.cards if is_multiple and not card.context]
    else:
        known = next((card.steps[0].rates for card in model.cards[::-1] if card.context == ""), None)
        read = override.rates.get("input") if known is None else None
        rates = Rates(None, read, None, None, None, *(known[5:] if known else ()))
        cards = [RateCard(override.context, None, None, 0, DAY_MINUTES, (Step(-1, rates),))]
    parts = (within(card, override.from_ms, override.until_ms) for card in cards)
    return [part for part in parts if part is not None]


def _around(card: RateCard, changed: RateCard, override: Override) -> list[RateCard]:
    """A card's part before an override, the changed part, and the part behind it."""
    before = within(card, None, override.from_ms) if override.from_ms is not None else None
    behind = within(card, override.until_ms, None) if override.until_ms is not None else None
    return [one for one in (before, changed, behind) if one is not None]


def _overridden(card: RateCard, override: Override) -> RateCard:
    """A card with the override's rates in all its steps, or in those for longer prompts alone."""
    steps = [step for step in card.steps if step.above < override.above]
    longer = [step for step in card.steps if step.above >= override.above]
    if steps and (not longer or longer[0].above > override.above):
        longer.insert(0, Step(override.above, steps[-1].rates))
    steps += [Step(step.above, _changed(step.rates, override)) for step in longer]
    return card._replace(steps=tuple(steps), note=override.note)


def _changed(rates: Rates, override: Override) -> Rates:
    changed = rates._replace(**override.rates)
    return changed if override.discount == "1" else changed.times(override.discount)
