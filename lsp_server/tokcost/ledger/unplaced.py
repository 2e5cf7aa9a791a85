"""Unplaced usage of a repository, for a user who wants to assign it."""

from typing import NamedTuple

from tokcost.ledger.open import Ledger


class UnplacedStretch(NamedTuple):
    """The unplaced usage of one session in one folder, as a period. Times are milliseconds UTC."""

    session: str
    assistant: str
    worktree: int | None
    """`None` if no worktree is known."""
    directory: str
    first_ms: int
    last_ms: int


_STRETCHES = """
SELECT session, assistant, worktree, directory, min(time_ms), max(time_ms) FROM usage_row
WHERE place_id IN (SELECT id FROM place WHERE repository = ? AND branch IS NULL) AND claim IS NULL
GROUP BY 1, 2, 3, 4 ORDER BY 5
"""


def unplaced_stretches(ledger: Ledger, repository: int) -> list[UnplacedStretch]:
    """Periods of unplaced usage that no claim holds, earliest first."""
    return list(map(UnplacedStretch._make, ledger.db.execute(_STRETCHES, (repository,))))
