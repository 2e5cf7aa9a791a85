"""Queries for the commits that carry usage, for `tokcost log`. Nothing here writes."""

from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.rows import FOREVER


class Held(NamedTuple):
    """The part of one branch's usage that a claim holds. Amounts are nano-dollars."""

    branch: str
    claim: int
    """Row id; newer claims have larger ids."""
    name: str
    fate: str
    carried: int
    """The newest version that a commit carries; 0 if none does."""
    list_cost: int
    """Of the carried usage, like all following fields except the lost part."""
    tokens: int
    unpriced_tokens: int
    lost_list_cost: int
    """Of the usage that a commit carried once and none carries now."""
    lost_tokens: int


_CARRIED = "held.claim_version <= claim.carried"
# Without a fate only: what its owner keeps, or what is bound to a commit here, is in no message to be lost from.
_LOST = "claim.fate IS NULL AND held.claim_version > claim.carried AND held.claim_version <= claim.ever_carried"
_HELD = f"""
SELECT ifnull(branch, ''), claim.id, name, ifnull(fate, ''), carried,
  sum(iif({_CARRIED}, ifnull(list_cost, 0), 0)), sum(iif({_CARRIED}, tokens, 0)),
  sum(iif({_CARRIED}, {{unpriced}}, 0)),
  sum(iif({_LOST}, ifnull(list_cost, 0), 0)), sum(iif({_LOST}, tokens, 0))
FROM {{held}} AS held JOIN claim ON claim.id = held.claim
WHERE claim.repository = ? AND {{which}} GROUP BY 2, 1 ORDER BY 2, 1
"""
_STORED = _HELD.format(unpriced="unpriced_tokens", held="rollup_row", which="usage > 0")
_BETWEEN = _HELD.format(
    unpriced="iif(list_cost IS NULL, tokens, 0)", held="usage_row", which="time_ms >= ? AND time_ms < ?"
)


def held_usage(ledger: Ledger, repository: int, since_ms: int | None, until_ms: int | None) -> list[Held]:
    """Every claim of a repository with each branch of its usage, oldest claim first; limited to a span of time if
    one is given."""
    if since_ms is None and until_ms is None:
        rows = ledger.db.execute(_STORED, (repository,))
    else:
        span = (since_ms or 0, FOREVER if until_ms is None else until_ms)
        rows = ledger.db.execute(_BETWEEN, (repository, *span))
    return [Held._make(row) for row in rows]


def carriers(ledger: Ledger, repository: int) -> dict[int, list[tuple[int, str]]]:
    """The commits that carry a claim, with the version that each carries."""
    rows = ledger.db.execute(
        "SELECT carrier.claim, carrier.version, commit_id FROM carrier JOIN claim ON claim.id = carrier.claim"
        " WHERE repository = ?",
        (repository,),
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for claim, version, commit in rows:
        found.setdefault(claim, []).append((version, commit))
    return found


def commits_known(ledger: Ledger, repository: int, most: int) -> list[str]:
    """Commits that a repository has had: those that carry its claims, and tips of its refs; not more than `most`."""
    query = (
        "SELECT commit_id FROM carrier JOIN claim ON claim.id = carrier.claim WHERE repository = :repository"
        " UNION SELECT commit_id FROM tip WHERE repository = :repository LIMIT :most"
    )
    return [row[0] for row in ledger.db.execute(query, {"repository": repository, "most": most})]
