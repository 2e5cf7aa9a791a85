"""From assistants' logs to the ledger: finds what is new, reads it, records it.

Usually nothing is new, and every prompt calls this, so the code that reads, places and prices is imported only when
there is work for it.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tokcost.claims.refresh_carriers import follow_carriers, needs_refresh
from tokcost.errors import LedgerDamaged, LedgerUnavailable
from tokcost.files.foreign import DiskFailed
from tokcost.ledger.open import BUSY_SECONDS, FILE_NAME, Ledger, open_for_reading, open_ledger
from tokcost.ledger.places import directories_without_worktree, repositories, shown_path, worktrees
from tokcost.ledger.settings import record_setting, setting
from tokcost.ledger.sources import try_again
from tokcost.model.received import FROM_TEXT
from tokcost.model.worktree import CloneState
from tokcost.readers.registry import own_worktrees, versions
from tokcost.repo.named_worktree import named_around
from tokcost.repo.run import GitFailed
from tokcost.repo.worktree import find_worktree, linked_paths, linked_worktrees
from tokcost.usage.change_detection import FoundSources, jobs_of, jobs_of_rest, look_for_logs, remember
from tokcost.usage.known_worktrees import (
    DIGEST,
    GIT_SECONDS,
    IN_HOOK_SECONDS,
    digest_of,
    follow_move,
    follow_replaced,
    gone_worktree,
    is_counted,
    moved_stamp,
    named_worktrees,
)
from tokcost.usage.read import Job, Outcome, Progress, in_order_of_writing, read_all

if TYPE_CHECKING:
    from tokcost.claims.bind_imported import ImportedClaims
    from tokcost.usage.placing import Placer

_READ_BY = "files read by"


class ImportReport:
    """The result of an import."""

    def __init__(self, notes: Sequence[str] = ()) -> None:
        self.looked_in: list[str] = []
        self.found_files = 0
        self.new_usage = 0
        self.notes = list(notes)
        self.is_current = True
        """Whether everything logged so far is in the ledger."""
        self.was_imported = True
        """Whether the ledger could be written. If not, another process may be writing, and a later attempt may
        succeed."""


def refresh(
    home: Path,
    environ: Mapping[str, str],
    progress: Progress | None = None,
    *,
    follow: bool = True,
    busy_seconds: float = BUSY_SECONDS,
    here: CloneState | None = None,
) -> ImportReport:
    """Bring the ledger below `home` up to date, as `open_or_show` does, and close it."""
    ledger, report = open_or_show(home, environ, here, How(follow, busy_seconds, progress=progress))
    with ledger:
        return report


class How(NamedTuple):
    """The way in which a ledger is brought up to date."""

    follow: bool = True
    """Whether to read what commits carry in all repositories; hooks do that for their own repository themselves."""
    busy_seconds: float = BUSY_SECONDS
    """The time for which another process may hold the ledger."""
    leave_open: bool = False
    """Whether the process ends in a moment (`open_ledger`)."""
    progress: Progress | None = None


def open_or_show(
    home: Path, environ: Mapping[str, str], here: CloneState | None, how: How
) -> tuple[Ledger, ImportReport]:
    """The ledger, brought up to date as by `open_refreshed`.

    A ledger that cannot be written is reported in the report's `notes`, and its contents can still be shown. Raises
    `EnvironmentProblem` if there is neither, and `LedgerDamaged`.
    """
    try:
        return open_refreshed(home, environ, here, how)
    except LedgerUnavailable as problem:
        shown = open_for_reading(home)
        if shown is None:
            raise
        report = ImportReport(notes=[f"Nothing new was imported: {problem.told}"])
        report.is_current = report.was_imported = False
        return shown, report


def open_refreshed(
    home: Path, environ: Mapping[str, str], here: CloneState | None, how: How
) -> tuple[Ledger, ImportReport]:
    """The ledger below `home`, open and up to date with all logs on this machine.

    A moved clone is recognised when somebody asks about one of its worktrees (`here`). A damaged ledger is rescued;
    `show_notices.py` reports it. Raises `LedgerUnavailable` if nothing could be written, and `LedgerDamaged` if there
    is no time for a rescue.
    """
    try:
        return _opened(home, environ, here, how)
    except LedgerDamaged as damage:
        _rescue(home, damage, how.busy_seconds)
        return _opened(home, environ, here, how)


def _rescue(home: Path, damage: LedgerDamaged, busy_seconds: float) -> None:
    """Rescue the ledger; in a hook only if that takes no longer than a commit may wait. Raises `LedgerDamaged`
    otherwise: the next process has more time."""
    from tokcost.services.rescue import MOST_BYTES_AT_ONCE, rescue

    if _is_hurried(busy_seconds) and (home / FILE_NAME).stat().st_size > MOST_BYTES_AT_ONCE:
        raise damage
    rescue(home, damage.what, seconds=busy_seconds)


def _is_hurried(busy_seconds: float) -> bool:
    """Whether a hook or a guard waits: only they give the ledger less than a second."""
    return busy_seconds < 1


def _opened(home: Path, environ: Mapping[str, str], here: CloneState | None, how: How) -> tuple[Ledger, ImportReport]:
    report, claims = ImportReport(), None
    with ExitStack() as stack, ExitStack() as reading:
        ledger = stack.enter_context(_open(home, how)) if (home / FILE_NAME).exists() else None
        if ledger is not None:
            # First: the paths of worktrees in the ledger decide where logs are looked for and where usage is placed.
            seconds = IN_HOOK_SECONDS if _is_hurried(how.busy_seconds) else GIT_SECONDS
            end = time.monotonic() + seconds
            follow_move(ledger, here.worktree if here else None, seconds)
            follow_replaced(ledger, seconds, end)
            _try_again_after_upgrade(ledger)
        looks = _told(look_for_logs(ledger, environ, _roots(ledger, here)), report)
        jobs = _in_time(jobs_of(ledger, looks), how)
        if ledger is None or jobs or any(found.rest for found in looks) or _history_moved(ledger, here):
            from tokcost.usage.placing import Placer

            outcomes = reading.enter_context(read_all(in_order_of_writing(jobs), how.progress))
            if ledger is None:  # creating one takes as long as reading 50 MB of logs, which has begun
                ledger = stack.enter_context(_open(home, how))
                _try_again_after_upgrade(ledger)
            every = chain(outcomes, _rest(ledger, looks, how.progress, report))
            claims = _import(ledger, home, Placer(ledger, here, own_worktrees(environ)), how, every, report)
            reading.close()
        # After the import: a process killed in between must read these folders again, or their usage is lost.
        _remember(ledger, looks)
        if how.follow:
            _follow_commits(ledger, report, claims)
        # The caller closes the ledger; the stack is for an exception on the way here.
        stack.pop_all()
    return ledger, report


def _open(home: Path, how: How) -> Ledger:
    return open_ledger(home, busy_seconds=how.busy_seconds, leave_open=how.leave_open)


def _in_time(jobs: list[Job], how: How) -> list[Job]:
    """The jobs without text estimates if a hook waits: importing the tokenizer takes half a second. These sources
    stay new."""
    return jobs if how.follow else [job for job in jobs if job.assistant not in FROM_TEXT]


def _roots(ledger: Ledger | None, here: CloneState | None) -> list[str]:
    """The worktrees in which assistants may have left logs: those in the ledger, and those of the clone at hand."""
    known = [one.path for one in worktrees(ledger)] if ledger else []
    if here is None:
        return known
    return [*known, here.worktree.root, here.worktree.path, *linked_paths(here.worktree.common_dir)]


def _told(looks: list[FoundSources], report: ImportReport) -> list[FoundSources]:
    report.looked_in.extend(found.location.path for found in looks if found.location.path)
    report.found_files = sum(found.files for found in looks)
    problems = [found.problem for found in looks if found.problem]
    report.notes.extend(problems)
    report.is_current = not problems
    return looks


def _rest(
    ledger: Ledger, looks: Sequence[FoundSources], progress: Progress | None, report: ImportReport
) -> Iterator[Outcome]:
    """Read the files that were too many to be checked at once."""
    for count, jobs in jobs_of_rest(ledger, looks):
        report.found_files += count
        with read_all(in_order_of_writing(jobs), progress) as outcomes:
            yield from outcomes


def _try_again_after_upgrade(ledger: Ledger) -> None:
    """Have files that a reader could not read tried again after an upgrade of tokcost or of a reader's package."""
    stamp = versions()
    if setting(ledger, _READ_BY) != stamp:
        with suppress(LedgerUnavailable), ledger.transaction():  # another process may be writing; this can wait
            try_again(ledger)
            record_setting(ledger, _READ_BY, stamp)


def _remember(ledger: Ledger, looks: Sequence[FoundSources]) -> None:
    for found in looks:
        remember(ledger, found)


def _follow_commits(ledger: Ledger, report: ImportReport, claims: "ImportedClaims | None") -> None:
    """Follow what commits carry, in every repository that has claims and refs that moved."""
    for one in repositories(ledger):
        if needs_refresh(ledger, one.id, one.common_dir):
            held = claims.held(one.id) if claims else None
            try:
                if not follow_carriers(ledger, one.id, one.common_dir, held=held):
                    report.notes.append(
                        f"{shown_path(one)}: not everything fetched could be read in time; the next command continues"
                    )
            except (GitFailed, DiskFailed) as problem:
                report.notes.append(f"{shown_path(one)}: what commits carry could not be read: {problem.told}")


def _import(
    ledger: Ledger,
    home: Path,
    placer: "Placer",
    how: How,
    outcomes: Iterator[Outcome],
    report: ImportReport,
) -> "ImportedClaims | None":
    """Record what was read. Usage that a clone's journal records as claimed is bound at the same time, unless a hook
    is in a hurry."""
    import gc

    from tokcost.claims.bind_imported import ImportedClaims
    from tokcost.usage.importing import Importer

    claims = ImportedClaims(ledger, binds=how.follow)
    importer, was_on = Importer(ledger, home, placer, claims), gc.isenabled()
    gc.disable()  # there are many small tuples and no cycles: garbage collection would take a tenth of an import
    try:
        for outcome in outcomes:
            importer.take(outcome)
        importer.finish()
    finally:
        if was_on:
            gc.enable()
    report.new_usage = importer.new_usage
    report.notes.extend(importer.notes)
    return claims


def _is_digest_of(path: str, folders: list[str]) -> bool:
    return any(one.startswith(DIGEST) for one in folders) and digest_of(path) in folders


def _history_moved(ledger: Ledger, here: CloneState | None) -> bool:
    """Whether git's history has changed in a way that affects usage in the ledger."""
    clones, known = {one.id: one for one in repositories(ledger)}, worktrees(ledger)
    if any(moved_stamp(one, clones[one.repository]) for one in known):
        return True
    outside = directories_without_worktree(ledger)
    named = named_worktrees(known, clones, here) if outside else {}
    # A folder that a log names by a digest cannot be looked up, only recognised when somebody asks about it.
    if here and _is_digest_of(here.worktree.path, outside) and is_counted(here.worktree, named):
        return True
    folders = [path for path in outside if os.path.isabs(path)]
    if any(find_worktree(path) is not None or named_around(path, named) is not None for path in folders):
        return True
    if here is None or any(one.common_dir == here.worktree.common_dir for one in clones.values()):
        return False  # the worktrees of a known clone were checked when the folder was imported
    return any(gone_worktree(path, linked_worktrees(here.worktree.common_dir)) is not None for path in folders)
