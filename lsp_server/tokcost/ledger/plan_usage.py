"""The usage that a plan covers, in all repositories and none."""

from collections.abc import Sequence
from typing import NamedTuple

from tokcost.ledger.open import Ledger


class CoveredUsage(NamedTuple):
    """A sum over usage; the list cost in nano-dollars."""

    list_cost: int
    unpriced_tokens: int
    estimated_tokens: int
    """The part whose counts no provider told."""


def covered_usage(
    ledger: Ledger, assistants: Sequence[str], providers: Sequence[str], since_ms: int, until_ms: int
) -> CoveredUsage:
    """The usage of some assistants (none: of all) by some providers in a span of time, its end excluded."""
    names = ", ".join("?" * len(assistants))
    by = f"AND assistant.name IN ({names})" if assistants else ""
    series = (
        "SELECT series.id FROM series JOIN assistant ON assistant.id = series.assistant"
        f" WHERE lower(provider) IN ({', '.join('?' * len(providers))}) {by}"
    )
    # By place, since usage is indexed by place and time: nobody waits for a walk through all of it.
    query = (
        "SELECT ifnull(sum(list_cost), 0), ifnull(sum(iif(list_cost IS NULL, tokens, 0)), 0),"
        " ifnull(sum(iif(estimated, tokens, 0)), 0) FROM usage INDEXED BY usage_place"
        " WHERE place IN (SELECT id FROM place) AND time_ms >= ? AND time_ms < ?"
        f" AND series IN ({series})"
    )
    values = (since_ms, until_ms, *providers, *assistants)
    return CoveredUsage._make(ledger.db.execute(query, values).fetchone())
