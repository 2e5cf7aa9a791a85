"""Usage row by row, for exports. Nothing here writes."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.query import STATE
from tokcost.ledger.rows import FOREVER
from tokcost.model.charges import ExportedUsage
from tokcost.model.usage import Tokens


class Wanted(NamedTuple):
    """The usage to export."""

    repositories: Mapping[int, str]
    """Row ids, and the name given to each; 0 is usage outside repositories."""
    since_ms: int = 0
    until_ms: int = FOREVER
    """Excluded."""
    branch: str | None = None
    estimates: bool = False
    """Whether to include usage with estimated counts."""


_QUERY = f"""
SELECT time_ms, spent.place, {STATE}, assistant, series, input, cache_read, cache_write_5m, cache_write_1h, output,
  reasoning, web_searches, lower_bound, estimated, list_cost, reported_cost
FROM usage AS spent LEFT JOIN claim ON claim.id = spent.claim
WHERE {{where}} ORDER BY time_ms, spent.id
"""
_SERIES = """
SELECT id, ifnull(provider, ''), model, kind, ifnull(speed, ''), ifnull(tier, ''), ifnull(geo, ''), price_state,
  price, factor_percent FROM series"""
_PLACES = "SELECT id, ifnull(repository, 0), ifnull(branch, ''), evidence FROM place"


def exported_usage(ledger: Ledger, wanted: Wanted) -> Iterator[ExportedUsage]:
    """The usage asked for, in chronological order. Values shared by many rows are read once, which is twice as fast
    as a join for each row."""
    names = wanted.repositories
    assistants: dict[int, str] = dict(ledger.db.execute("SELECT id, name FROM assistant").fetchall())
    series = {row[0]: (row[1:7], row[7:]) for row in ledger.db.execute(_SERIES)}
    places = {
        number: (names[repository], branch, evidence)
        for number, repository, branch, evidence in ledger.db.execute(_PLACES)
        if repository in names
    }
    where, values = _where(wanted)
    for row in ledger.db.execute(_QUERY.format(where=where), values):
        time_ms, place, state, assistant, kind = row[:5]
        found, (how, price) = places[place], series[kind]
        searches, lower_bound, estimated, cost, reported = row[11:]
        state = state or ("pending" if found[1] else "unplaced")
        counts = (Tokens._make(row[5:11]), searches, lower_bound == 1, estimated == 1, cost, reported)
        yield ExportedUsage._make((time_ms, *found, state, assistants[assistant], *how, *counts, *price))


def left_out(ledger: Ledger, wanted: Wanted) -> tuple[int, int]:
    """The number of responses that are left out only because of their estimated counts, and their tokens."""
    if wanted.estimates:
        return 0, 0
    where, values = _where(wanted._replace(estimates=True))
    query = f"SELECT count(*), ifnull(sum(tokens), 0) FROM usage WHERE {where} AND estimated = 1"
    return ledger.db.execute(query, values).fetchone()


def prices_named(ledger: Ledger) -> dict[str, str]:
    """The rate cards of all usage by id, in the form for `pricing.cards.from_json`."""
    # A stand-in for cards that a rescue could not read has no body.
    query = "SELECT id, body FROM price WHERE json_valid(body) AND id IN (SELECT price FROM series)"
    return dict(ledger.db.execute(query).fetchall())


def _where(wanted: Wanted) -> tuple[str, list[object]]:
    marks = ", ".join("?" * len(wanted.repositories))
    of_branch = "" if wanted.branch is None else " AND ifnull(branch, '') = ?"
    places = f"place IN (SELECT id FROM place WHERE ifnull(repository, 0) IN ({marks}){of_branch})"
    told = "" if wanted.estimates else " AND estimated = 0"
    names = [] if wanted.branch is None else [wanted.branch]
    return f"{places} AND time_ms >= ? AND time_ms < ?{told}", [
        *wanted.repositories,
        *names,
        wanted.since_ms,
        wanted.until_ms,
    ]
