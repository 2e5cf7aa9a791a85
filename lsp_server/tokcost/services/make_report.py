"""`tokcost report`: from a range of history to the figures that may be shown.

Commit messages are the only data. No ledger is read, so any clone can report on everyone's work.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tokcost.history.changes import changes_of
from tokcost.history.facts_of_changes import read_titles
from tokcost.history.privacy.contributors import count_people
from tokcost.history.read_history import Told, reach, read_branches, read_history
from tokcost.history.report_policy import read_report_policy
from tokcost.model.changes import Change, ChangeTitle, Coverage, OpenBranch, Report
from tokcost.model.trailer import highest
from tokcost.repo.history import (
    Range,
    Repository,
    all_refs,
    default_range,
    find_repository,
    read_beyond,
    read_messages_of,
    read_range,
    some_authors,
)
from tokcost.repo.refs import PUBLISHED
from tokcost.services.find_rework import find_rework
from tokcost.services.group_report import group
from tokcost.services.look_at_clone import folder_of_history

# Enough to find the few people that a share needs; a million commits need not be read for that.
_AUTHORS_LOOKED_AT = 5_000


class ReportOptions(NamedTuple):
    """The options of a report."""

    range: str | None = None
    """A range in git's syntax; by default the history of the default branch."""
    base: str | None = None
    """Only the commits of `range`, then one revision (by default HEAD), that this revision does not have."""
    all_refs: bool = False
    since: int | None = None
    """Only changes committed from this second UTC on."""
    until: int | None = None
    """Only changes committed before this second UTC."""
    groups: bool = False
    """Whether to include grouped figures, which require reading the files of every change."""
    rework: int | None = None
    """Days within which lines count as changed again; `None` to skip this, which requires reading all lines of every
    commit."""


def make_report(folder: Path, cache: Path, options: ReportOptions) -> Report:
    """Read, place and group the changes. Raises `UsageError`, `EnvironmentProblem`."""
    repository = find_repository(folder_of_history(folder))
    span = _span(repository, options)
    policy = read_report_policy(repository, span.tips[0])
    told = read_history(repository, cache, span)
    titles = read_titles(repository, told)
    within = {step for step, title in titles.items() if _is_within(title, options)}
    changes = changes_of(told.placed, titles)
    placed = [one for one in told.placed if one.step in within]
    report = Report(span.text, [change for change in changes if change.commit in within], commits=told.commits)
    report.foreign_lines = sum(one.carrier.foreign for one in placed)
    report.damaged = [(one.carrier.commit, text) for one in placed for text in one.carrier.damaged]
    report.contributors_needed = policy.contributors
    if options.range is None and options.base is None and not options.all_refs:
        report.open = _open(repository, span, changes)
    # Coverage is a share of all commits of the range, whatever their dates.
    if options.since is None and options.until is None:
        report.coverage = _coverage(repository, span, told, policy.contributors)
    if options.groups and report.changes:
        group(repository, span, report, policy)
    if options.rework is not None:
        newest = next((time for _, time, _ in read_messages_of(repository, span.tips[:1])), 0)
        find_rework(repository, span, report, newest, options.rework)
    if repository.is_shallow:
        report.notes.append("this clone is shallow and lacks older history; `git fetch --unshallow` fetches it")
    return report


def _span(repository: Repository, options: ReportOptions) -> Range:
    if options.base is not None:
        return read_beyond(repository, options.base, options.range or "HEAD")
    if options.range is not None:
        return read_range(repository, options.range)
    default = default_range(repository)
    if not options.all_refs:
        return default
    refs = (tip for name, tip in all_refs(repository).items() if name.startswith(PUBLISHED))
    return Range("all refs", tuple(dict.fromkeys((*default.tips, *refs))))


def _is_within(title: ChangeTitle, options: ReportOptions) -> bool:
    return (options.since is None or title.time >= options.since) and (
        options.until is None or title.time < options.until
    )


def _open(repository: Repository, span: Range, changes: Sequence[Change]) -> list[OpenBranch]:
    """The claims that unmerged branches carry and the reported history does not: each claim at one branch."""
    prefixes = ("refs/heads/", "refs/remotes/")
    tips = {
        name.split("/", 2)[2]: tip
        for prefix in prefixes
        for name, tip in sorted(all_refs(repository).items())
        # `origin/HEAD` only points to a branch that is listed itself.
        if name.startswith(prefix) and not name.endswith("/HEAD")
    }
    if not tips:
        return []
    beyond = Range("", tuple(dict.fromkeys(tips.values())), span.tips)
    carriers, graph = read_branches(repository, beyond)
    known = {line.id for change in changes for line in change.lines}
    best = highest(line for one in carriers.values() for line in one.lines if line.id not in known)
    found: list[OpenBranch] = []
    seen: set[str] = set()  # a claim found at one branch is not looked for at another
    for branch, tip in tips.items():
        own = reach(graph, tip, seen)
        seen.update(own)
        brought = (line for commit in own if commit in carriers for line in carriers[commit].lines)
        lines = [best.pop(line.id) for line in brought if line.id in best]
        if lines:
            found.append(OpenBranch(branch, tuple(lines)))
    return sorted(found, key=lambda one: (-sum(line.cost or 0 for line in one.lines), one.branch))


def _coverage(repository: Repository, span: Range, told: Told, least: int) -> Coverage | None:
    """The share of commits with a line, only if enough people committed for the share to reveal nothing about one of
    them."""
    if count_people(some_authors(repository, span, _AUTHORS_LOOKED_AT)) < least:
        return None
    with_line = sum(bool(one.carrier.lines) and not one.carrier.is_merge for one in told.placed)
    return Coverage(with_line, told.commits)


def overlap(one: Report, other: Report) -> bool:
    """Whether two ranges share a claim: their grouped figures could then be subtracted from each other."""
    return not {line.id for line in one.lines}.isdisjoint(line.id for line in other.lines)
