"""The state of the folders that are open in an editor: import new usage, then read the figures of each folder's
branch."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from tokcost.claims.commit_notes import CommitSaid, is_next_omitted, read_said
from tokcost.claims.notes_folder import notes_folder
from tokcost.errors import EnvironmentProblem, LedgerDamaged, TokcostError
from tokcost.ledger.observations import record_observation
from tokcost.ledger.open import FILE_NAME, open_for_reading, open_ledger
from tokcost.model.branch_page import BranchPage
from tokcost.model.branch_table import BranchTable
from tokcost.model.drivers import Explanation
from tokcost.model.status import Status
from tokcost.model.worktree import CloneState, Worktree
from tokcost.policy.clone_state import read_state
from tokcost.policy.consent import read_consent
from tokcost.repo.head import read_head
from tokcost.repo.worktree import find_worktree, linked_worktrees, submodules, worktree_of_git_dir
from tokcost.services.find_largest_drivers import LargestDrivers
from tokcost.services.find_logs import find_logs
from tokcost.services.make_branch_page import branch_page
from tokcost.services.make_branch_table import branch_table
from tokcost.services.preview import Preview, look_ahead
from tokcost.services.read_status import status_in
from tokcost.services.refresh import refresh
from tokcost.services.show_notices import notices
from tokcost.usage.read import Progress

BUSY_SECONDS = 2.0
"""Seconds to wait for another writing process. The caller tries again."""


class Round(NamedTuple):
    """The state of a server between two refreshes."""

    home: Path
    environ: Mapping[str, str]
    since_ms: int
    """The time at which the refresh began."""


class Refreshed(NamedTuple):
    """The result of a refresh."""

    current: bool
    """Whether new usage could be imported. If not, it is tried again; a reader that failed would fail again."""
    notes: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    """Notices for everyone until somebody acknowledges them."""
    places: tuple[tuple[str, str], ...] = ()
    """The assistants that are read, each with a place of its logs, if no logs were found."""


class ShownParts(NamedTuple):
    """The parts that a client shows besides the figures of each folder."""

    next: bool = False
    """The lines of the next commit."""
    page: str | None = None
    """The folder whose branch is shown as a page."""
    branch: str | None = None
    """The branch on that page; `None` is the one that is checked out."""
    table: str | None = None
    """The folder whose branches are shown as a table."""


NO_PARTS = ShownParts()


class CostLines(NamedTuple):
    """Whether commits made here carry cost lines."""

    enabled: bool = False
    problem: str = ""
    """The reason why no lines are written despite the consent."""
    omitted: bool = False
    """Whether the next commit was asked to carry no line."""


class FolderStatus(NamedTuple):
    """The status to show for one open folder."""

    folder: str
    status: Status | None
    """`None` if the folder is in no repository, or there is a problem."""
    problem: str = ""
    cost_lines: CostLines = CostLines()
    drivers: Explanation | None = None
    """The drivers of the branch's list cost, if they are known."""
    said: CommitSaid | None = None
    """The budget messages at the newest commit that was made outside a terminal."""
    page: BranchPage | None = None
    """The page of one of its branches, if it is shown."""
    table: BranchTable | None = None
    """All branches, if they are shown."""
    next: Preview | None = None
    """The lines of the next commit, if they are shown and lines are written here."""
    looked_in: tuple[str, ...] = ()
    """Places where logs were looked for, if none were found."""


def worktree_at(path: str) -> Worktree | None:
    """The worktree that contains a folder, or whose git folder contains it."""
    found = find_worktree(path)
    while found is None and path != os.path.dirname(path):
        if (found := worktree_of_git_dir(path)) or os.path.basename(path) == ".git":
            return found
        path = os.path.dirname(path)
    return found


def worktrees_around(folders: Iterable[str]) -> list[Worktree]:
    """The worktrees of all these folders, the linked worktrees of their clones, and their submodules."""
    found: dict[str, Worktree] = {}
    for here in filter(None, map(worktree_at, folders)):
        # The first folder of a clone has brought all of its worktrees.
        if here.git_dir in found:
            continue
        main = find_worktree(here.root)
        for one in (here, main, *linked_worktrees(here.common_dir), *submodules(here.common_dir)):
            if one is not None and os.path.isdir(one.path):
                found.setdefault(one.git_dir, one)
    return list(found.values())


def refresh_folders(this: Round, worktrees: Sequence[Worktree], progress: Progress | None = None) -> Refreshed:
    """Record where HEAD of each worktree is, then import new usage, which is placed by both."""
    try:
        _observe(this, worktrees)
        report = refresh(this.home, this.environ, progress, busy_seconds=BUSY_SECONDS)
    except LedgerDamaged:
        raise  # the caller rescues it and tries again
    except TokcostError as problem:
        return Refreshed(False, (problem.told.rstrip("."),))
    places = _places_of_logs(this) if report.is_current and not report.found_files else ()
    return Refreshed(report.was_imported, tuple(report.notes), tuple(notices(this.home)), places)


def _places_of_logs(this: Round) -> tuple[tuple[str, str], ...]:
    return tuple((name, next(iter(places), "")) for name, places in find_logs(this.environ, this.home).read.items())


def statuses(
    home: Path,
    folders: Iterable[str],
    refreshed: Refreshed,
    drivers: LargestDrivers | None = None,
    parts: ShownParts = NO_PARTS,
) -> list[FolderStatus]:
    """The status of every folder, from the ledger as it is. All figures of one folder are of the same moment."""
    drivers = drivers or LargestDrivers()
    drivers.begin()
    return [_status(home, folder, refreshed, drivers, parts) for folder in folders]


def _status(home: Path, folder: str, refreshed: Refreshed, drivers: LargestDrivers, parts: ShownParts) -> FolderStatus:
    worktree = worktree_at(folder)
    if worktree is None:
        return FolderStatus(folder, None)
    here = read_state(worktree)
    try:
        ledger = open_for_reading(home)
        with ledger or nullcontext(), ledger.snapshot() if ledger else nullcontext():
            status = status_in(ledger, home, here)._replace(current=refreshed.current)
            status = status._replace(no_logs=tuple(name for name, _ in refreshed.places))
            said = read_said(notes_folder(worktree))
            found = FolderStatus(folder, status, cost_lines=_cost_lines(home, here), said=said)
            if ledger is not None:
                found = found._replace(drivers=drivers.of(ledger, home, worktree, status))
            if parts.page == folder:
                page = branch_page(ledger, home, worktree, status, parts.branch, drivers)
                found = found._replace(page=page)
            if parts.table == folder:
                found = found._replace(table=branch_table(ledger, worktree))
            return found._replace(looked_in=tuple(place for _, place in refreshed.places if place))
    except LedgerDamaged:
        raise
    except TokcostError as problem:
        return FolderStatus(folder, None, problem.told.rstrip("."))


def next_lines(home: Path, folders: Iterable[str]) -> dict[str, Preview]:
    """The lines of the next commit in each folder whose clone has lines enabled, from the ledger as it is.

    Only for the process that writes to the ledger: everything a commit would do is done, and rolled back.
    """
    found: dict[str, Preview] = {}
    for folder in folders:
        worktree = worktree_at(folder)
        if worktree is None or not (home / FILE_NAME).exists():
            continue
        try:
            consent = read_consent(home, read_state(worktree))
            if consent.enabled:
                found[folder] = look_ahead(home, worktree, consent.terms, busy_seconds=BUSY_SECONDS)
        except LedgerDamaged:
            raise
        except TokcostError:
            continue  # the figures report it
    return found


def _cost_lines(home: Path, here: CloneState) -> CostLines:
    consent = read_consent(home, here)
    omitted = consent.enabled and is_next_omitted(notes_folder(here.worktree), here.commit)
    return CostLines(consent.enabled, consent.told, omitted)


def _observe(this: Round, worktrees: Sequence[Worktree]) -> None:
    """Record the observed positions of HEAD. A missing ledger is not created for this alone; the next refresh has
    one."""
    if not worktrees or not (this.home / FILE_NAME).exists():
        return
    heads = [head for one in worktrees if (head := _head_now(one)) is not None]
    try:
        with open_ledger(this.home, busy_seconds=BUSY_SECONDS) as ledger, ledger.transaction():
            for git_dir, branch, now_ms in heads:
                record_observation(ledger, git_dir, branch, now_ms, this.since_ms)
    except EnvironmentProblem:
        return  # the import reports a ledger that cannot be written


def _head_now(worktree: Worktree) -> tuple[str, str, int] | None:
    """The git folder, the branch (empty if HEAD is detached), and a moment in milliseconds UTC at which HEAD was there;
    `None` if HEAD is moving, which the next refresh sees."""
    branch = read_head(worktree).branch or ""
    now_ms = time.time_ns() // 1_000_000
    # On a busy machine much time may pass between reading HEAD and reading the clock. HEAD may be elsewhere by then.
    return (worktree.git_dir, branch, now_ms) if (read_head(worktree).branch or "") == branch else None
