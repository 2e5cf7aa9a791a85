"""Everything an editor's page shows about one branch, from the same state of the ledger as the editor's other
figures."""

from pathlib import Path

from tokcost.ledger.open import Ledger
from tokcost.ledger.query import doubts_of_claims, sums
from tokcost.model.branch_page import BranchPage
from tokcost.model.figures import NO_FIGURES, Figures
from tokcost.model.status import Status
from tokcost.model.worktree import Worktree
from tokcost.services.find_largest_drivers import LargestDrivers
from tokcost.services.summarise import LogOptions, summarise_in
from tokcost.usage.known_worktrees import repository_of


def branch_page(
    ledger: Ledger | None, home: Path, here: Worktree, status: Status, wanted: str | None, drivers: LargestDrivers
) -> BranchPage:
    """The page of a branch, by default of the one that is checked out. `status` is of the same moment."""
    if ledger is None:
        return BranchPage(wanted or status.branch or "", (status.branch,) if status.branch else ())
    last: dict[str, int] = {}
    parts: dict[str, Figures] = {}
    found = [one for one in sums(ledger, repository_of(ledger, here).id) if one.branch]
    for one in found:
        last[one.branch] = max(one.last_ms, last.get(one.branch, 0))
    names = sorted(last, key=lambda name: -last[name])
    if status.branch is not None and status.branch not in last:
        names.insert(0, status.branch)
    name = wanted or status.branch or next(iter(names), "")
    for one in found:
        if one.branch == name:
            part = one.state or "pending"
            parts[part] = parts.get(part, NO_FIGURES).plus(one.figures)
    if name not in last:
        return BranchPage(name, tuple(names), takes_estimates=status.takes_estimates)
    summary = summarise_in(ledger, here, LogOptions(branch=name, lists_commits=True))
    row = next((one for one in summary.branches if one.branch == name), None)
    if row is None:
        return BranchPage(name, tuple(names), takes_estimates=status.takes_estimates)
    # Few branches have such usage, and finding it in claims reads rows.
    if row.split.total.lower_bound or row.split.total.partial:
        doubts = doubts_of_claims(ledger, repository_of(ledger, here).id)
        for commit in row.commits:
            found_in = [doubts[claim] for claim in commit.claims if claim in doubts]
            commit.lower_bound = sum(lower_bound for lower_bound, _ in found_in)
            commit.broken_off = sum(broken_off for _, broken_off in found_in)
    amounts = (row.split.total.tokens.total, row.split.total.list_cost)
    explanation = drivers.shown(ledger, home, here, name, amounts)
    return BranchPage(name, tuple(names), row, parts, explanation, status.takes_estimates)
