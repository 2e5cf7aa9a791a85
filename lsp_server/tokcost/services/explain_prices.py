"""Queries and changes of prices: which are known, why a model costs what it does, a newer source, repricing."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from tokcost.errors import SettingsDamaged, of_file
from tokcost.files.private import write_whole
from tokcost.ledger.open import Ledger, open_ledger
from tokcost.ledger.prices import cards_used, models_used, record_prices, replace_price, usage_to_price
from tokcost.ledger.rollup import Rollup
from tokcost.ledger.settings import record_setting, setting
from tokcost.model.prices import NO_CHANGE, PriceChange
from tokcost.pricing.book import Pair, PriceBook
from tokcost.pricing.cards import ModelCards
from tokcost.pricing.compile import count_models, known_names
from tokcost.pricing.names import candidates
from tokcost.pricing.overrides import Override, apply
from tokcost.pricing.source import compile_models
from tokcost.usage.price_files import IMPORTED_FILE
from tokcost.usage.pricing import IMPORTED, STAMP, Pricer, as_row, overrides_of, record_own_prices

_MOST_NEAR = 5


@dataclass(slots=True)
class Explained:
    """Everything known about one model's price."""

    cards: ModelCards
    usage: int
    looked_for: list[str]
    """The names under which it was looked up, likeliest first."""
    near: list[str] = field(default_factory=list[str])
    """Similar names, if the model is unknown."""
    change: PriceChange = NO_CHANGE
    """The effect of pricing the recorded usage again."""


@dataclass(slots=True)
class Imported:
    """A summary of a price file's relevance for the ledger."""

    models: int
    """Models with a price in the file."""
    found: int
    used: int
    """Models with usage, and how many of them are in the file."""
    change: PriceChange


def list_prices(home: Path, root: str) -> list[Explained]:
    """The models of all usage, with overrides applied, most used first."""
    with open_ledger(home) as ledger:
        used = models_used(ledger)
        known = _current(Pricer(ledger, home), overrides_of(home, root))
    found = [_explained(cards, used.get(pair, 0)) for pair, cards in known.items()]
    return sorted(found, key=lambda one: (-one.usage, one.cards.model))


def explain_price(home: Path, root: str, model: str, provider: str = "") -> Explained:
    """One model, which need not have any usage yet."""
    with open_ledger(home) as ledger:
        used = models_used(ledger)
        pricer = Pricer(ledger, home)
        known = _current(pricer, overrides_of(home, root))
        for (where, name), cards in known.items():
            if name == model and provider in ("", where):
                found = _explained(cards, used.get((where, name), 0))
                if cards_used(ledger, name, where) - {cards.id}:
                    found.change = _price_again(ledger, pricer, 0, [(where, name)], dry_run=True)
                break
        else:
            (cards,) = pricer.compiled([(provider, model)])
            found = _explained(apply(cards, overrides_of(home, root)), 0)
    if found.cards.state == "unpriced" and not found.cards.cards:
        found.near = _near(model, known)
    return found


def import_prices(home: Path, file: Path) -> Imported:
    """Take prices from a file from now on, for future usage.

    The file is kept: models that turn up later are looked up in it. Raises `SettingsDamaged`.
    """
    models = count_models(file)
    with open_ledger(home) as ledger:
        pairs = sorted(models_used(ledger))
        compiled = compile_models(pairs, file)
        # After compiling: a file that cannot be parsed is refused before it replaces the previous one.
        _keep(home, file)
        with ledger.transaction():
            record_prices(ledger, [as_row(one) for one in compiled], _now_ms())
            record_setting(ledger, STAMP, f"{IMPORTED}{file}")
        change = _price_again(ledger, Pricer(ledger, home), 0, None, dry_run=True)
    found = sum(one.basis.startswith("genai-prices/file+") for one in compiled)
    return Imported(models, found, len(pairs), change)


def use_installed_prices(home: Path) -> PriceChange:
    """Forget an imported file: prices come from the installed source again."""
    with open_ledger(home) as ledger:
        if (setting(ledger, STAMP) or "").startswith(IMPORTED):
            with ledger.transaction():
                record_setting(ledger, STAMP, "")
        (home / IMPORTED_FILE).unlink(missing_ok=True)
        return _price_again(ledger, Pricer(ledger, home), 0, None, dry_run=True)


def reprice(home: Path, since_ms: int, *, dry_run: bool) -> PriceChange:
    """Price usage from a moment on again, with today's cards and overrides. Published lines do not change."""
    with open_ledger(home) as ledger:
        change = _price_again(ledger, Pricer(ledger, home), since_ms, None, dry_run=dry_run)
        record_own_prices(ledger, home)
    return change


def _price_again(
    ledger: Ledger, pricer: Pricer, since_ms: int, pairs: Iterable[Pair] | None, *, dry_run: bool
) -> PriceChange:
    result = NO_CHANGE
    stored = usage_to_price(ledger, since_ms, pairs)
    pricer.prepare({(one.usage.provider, one.usage.model) for _, one, _ in stored})
    with ledger.transaction():
        rollup = Rollup()
        for row, entry, root in stored:
            price = pricer.price(entry.usage, root)
            # The card does not matter: a new version of it often gives the same amount.
            is_other = (price.list_cost, price.state) != (entry.list_cost, entry.price_state)
            result = result.plus(entry.usage.time_ms, entry.list_cost or 0, price.list_cost or 0, is_other)
            if is_other and not dry_run:
                replace_price(ledger, row, price.list_cost, price.state, price.card_id, rollup)
        rollup.apply(ledger)
    return result


def _keep(home: Path, file: Path) -> None:
    try:
        write_whole(str(home / IMPORTED_FILE), file.read_bytes())
    except OSError as error:
        raise of_file(file, f"cannot be kept in {home}", error, SettingsDamaged) from error


def _current(pricer: Pricer, overrides: list[Override]) -> dict[Pair, ModelCards]:
    models = pricer.models()
    book = PriceBook(models, overrides)
    found = {(one.provider, one.model): book.model((one.provider, one.model)) for one in models}
    return {pair: cards for pair, cards in found.items() if cards is not None}


def _explained(cards: ModelCards, usage: int) -> Explained:
    names = [f"{c.provider}/{c.model}" if c.provider else c.model for c in candidates(cards.provider, cards.model)]
    return Explained(cards, usage, names)


def _near(model: str, known: Iterable[Pair]) -> list[str]:
    """Names of used models or of models in the source, most similar first."""
    names = {name for _, name in known if name != model} | set(known_names())
    return get_close_matches(model.rpartition("/")[2].lower(), sorted(names), _MOST_NEAR, 0.7)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
