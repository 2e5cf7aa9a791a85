"""Parts what was spent in a clone from what was spent in another one that had taken its place, when both are found.

A claim is not parted: it belongs to the clone in which its newest usage was spent.
"""

from collections.abc import Mapping

from tokcost.ledger.claims import forget_tips
from tokcost.ledger.dimensions import Dimensions
from tokcost.ledger.open import Ledger
from tokcost.ledger.places import KnownRepository, rename_git_dirs
from tokcost.ledger.rollup import KEY, Rollup
from tokcost.ledger.rows import SumKey
from tokcost.ledger.settings import forget_settings

_CLAIMS = (
    "UPDATE claim SET repository = :later WHERE repository = :earlier"
    " AND (SELECT max(time_ms) FROM usage WHERE usage.claim = claim.id) >= :since_ms"
)
_IS_LATER = "(claim IN (SELECT id FROM claim WHERE repository = :later) OR (claim IS NULL AND time_ms >= :since_ms))"


def part_repository(
    ledger: Ledger, earlier: KnownRepository, later: KnownRepository, since_ms: int, worktrees: Mapping[int, int]
) -> None:
    """Move what was spent, claimed and observed since a moment from one repository to another, in the caller's
    transaction. `worktrees` are those of the earlier one with the later one's that was seen in their place."""
    values = {"earlier": earlier.id, "later": later.id, "since_ms": since_ms}
    ledger.db.execute(_CLAIMS, values)
    query = "SELECT id, worktree, branch, evidence FROM place WHERE repository = ?"
    dimensions, rollup = Dimensions(ledger), Rollup()
    for number, worktree, branch, evidence in ledger.db.execute(query, (earlier.id,)).fetchall():
        values["place"] = number
        if ledger.db.execute(f"SELECT 1 FROM usage WHERE place = :place AND {_IS_LATER}", values).fetchone() is None:
            continue
        values["other"] = other = dimensions.place(later.id, worktrees.get(worktree, worktree), branch, evidence)
        keys = [SumKey(*row) for row in ledger.db.execute(f"SELECT {KEY} FROM rollup WHERE place = ?", (number,))]
        ledger.db.execute(f"UPDATE usage SET place = :other WHERE place = :place AND {_IS_LATER}", values)
        rollup.move(keys)
        rollup.move(key._replace(place=other) for key in keys)
    rollup.apply(ledger)
    rename_git_dirs(ledger, earlier.common_dir, later.common_dir, since_ms)
    # Of two clones, one was followed: both are read anew.
    forget_tips(ledger, earlier.id)
    forget_settings(ledger, earlier.id)
