"""Withholds usage: it stays in the ledger, and no line publishes it."""

from tokcost.claims import claim_journal
from tokcost.claims.commit_notes import take_withheld
from tokcost.claims.propose import new_name
from tokcost.ledger.claims import claims_named, decide_fate, unsettled_claims, withhold_pending, withhold_unplaced
from tokcost.ledger.open import Ledger
from tokcost.model.claims import Remembered
from tokcost.model.worktree import Worktree


def record_withheld(ledger: Ledger, repository: int, notes: str) -> None:
    """Record in the ledger which lines were removed by hand. Runs in the transaction of the caller, who then calls
    `withheld_recorded`."""
    for claim in claims_named(ledger, repository, take_withheld(notes)):
        decide_fate(ledger, claim.id, "withheld")


def withhold_all_pending(ledger: Ledger, repository: int, branch: str | None, worktree: Worktree) -> None:
    """Withhold usage that no claim holds, and usage claimed by a hook that did not finish; without a branch, the
    unplaced usage of this worktree."""
    records: list[Remembered] = []
    for claim in unsettled_claims(ledger, repository, branch) if branch else ():
        if not claim.ever_carried:
            decide_fate(ledger, claim.id, "withheld")
            records.append(claim_journal.removed_record(claim.name))
    if branch:
        claim = withhold_pending(ledger, repository, branch, new_name())
    else:
        claim = withhold_unplaced(ledger, repository, worktree.git_dir, new_name())
    if claim is not None:
        records.append(claim_journal.withheld_record(ledger, claim))
    claim_journal.write(worktree.common_dir, records)
