"""Questions and changes around prices: what is known, why a model costs what it costs, a newer source, pricing
again."""

import time
from dataclasses import dataclass
from pathlib import Path

from tokcost.ledger.open import Ledger, open_ledger
from tokcost.ledger.prices import (
    current_prices,
    models_used,
    record_prices,
    record_setting,
    replace_price,
    usage_to_price,
)
from tokcost.ledger.rollup import Rollup
from tokcost.pricing.book import PriceBook
from tokcost.pricing.cards import ModelCards, from_json
from tokcost.pricing.compile import compile_from_source
from tokcost.pricing.names import candidates
from tokcost.pricing.overrides import Override, apply
from tokcost.pricing.source import compile_models
from tokcost.usage.pricing import IMPORTED, STAMP, Pricer, as_row, overrides_of


@dataclass(slots=True)
class Explained:
    """Everything known of one model's price."""

    cards: ModelCards
    usage: int
    looked_for: list[str]
    """The names it was looked for under, likeliest first."""


@dataclass(slots=True)
class Repriced:
    """What pricing again changes; amounts in nano-dollars."""

    looked_at: int = 0
    changed: int = 0
    before: int = 0
    after: int = 0


def list_prices(home: Path, root: str) -> list[Explained]:
    """The models of all usage, overrides applied, the most used first."""
    with open_ledger(home) as ledger:
        used = models_used(ledger)
        known = _current(ledger, overrides_of(home, root))
    found = [_explained(cards, used.get(pair, 0)) for pair, cards in known.items()]
    return sorted(found, key=lambda one: (-one.usage, one.cards.model))


def explain_price(home: Path, root: str, model: str, provider: str = "") -> Explained:
    """One model, also one that nothing was spent on yet."""
    with open_ledger(home) as ledger:
        used = models_used(ledger)
        known = _current(ledger, overrides_of(home, root))
    for (where, name), cards in known.items():
        if name == model and provider in ("", where):
            return _explained(cards, used.get((where, name), 0))
    (cards,) = compile_models([(provider, model)])
    return _explained(apply(cards, overrides_of(home, root)), 0)


def import_prices(home: Path, file: Path) -> int:
    """Take prices from a file from now on, for usage still to come; the number of models that have a price in it.

    Raises `SettingsDamaged`.
    """
    with open_ledger(home) as ledger:
        compiled = compile_from_source(sorted(models_used(ledger)), file)
        with ledger.transaction():
            record_prices(ledger, [as_row(one) for one in compiled], _now_ms())
            record_setting(ledger, STAMP, f"{IMPORTED}{file}")
    return sum(one.state == "priced" for one in compiled)


def use_installed_prices(home: Path) -> None:
    """Forget an imported file: prices come from the installed source again."""
    with open_ledger(home) as ledger, ledger.transaction():
        record_setting(ledger, STAMP, "")


def reprice(home: Path, since_ms: int, *, dry_run: bool) -> Repriced:
    """Price usage from a moment on again, by today's cards and overrides. Nothing published is touched."""
    result = Repriced()
    with open_ledger(home) as ledger:
        pricer = Pricer(ledger, home)
        stored = usage_to_price(ledger, since_ms)
        pricer.prepare({(one.usage.provider, one.usage.model) for _, one, _ in stored})
        with ledger.transaction():
            rollup = Rollup()
            for row, entry, root in stored:
                price = pricer.price(entry.usage, root)
                result.looked_at += 1
                result.before += entry.list_cost or 0
                result.after += price.list_cost or 0
                if (price.list_cost, price.state) != (entry.list_cost, entry.price_state):
                    result.changed += 1
                    if not dry_run:
                        replace_price(ledger, row, price.list_cost, price.state, price.card_id, rollup)
            rollup.apply(ledger)
    return result


def _current(ledger: Ledger, overrides: list[Override]) -> dict[tuple[str, str], ModelCards]:
    models = [from_json(row.body) for row in current_prices(ledger)]
    book = PriceBook(models, overrides)
    found = {(one.provider, one.model): book.model((one.provider, one.model)) for one in models}
    return {pair: cards for pair, cards in found.items() if cards is not None}


def _explained(cards: ModelCards, usage: int) -> Explained:
    names = [f"{c.provider}/{c.model}" if c.provider else c.model for c in candidates(cards.provider, cards.model)]
    return Explained(cards, usage, names)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
