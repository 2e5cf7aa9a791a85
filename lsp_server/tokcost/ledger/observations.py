"""Observations of HEAD by the server: periods in a worktree, each on one branch."""

from collections.abc import Sequence

from tokcost.ledger.open import Ledger
from tokcost.ledger.paths import to_stored
from tokcost.model.place import Observation


def record_observation(ledger: Ledger, git_dir: str, branch: str, now_ms: int, watching_since_ms: int) -> None:
    """Record that HEAD of a worktree is on a branch now (empty: on none).

    The newest period is extended if it has the same branch and the server watched since then: what happened before
    `watching_since_ms` was not observed.
    """
    path = to_stored(git_dir)
    query = "SELECT first_ms, last_ms, branch FROM observation WHERE git_dir = ? ORDER BY first_ms DESC LIMIT 1"
    newest = ledger.db.execute(query, (path,)).fetchone()
    if newest is not None and (newest[2] or "") == branch and newest[1] >= watching_since_ms:
        ledger.db.execute(
            # A clock that was set back must not shorten what was seen.
            "UPDATE observation SET last_ms = max(last_ms, ?) WHERE git_dir = ? AND first_ms = ?",
            (now_ms, path, newest[0]),
        )
    else:
        ledger.db.execute(
            "INSERT OR IGNORE INTO observation (git_dir, first_ms, last_ms, branch) VALUES (?, ?, ?, ?)",
            (path, now_ms, now_ms, branch or None),
        )


def record_stretches(ledger: Ledger, git_dir: str, stretches: Sequence[Observation]) -> None:
    """Record periods that were determined otherwise; known ones stay unchanged."""
    ledger.db.executemany(
        "INSERT OR IGNORE INTO observation (git_dir, first_ms, last_ms, branch) VALUES (?, ?, ?, ?)",
        [(to_stored(git_dir), one.first_ms, one.last_ms, one.branch or None) for one in stretches],
    )


def observations(ledger: Ledger, git_dir: str) -> list[Observation]:
    """Every period of one worktree, oldest first."""
    query = "SELECT first_ms, last_ms, ifnull(branch, '') FROM observation WHERE git_dir = ? ORDER BY first_ms"
    return [Observation(*row) for row in ledger.db.execute(query, (to_stored(git_dir),))]
