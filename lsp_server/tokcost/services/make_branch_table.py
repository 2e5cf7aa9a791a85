"""All branches of a repository for an editor's page, and the reasons for unplaced usage."""

from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

from tokcost.ledger.open import Ledger, open_for_reading
from tokcost.ledger.places import repositories, worktrees
from tokcost.ledger.query import Question, session_names, sums, sums_between
from tokcost.ledger.unplaced import UnplacedStretch, unplaced_stretches
from tokcost.model.branch_table import BranchTable, UnplacedRow
from tokcost.model.figures import NO_FIGURES, Figures
from tokcost.model.session_ids import abbreviated
from tokcost.model.worktree import Worktree
from tokcost.placement.reason import Reason, reason_at
from tokcost.placement.timeline import Timeline, build_timeline
from tokcost.repo.reflog import read_head_history
from tokcost.repo.refs import local_branches
from tokcost.services.summarise import LogOptions, summarise_in
from tokcost.usage.known_worktrees import as_worktree, repository_of


def branch_table(ledger: Ledger | None, here: Worktree) -> BranchTable:
    """All branches of the repository around a worktree, most recently used first."""
    if ledger is None:
        return BranchTable()
    repository = repository_of(ledger, here).id
    summary = summarise_in(ledger, here, LogOptions())
    pending: dict[str, Figures] = {}
    for one in sums(ledger, repository):
        if one.branch and not one.state:
            pending[one.branch] = pending.get(one.branch, NO_FIGURES).plus(one.figures)
    unplaced = _unplaced(ledger, repository) if summary.conservation.unplaced != (0, 0) else ()
    return BranchTable(tuple(summary.branches), pending, unplaced, summary.totals.total, summary.conservation)


def names_to_assign(home: Path, here: Worktree) -> list[str]:
    """Names that usage can be assigned to: branches with usage, most recently used first, then the other local ones."""
    ledger, last = open_for_reading(home), dict[str, int]()
    with ledger or nullcontext():
        for one in sums(ledger, repository_of(ledger, here).id) if ledger else ():
            last[one.branch] = max(one.last_ms, last.get(one.branch, 0))
    used = sorted(filter(None, last), key=lambda name: -last[name])
    return list(dict.fromkeys([*used, *sorted(local_branches(here.common_dir) or {})]))


def _unplaced(ledger: Ledger, repository: int) -> tuple[UnplacedRow, ...]:
    """One row for each session, most expensive first."""
    figures: dict[tuple[str, str], Figures] = {}
    for one in sums_between(ledger, repository, Question(branch="", by="session")):
        if not one.state:
            key = (one.part, one.assistant)
            figures[key] = figures.get(key, NO_FIGURES).plus(one.figures)
    stretches: dict[tuple[str, str], list[UnplacedStretch]] = {}
    for stretch in unplaced_stretches(ledger, repository):
        stretches.setdefault((stretch.session, stretch.assistant), []).append(stretch)
    reasons, short = _Reasons(ledger), abbreviated(session_names(ledger))
    rows = [
        UnplacedRow(
            session,
            short.get(session, session),
            assistant,
            spent,
            reasons.of(stretches.get((session, assistant), ())),
            tuple(dict.fromkeys(one.directory for one in stretches.get((session, assistant), ()) if one.directory)),
        )
        for (session, assistant), spent in figures.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.figures.list_cost, -row.figures.tokens.total)))


class _Reasons:
    """The reasons for unplaced usage; each worktree's timeline is read on first use."""

    def __init__(self, ledger: Ledger) -> None:
        known = {one.id: one for one in repositories(ledger)}
        self._worktrees = {one.id: as_worktree(one, known[one.repository]) for one in worktrees(ledger)}
        self._timelines: dict[int, Timeline] = {}

    def of(self, stretches: Iterable[UnplacedStretch]) -> tuple[Reason, ...]:
        """The reasons at both ends of each stretch, each once."""
        ends = [(one.worktree, ms // 1000) for one in stretches for ms in (one.first_ms, one.last_ms)]
        found: dict[Reason, None] = {self._at(worktree, second): None for worktree, second in ends}
        return tuple(found)

    def _at(self, worktree: int | None, second: int) -> Reason:
        if worktree is None or worktree not in self._worktrees:
            return "no_worktree"
        if worktree not in self._timelines:
            self._timelines[worktree] = build_timeline(read_head_history(self._worktrees[worktree]))
        return reason_at(self._timelines[worktree], second)
