"""Rate cards and the usage priced with them. Cards are only ever added."""

from collections.abc import Iterable
from typing import NamedTuple

from tokcost.ledger.dimensions import Dimensions
from tokcost.ledger.open import Ledger
from tokcost.ledger.paths import from_stored
from tokcost.ledger.rollup import Rollup
from tokcost.ledger.rows import SELECTED, Entry, Stored, from_row


class PriceRow(NamedTuple):
    """The rate cards of one model as logged; `body` is for `pricing.cards` to parse."""

    id: str
    provider: str
    model: str
    basis: str
    body: str


def current_prices(ledger: Ledger) -> list[PriceRow]:
    """The cards that price new usage."""
    return [PriceRow(*row) for row in ledger.db.execute(f"{_PRICE} WHERE current ORDER BY provider, model")]


def sources_of(ledger: Ledger, model: str) -> list[str]:
    """The models in the price source (`openai/gpt-5`) for each logged provider of a model, if known there. The cards
    themselves are not read, because a hook calls this."""
    rows = ledger.db.execute(
        "SELECT CASE WHEN json_valid(body) THEN json_extract(body, '$[2]') END AS source FROM price"
        " WHERE model = ? AND current ORDER BY source",
        (model,),
    )
    return [source for (source,) in rows if isinstance(source, str) and source]


def record_prices(ledger: Ledger, rows: list[PriceRow], now_ms: int) -> None:
    """Add cards; they replace the current ones of the same model for future usage."""
    for row in rows:
        ledger.db.execute(
            "UPDATE price SET current = 0 WHERE provider IS nullif(?, '') AND model = ? AND id != ?",
            (row.provider, row.model, row.id),
        )
        ledger.db.execute(f"{_INSERT} 1){_REPLACES_STAND_IN}, current = 1", (*row, now_ms))


def record_applied_price(ledger: Ledger, row: PriceRow, now_ms: int) -> None:
    """Add cards for particular usage (an override of one repository); new usage is not priced with them."""
    ledger.db.execute(f"{_INSERT} 0){_REPLACES_STAND_IN} WHERE body IS NULL", (*row, now_ms))


def price_ids(ledger: Ledger) -> set[str]:
    """The ids of all cards ever added, except those that were lost."""
    return {number for (number,) in ledger.db.execute("SELECT id FROM price WHERE body IS NOT NULL")}


def card_ids(ledger: Ledger, provider: str, model: str) -> dict[str, str]:
    """The ids of all cards of a model as logged, by their content."""
    rows = ledger.db.execute(_CARDS, (provider, model))
    return dict(rows.fetchall())


def models_used(ledger: Ledger) -> dict[tuple[str, str], int]:
    """(provider, model) of all usage, with the number of responses."""
    rows = ledger.db.execute(
        "SELECT ifnull(provider, ''), model, sum(usage) FROM rollup JOIN series ON series.id = series"
        " WHERE usage > 0 GROUP BY 1, 2"
    )
    return {(provider, model): count for provider, model, count in rows}


def price_states(ledger: Ledger) -> list[tuple[str, str, int, int]]:
    """Price state, model, number of responses and tokens, for the whole ledger."""
    return ledger.db.execute(
        "SELECT price_state, model, sum(usage), sum(tokens) FROM rollup JOIN series ON series.id = series"
        " WHERE usage > 0 GROUP BY 1, 2 ORDER BY 1, 4 DESC"
    ).fetchall()


def cards_used(ledger: Ledger, model: str, provider: str) -> set[str | None]:
    """The ids of the cards by which usage of a model is priced."""
    query = "SELECT DISTINCT price FROM series WHERE model = ? AND provider IS nullif(?, '')"
    rows = ledger.db.execute(query, (model, provider))
    return {number for (number,) in rows}


def usage_to_price(
    ledger: Ledger, since_ms: int, pairs: Iterable[tuple[str, str]] | None = None
) -> list[tuple[Stored, Entry, str]]:
    """Usage from a moment on, of all models or of pairs of provider and model, each with its entry and the root of
    its repository (empty: outside repositories)."""
    roots = {number: from_stored(root) for number, root in ledger.db.execute("SELECT id, root FROM repository")}
    query = f"{SELECTED} WHERE time_ms >= ?"
    values: list[object] = [since_ms]
    if pairs is not None:
        from json import dumps  # most commands reprice nothing, and need not import it

        query += " AND series_id IN (SELECT series.id FROM series JOIN json_each(?) AS one"
        query += (
            " ON ifnull(provider, '') = json_extract(one.value, '$[0]') AND model = json_extract(one.value, '$[1]'))"
        )
        values.append(dumps(list(pairs)))
    rows = (from_row(row) for row in ledger.db.execute(query, values))
    return [(stored, stored.entry, roots.get(stored.entry.repository or 0, "")) for stored in rows]


def replace_price(
    ledger: Ledger, stored: Stored, list_cost: int | None, state: str, price: str | None, rollup: Rollup
) -> None:
    """Give one usage another price, in the caller's transaction."""
    entry = stored.entry._replace(list_cost=list_cost, price_state=state, price=price)
    series = Dimensions(ledger).of(entry).series
    ledger.db.execute("UPDATE usage SET list_cost = ?, series = ? WHERE id = ?", (list_cost, series, stored.id))
    rollup.change(stored, stored.group._replace(series=series), entry)


_PRICE = "SELECT id, ifnull(provider, ''), model, ifnull(basis, ''), ifnull(body, '') FROM price"
_INSERT = "INSERT INTO price VALUES (?, nullif(?, ''), ?, nullif(?, ''), nullif(?, ''), ?,"
# A stand-in for lost cards has their id and no body.
_REPLACES_STAND_IN = " ON CONFLICT (id) DO UPDATE SET basis = excluded.basis, body = excluded.body"
_CARDS = "SELECT body, id FROM price WHERE provider IS nullif(?, '') AND model = ? AND body IS NOT NULL"
