"""Prices usage as it is imported, with rate cards from the ledger that are compiled when a new model or a new source
turns up."""

import time
from collections.abc import Iterable
from pathlib import Path

from tokcost.errors import SettingsDamaged
from tokcost.ledger.open import Ledger
from tokcost.ledger.prices import PriceRow, card_ids, current_prices, price_ids, record_applied_price, record_prices
from tokcost.ledger.settings import record_setting, setting
from tokcost.model.usage import Usage
from tokcost.pricing.book import Pair, PriceBook
from tokcost.pricing.cards import ModelCards, Price, from_json, to_json
from tokcost.pricing.overrides import Override, bundled
from tokcost.pricing.source import compile_models, source_stamp
from tokcost.readers.registry import logging_turns
from tokcost.usage.price_files import (
    IMPORTED_FILE,
    KEEPS_ITS_PRICE,
    OWN_STAMP,
    ignored,
    load,
    override_files,
    own_stamp,
)

STAMP = "price source"
IMPORTED = "file:"


class Pricer:
    """Prices usage; one for each import. The overrides of a repository apply to its own usage only."""

    def __init__(self, ledger: Ledger, home: Path) -> None:
        self._ledger = ledger
        self._home = home
        self._models: dict[Pair, ModelCards] | None = None
        self._books: dict[str, PriceBook] = {}
        self._kept: set[str] | None = None
        self._turns: dict[str, bool] = {}
        self._ids: dict[Pair, dict[str, str]] = {}
        """The ids of the cards in the ledger, by model and content."""
        self._overrides: dict[Path, tuple[Override, ...]] = {}
        self.notes: list[str] = []

    def prepare(self, pairs: Iterable[Pair]) -> None:
        """Have cards ready for everything that is about to be priced. Called outside a transaction, since compiling
        takes a moment."""
        models = self._current()
        missing = set(pairs) - models.keys()
        if missing:
            self._record(self.compiled(sorted(missing)))

    def models(self) -> list[ModelCards]:
        """The cards of all models that were ever priced, according to the present price source."""
        return list(self._current().values())

    def price(self, usage: Usage, root: str) -> Price:
        """The list cost of one usage in the repository at `root` (empty: in none). Runs in a transaction."""
        book = self._books.get(root)
        if book is None:
            book = self._books[root] = PriceBook((self._models or {}).values(), self._overrides_for(root), self._id_of)
        price = book.price(usage, of_several=self._logs_turns(usage.assistant))
        card_id = price.card_id
        if self._kept is None or card_id not in self._kept:
            self._keep(card_id, book.model((usage.provider, usage.model)))
        return price

    def _logs_turns(self, assistant: str) -> bool:
        """Whether a record of an assistant may be the sum of several requests."""
        known = self._turns.get(assistant)
        if known is None:
            known = self._turns[assistant] = bool(logging_turns((assistant,)))
        return known

    def _id_of(self, cards: ModelCards) -> str:
        """The id of cards. Usually the ledger has them, and the code that computes ids need not be imported."""
        pair = cards.provider, cards.model
        if pair not in self._ids:
            self._ids[pair] = card_ids(self._ledger, *pair)
        return self._ids[pair].get(to_json(cards)) or cards.id

    def _keep(self, card_id: str | None, cards: ModelCards | None) -> None:
        """Record the cards made by an override in the ledger as well: every price names its cards."""
        if self._kept is None:
            self._kept = price_ids(self._ledger)
        if card_id is not None and cards is not None and card_id not in self._kept:
            record_applied_price(self._ledger, as_row(cards), time.time_ns() // 1_000_000)
            self._kept.add(card_id)

    def _current(self) -> dict[Pair, ModelCards]:
        """The current cards, compiled again when another price source is installed. An imported file stays valid."""
        if self._models is None:
            self._models = {(row.provider, row.model): from_json(row.body) for row in current_prices(self._ledger)}
            before, now = setting(self._ledger, STAMP), source_stamp()
            if before != now and not (before or "").startswith(IMPORTED):
                old = {pair: cards.id for pair, cards in self._models.items()}
                self._record(compile_models(sorted(self._models)) if self._models else [], now)
                # In a new ledger `before` is empty: its cards are compiled as models turn up, which is news to nobody.
                if before and any(self._models[pair].id != card_id for pair, card_id in old.items()):
                    self.notes.append(f"Prices are newer now. {KEEPS_ITS_PRICE}")
            if setting(self._ledger, OWN_STAMP) is None:
                record_own_prices(self._ledger, self._home)
        return self._models

    def compiled(self, pairs: list[Pair]) -> list[ModelCards]:
        """The cards of models, compiled from the imported price file if there is one, without recording them."""
        is_imported = (setting(self._ledger, STAMP) or "").startswith(IMPORTED)
        try:
            return compile_models(pairs, self._home / IMPORTED_FILE if is_imported else None)
        except SettingsDamaged as problem:
            self.notes.append(ignored(problem))
            return compile_models(pairs)

    def _record(self, compiled: list[ModelCards], stamp: str | None = None) -> None:
        with self._ledger.transaction():
            record_prices(self._ledger, [as_row(one) for one in compiled], time.time_ns() // 1_000_000)
            if stamp is not None:
                record_setting(self._ledger, STAMP, stamp)
        self._kept = None
        self._current().update(((one.provider, one.model), one) for one in compiled)
        # Books are made of the cards before.
        self._books.clear()

    def _overrides_for(self, root: str) -> list[Override]:
        files = override_files(self._home, root)
        return [*bundled(), *(override for file, inside in files for override in self._read(file, inside))]

    def _read(self, file: Path, root: str) -> tuple[Override, ...]:
        if file not in self._overrides:
            try:
                self._overrides[file] = load(file, root)
            except SettingsDamaged as problem:
                # A repository's file concerns no other repository: `price_problems` reports it there.
                self.notes += [] if root else [ignored(problem)]
                self._overrides[file] = ()
        return self._overrides[file]


def record_own_prices(ledger: Ledger, home: Path) -> None:
    """Remember the state of the user's price file."""
    with ledger.transaction():
        record_setting(ledger, OWN_STAMP, own_stamp(home))


def overrides_of(home: Path, root: str) -> list[Override]:
    """All overrides that are valid in the repository at `root` (empty: in none); later ones win. Raises
    `SettingsDamaged`."""
    return [*bundled(), *(override for file, inside in override_files(home, root) for override in load(file, inside))]


def as_row(model: ModelCards) -> PriceRow:
    """A model's cards in the ledger's form."""
    return PriceRow(model.id, model.provider, model.model, model.basis, to_json(model))
