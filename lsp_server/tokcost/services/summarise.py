"""The cost of every branch of a repository: the answer behind `tokcost log`, from the ledger alone."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from tokcost.claims import branch_commits
from tokcost.errors import EnvironmentProblem, SettingsDamaged
from tokcost.ledger.commits import carriers, held_usage
from tokcost.ledger.open import Ledger, open_for_reading
from tokcost.ledger.places import KnownRepository, repositories, shown_path
from tokcost.ledger.query import (
    Question,
    Sum,
    claims_with_estimates,
    session_count,
    session_names,
    span,
    sums,
    sums_between,
)
from tokcost.ledger.rows import FOREVER
from tokcost.ledger.sources import problems, tallies
from tokcost.model.figures import NO_FIGURES, BranchRow, Conservation, Figures, SessionRow, Skipped, Split, Summary
from tokcost.model.session_ids import abbreviated
from tokcost.model.worktree import Worktree
from tokcost.policy.clone_state import takes_estimates
from tokcost.repo.branches import Branches, look_at_branches
from tokcost.repo.config import read_config
from tokcost.services.look_at_clone import find_here, no_worktree
from tokcost.settings import PLANS_FILE
from tokcost.usage.known_worktrees import repository_of
from tokcost.usage.price_files import price_change, price_problems

if TYPE_CHECKING:
    from datetime import tzinfo

    from tokcost.model.plans import Leverage

NO_REPOSITORY = "(no repository)"
By = Literal["day", "week", "month", "session", "model", "assistant", "repository"]
_OF_TIME = ("day", "week", "month")


class LogOptions(NamedTuple):
    """The options of `tokcost log`. Times are milliseconds UTC, the end excluded."""

    branch: str | None = None
    all_repos: bool = False
    since_ms: int | None = None
    until_ms: int | None = None
    by: By | None = None
    zone: "tzinfo | None" = None
    """The time zone of days; by default this machine's own."""
    lists_commits: bool = False
    """Whether commits are going to be shown, so that git must be asked for their subjects and times."""

    @property
    def needs_rows(self) -> bool:
        """Whether the stored sums are insufficient: they have no spans of time, days or sessions."""
        is_spanned = self.since_ms is not None or self.until_ms is not None
        return is_spanned or self.branch is not None or self.by in (*_OF_TIME, "session")

    @property
    def needs_days(self) -> bool:
        """Whether figures by calendar day are needed."""
        return self.by in _OF_TIME or (self.branch is not None and self.by != "session")


def summarise(home: Path, cwd: Path, options: LogOptions) -> list[Summary]:
    """A summary of the repository around `cwd`, or one for each repository with usage. Raises `NotARepository` if
    `cwd` is in none and not all repositories were asked for."""
    here = find_here(cwd)
    if here is None and not options.all_repos:
        raise no_worktree(cwd, "Change to a repository, or use --all-repos to see every repository with usage.")
    ledger = open_for_reading(home)
    if ledger is None:
        return [Summary(here.root)] if here and not options.all_repos else []
    with ledger:
        if options.all_repos:
            found = [_summary(ledger, one, None, options) for one in [*repositories(ledger), _NOWHERE]]
            found = [one for one in found if one.totals.total.usage]
        else:
            assert here is not None
            found = [_summary(ledger, repository_of(ledger, here), here, options)]
        changed = price_change(ledger, home)
        plans, trouble = _plans(ledger, home, options)
    for one in found:
        one.plans = plans
        one.notes.extend([*changed, *trouble])
        one.notes.extend(price_problems(home, "" if one.repository == NO_REPOSITORY else one.repository))
    return found


def summarise_in(ledger: Ledger, here: Worktree, options: LogOptions) -> Summary:
    """The summary of one repository, from an open ledger: without plans and notes on prices."""
    return _summary(ledger, repository_of(ledger, here), here, options)


def _plans(ledger: Ledger, home: Path, options: LogOptions) -> "tuple[list[Leverage], list[str]]":
    """The user's plans beside the usage they cover, in all repositories, whichever are shown; and a note if they
    cannot be read."""
    if not (home / PLANS_FILE).exists():
        return [], []
    from tokcost.services.keep_plans import leverages_in  # few have entered plans

    try:
        return leverages_in(ledger, home, (options.since_ms, options.until_ms), options.zone), []
    except (SettingsDamaged, EnvironmentProblem) as problem:
        return [], [f"{problem}; no plan is shown. {problem.hint}"]


# 0 is the number under which sums have usage outside of any repository.
_NOWHERE = KnownRepository(0, "", NO_REPOSITORY, "")


def _summary(ledger: Ledger, repository: KnownRepository, here: Worktree | None, options: LogOptions) -> Summary:
    found = list(_sums(ledger, repository.id, options))
    held = held_usage(ledger, repository.id, options.since_ms, options.until_ms)
    used = {one.branch for one in found if one.branch}
    # Only commits with claims are compared with the default branch.
    branches = look_at_branches(repository.common_dir, here, used, with_default=bool(held))
    summary = Summary(shown_path(repository))
    rows = _rows(found, branches, options)
    of_branch: dict[str, list[Sum]] = {}
    for one in found:
        of_branch.setdefault(one.branch, []).append(one)
        row = rows.get(one.branch)
        _add(row.split if row else summary.unplaced, one)
        _add(summary.totals, one)
        if one.part and options.by != "session":
            days = row.days if row else summary.unplaced_days
            days[one.part] = days.get(one.part, NO_FIGURES).plus(one.figures)
    for row in rows.values():
        row.parts = _conservation(row.split.total, of_branch.get(row.branch, ()))
    if options.branch is not None and options.branch in rows:
        rows[options.branch].sessions = session_count(ledger, repository.id, options.branch)
    if held := [one for one in held if one.branch in rows]:
        question = branch_commits.GitQuestion(repository.common_dir, branches.default, options.lists_commits)
        branch_commits.list_commits(held, carriers(ledger, repository.id), rows, question)
        if summary.totals.total.estimates.usage:
            _mark_estimates(rows.values(), claims_with_estimates(ledger, repository.id))
    if options.by == "session":
        summary.sessions = _sessions(ledger, found)
    summary.branches = sorted(rows.values(), key=lambda row: -(row.split.total.last_ms or 0))
    summary.conservation = _conservation(summary.totals.total, found)
    summary.skipped = _skipped(ledger)
    if summary.totals.total.estimates.usage and repository.common_dir:
        summary.takes_estimates = takes_estimates(read_config(repository.common_dir))
    return summary


def _mark_estimates(rows: Iterable[BranchRow], claims: set[str]) -> None:
    for row in rows:
        for commit in row.commits:
            commit.has_estimates = not claims.isdisjoint(commit.claims)


def _sessions(ledger: Ledger, found: Iterable[Sum]) -> list[SessionRow]:
    rows: dict[tuple[str, str], SessionRow] = {}
    for one in found:
        row = rows.setdefault((one.assistant, one.part), SessionRow(one.part, one.assistant))
        _add(row.split, one)
        row.branches[one.branch] = row.branches.get(one.branch, NO_FIGURES).plus(one.figures)
    short = abbreviated(session_names(ledger))
    for row in rows.values():
        row.short_id = short.get(row.session, row.session)
    return sorted(rows.values(), key=lambda row: -(row.split.total.last_ms or 0))


def _rows(found: Iterable[Sum], branches: Branches, options: LogOptions) -> dict[str, BranchRow]:
    """A row for each branch with usage, and for the current one."""
    names = [one.branch for one in found if one.branch]
    if branches.current and options.branch in (None, branches.current):
        names.insert(0, branches.current)
    return {
        name: BranchRow(name, name == branches.current, branches.state(name), Split()) for name in dict.fromkeys(names)
    }


def _sums(ledger: Ledger, repository: int, options: LogOptions) -> Iterable[Sum]:
    if not options.needs_rows:
        return sums(ledger, repository)
    asked = Question(
        options.since_ms if options.since_ms is not None else 0,
        options.until_ms if options.until_ms is not None else FOREVER,
        options.branch,
        "session" if options.by == "session" else "day" if options.needs_days else "",
    )
    if asked.by == "day" and options.zone is not None:
        # SQLite only knows UTC and this machine's zone (sqlite.org/lang_datefunc.html), so it gets the offsets of the
        # zone within the time that the ledger covers.
        from tokcost.model.periods import offsets  # few ask for another time zone

        _, first_ms, last_ms = span(ledger)
        asked = asked._replace(offsets=offsets(options.zone, first_ms, last_ms))
    return sums_between(ledger, repository, asked)


def _add(split: Split, one: Sum) -> None:
    split.add(one.figures, one.assistant, one.model, one.evidence)


def _conservation(total: Figures, found: Iterable[Sum]) -> Conservation:
    """The parts of the total: each amount is in exactly one of them, whatever its branch."""
    parts: dict[str, tuple[int, int]] = {}
    for one in found:
        part = one.state or ("pending" if one.branch else "unplaced")
        tokens, cost = parts.get(part, (0, 0))
        parts[part] = (tokens + one.tokens.total, cost + one.list_cost)
    return Conservation(total=(total.tokens.total, total.list_cost), **parts)


def _skipped(ledger: Ledger) -> Skipped:
    records = {f"{assistant}: {reason}": count for (assistant, reason), count in tallies(ledger, "skipped").items()}
    return Skipped(records, problems(ledger))
