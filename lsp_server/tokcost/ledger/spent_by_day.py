"""Usage of all repositories by day and model, as in bills."""

from tokcost.ledger.open import Ledger
from tokcost.model.bills import DailyUsage

_BY_DAY = """
SELECT strftime('%Y-%m-%d', time_ms / 1000, 'unixepoch') AS day, ifnull(provider, '') AS sold_by, model, count(*),
  sum(tokens), ifnull(sum(list_cost), 0), sum(iif(list_cost IS NULL, tokens, 0)),
  sum(iif(estimated = 1 OR price_state = 'estimated', tokens, 0))
FROM usage_row WHERE place_id IN (SELECT id FROM place) AND time_ms >= ? AND time_ms < ?
GROUP BY day, sold_by, model ORDER BY day, sold_by, model
"""
"""By place, since usage is indexed by place and time."""


def spent_by_day(ledger: Ledger, since_ms: int, until_ms: int) -> list[DailyUsage]:
    """Usage from one moment to another (excluded), by day in UTC, provider and model."""
    return [DailyUsage._make(row) for row in ledger.db.execute(_BY_DAY, (since_ms, until_ms))]
