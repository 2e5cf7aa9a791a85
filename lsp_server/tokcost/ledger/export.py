"""Usage row by row, for exports. Nothing here writes."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.query import FOREVER, STATE
from tokcost.model.charges import ExportedUsage
from tokcost.model.usage import Tokens


class Wanted(NamedTuple):
    """The usage to export."""

    repositories: Mapping[int, str]
    """Row ids and the name that each is given; 0 is in no repository."""
    since_ms: int = 0
    until_ms: int = FOREVER
    """Excluded."""
    branch: str | None = None
    estimates: bool = False
    """Whether usage whose counts are estimated is wanted."""


_QUERY = f"""
SELECT ifnull(spent.repository, 0), time_ms, ifnull(branch, ''), evidence, {STATE}, assistant, provider, model, kind,
  speed, tier, geo, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, web_searches, lower_bound,
  estimated, list_cost, reported_cost, price_state, price, nullif(factor_percent, 0)
FROM usage_row AS spent LEFT JOIN claim ON claim.id = spent.claim
WHERE {{where}} ORDER BY time_ms, spent.id
"""


def exported_usage(ledger: Ledger, wanted: Wanted) -> Iterator[ExportedUsage]:
    """The usage that was asked for, in the order of time."""
    where, values = _where(wanted)
    for row in ledger.db.execute(_QUERY.format(where=where), values):
        yield _usage(row, wanted.repositories)


def left_out(ledger: Ledger, wanted: Wanted) -> tuple[int, int]:
    """The number of responses that only their estimated counts keep out, and their tokens."""
    if wanted.estimates:
        return 0, 0
    where, values = _where(wanted._replace(estimates=True))
    query = f"SELECT count(*), ifnull(sum(tokens), 0) FROM usage_row AS spent WHERE {where} AND estimated = 1"
    return ledger.db.execute(query, values).fetchone()


def prices_named(ledger: Ledger) -> dict[str, str]:
    """The rate cards of all usage by their ids; each is for `pricing.cards.from_json` to read."""
    query = "SELECT id, body FROM price WHERE json_valid(body) AND id IN (SELECT price FROM series)"
    return dict(ledger.db.execute(query).fetchall())


def _where(wanted: Wanted) -> tuple[str, list[object]]:
    marks = ", ".join("?" * len(wanted.repositories))
    of_branch = "" if wanted.branch is None else " AND ifnull(branch, '') = ?"
    places = f"place_id IN (SELECT id FROM place WHERE ifnull(repository, 0) IN ({marks}){of_branch})"
    told = "" if wanted.estimates else " AND estimated = 0"
    names = [] if wanted.branch is None else [wanted.branch]
    return f"{places} AND time_ms >= ? AND time_ms < ?{told}", [
        *wanted.repositories,
        *names,
        wanted.since_ms,
        wanted.until_ms,
    ]


def _usage(row: Any, names: Mapping[int, str]) -> ExportedUsage:
    repository, time_ms, branch, evidence, state = row[:5]
    searches, lower_bound, estimated = row[18:21]
    where = (time_ms, names[repository], branch, evidence, state or ("pending" if branch else "unplaced"))
    counts = (Tokens._make(row[12:18]), searches, bool(lower_bound), bool(estimated))
    return ExportedUsage._make((*where, *row[5:12], *counts, *row[21:]))
