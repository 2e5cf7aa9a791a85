"""The usage that a plan covers, inside and outside repositories."""

from collections.abc import Sequence
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.model.plans import Covered


class CoveredUsage(NamedTuple):
    """A sum over usage; the list cost in nano-dollars."""

    list_cost: int
    unpriced_tokens: int
    estimated_tokens: int
    """The tokens whose counts no provider reported."""


def covered_usage(ledger: Ledger, covered: Covered, since_ms: int, until_ms: int) -> CoveredUsage:
    """The usage that a kind of plan covers in a span of time (milliseconds UTC), its end excluded."""
    by = f"AND assistant.name IN ({_marks(covered.assistants)})" if covered.assistants else ""
    sold = f"AND substr({_SOURCE}, 1, instr({_SOURCE}, '/') - 1) IN (?, '')" if covered.sold_by else ""
    series = (
        "SELECT series.id FROM series JOIN assistant ON assistant.id = series.assistant"
        " LEFT JOIN price ON price.id = series.price"
        f" WHERE lower(ifnull(series.provider, '')) IN ({_marks(covered.providers)}) {by} {sold}"
    )
    # By place, since usage is indexed by place and time: reading all usage would take too long.
    query = (
        "SELECT ifnull(sum(list_cost), 0), ifnull(sum(iif(list_cost IS NULL, tokens, 0)), 0),"
        " ifnull(sum(iif(estimated, tokens, 0)), 0) FROM usage INDEXED BY usage_place"
        " WHERE place IN (SELECT id FROM place) AND time_ms >= ? AND time_ms < ?"
        f" AND series IN ({series})"
    )
    sellers = [covered.sold_by] if covered.sold_by else []
    values = (since_ms, until_ms, *covered.providers, *covered.assistants, *sellers)
    return CoveredUsage._make(ledger.db.execute(query, values).fetchone())


_SOURCE = "ifnull(CASE WHEN json_valid(body) THEN json_extract(body, '$[2]') END, '')"


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
