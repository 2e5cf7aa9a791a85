"""`tokcost purge`: deletes usage for good, from the ledger and from everything else that was written about it.

The order makes every moment safe. With the ledger locked, hashes of the usage are recorded first, so that no import
brings it back. Then the clones' journals and notes forget it, then the ledger does, in one transaction; copies and free
pages go last. A process killed in between loses nothing else, and the same command completes the purge.
"""

import os
from collections.abc import Generator, Iterable, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tokcost.claims import claim_journal
from tokcost.claims.commit_notes import forget_purged
from tokcost.claims.notes_folder import notes_folders
from tokcost.errors import UsageError, of_file, require_name
from tokcost.ledger.backup import back_up, backups
from tokcost.ledger.claims import has_claims, names_known
from tokcost.ledger.history_cache import FILE_NAME as HISTORY
from tokcost.ledger.open import FILE_NAME, Ledger, open_ledger
from tokcost.ledger.places import (
    KnownRepository,
    branches_seen,
    is_aside,
    last_seen,
    repositories,
    shown_path,
    worktrees,
)
from tokcost.ledger.purge_record import PurgeRecord, open_purge_record
from tokcost.ledger.purging import (
    branches_left_empty,
    choose,
    claims_of_chosen,
    delete_chosen,
    forget_repositories,
    own_session_names,
    purging,
    record_chosen,
    repositories_of_chosen,
    scrub,
)
from tokcost.model.purge import Purged, PurgeScope
from tokcost.model.received import OTEL
from tokcost.model.session_ids import session_meant
from tokcost.receivers import store
from tokcost.repo.worktree import find_worktree, linked_git_dirs
from tokcost.services.look_at_clone import find_here, no_worktree
from tokcost.services.rescue import rescued
from tokcost.settings import REPORTS_FOLDER
from tokcost.usage import assignment_journal

_COPIES = (
    *("ledger.damaged-*", "ledger.left.wal", "ledger.rescued-*", "ledger.salvage*", "crash-*.txt"),
    f"{REPORTS_FOLDER}/*",
)
"""Copies of the ledger, complete or partial, error logs, and reports shown in an editor, from which single records
cannot be removed."""
_BUSY_SECONDS = 60.0


class PurgeConditions(NamedTuple):
    """The conditions as the user entered them."""

    before_ms: int | None = None
    repository: str | None = None
    branch: str | None = None
    session: str | None = None
    assistant: str | None = None
    all: bool = False


class Done(NamedTuple):
    """The result of a purge."""

    purged: Purged
    is_clean: bool
    """Whether SQLite's WAL could be emptied: another process may have been reading."""
    removed: tuple[str, ...] = ()
    """Names of the copies of the ledger that were removed."""
    problems: tuple[str, ...] = ()
    """Sentences about files from which nothing could be removed."""
    missing: tuple[str, ...] = ()
    """Clones that are no longer in their place and had claims on the purged usage: a moved clone still has its
    journal."""


def preview_purge(home: Path, cwd: Path, asked: PurgeConditions) -> Purged:
    """The usage that would be deleted. Raises `UsageError`, and `NotARepository` if a branch is named outside a
    repository."""
    _require_conditions(asked)
    found = Purged()
    if (home / FILE_NAME).exists():
        found = rescued(home, lambda: _choose(home, cwd, asked))
    if not found.usage:
        _require_reader(asked.assistant)
    return found


def _choose(home: Path, cwd: Path, asked: PurgeConditions) -> Purged:
    with open_ledger(home) as ledger:
        meant = _meant(ledger, cwd, asked)
        return choose(ledger, _scope(ledger, cwd, asked, meant))._replace(**_told_of(ledger, asked, meant))


def purge(home: Path, cwd: Path, asked: PurgeConditions) -> Done:
    """Delete the usage. Repeating it has no further effect. A damaged ledger is rescued first. Raises as
    `preview_purge`, and `LedgerUnavailable` if the ledger is in use."""
    _require_conditions(asked)
    problems, missing = list[str](), list[str]()
    purged, is_clean, here = Purged(), True, find_here(cwd)
    record = open_purge_record(home, makes=(home / FILE_NAME).exists())
    if record is not None:
        with record:
            if (home / FILE_NAME).exists():
                purged = rescued(home, lambda: _in_ledger(home, cwd, asked, record, problems, missing))
            if here is not None:  # a clone that was moved is none that the ledger knows
                _purge_journals([here.common_dir], record, problems)
            _purge_files(home, record, problems)
    # Before they are removed: a user without backups gets none from a purge.
    had_backups = bool(backups(home))
    removed = _remove_copies(home, problems)
    if (home / FILE_NAME).exists():
        with open_ledger(home, busy_seconds=_BUSY_SECONDS) as ledger:
            # Deleted rows are still in free pages and in the WAL.
            is_clean = scrub(ledger)
        if had_backups:
            back_up(home)
    return Done(purged, is_clean, tuple(removed), tuple(dict.fromkeys(problems)), tuple(missing))


def _in_ledger(
    home: Path, cwd: Path, asked: PurgeConditions, record: PurgeRecord, problems: list[str], missing: list[str]
) -> Purged:
    with open_ledger(home, busy_seconds=_BUSY_SECONDS) as ledger:
        meant = _meant(ledger, cwd, asked)
        told, scope = _told_of(ledger, asked, meant), _scope(ledger, cwd, asked, meant)
        return _purge_ledger(ledger, record, scope, problems, missing)._replace(**told)


def _purge_ledger(
    ledger: Ledger, record: PurgeRecord, scope: PurgeScope, problems: list[str], missing: list[str]
) -> Purged:
    with purging(ledger):
        purged, everything = choose(ledger, scope), scope == PurgeScope()
        known, held = repositories(ledger), claims_of_chosen(ledger)
        touched = {one.id for one in known} if everything else set(repositories_of_chosen(ledger))
        clones = [one.common_dir for one in known]
        gone = [one for one in known if one.id in touched and not os.path.isdir(one.common_dir)]
        missing += [shown_path(one) for one in gone if has_claims(ledger, one.id)]
        # From here on no import brings the usage back, whenever this process ends.
        record_chosen(ledger, record)
        _purge_journals(clones, record, problems)
        delete_chosen(ledger, record, everything=everything)
        # A claim that keeps other usage still exists, and its notes are needed.
        held -= names_known(ledger, held)
        notes = [
            _NotesOf(one.common_dir, held, _empty_branches(ledger, one.id, everything))
            for one in known
            if one.id in touched
        ]
        _purge_notes(notes, problems)
        if not problems:  # the next attempt must find the clone again
            forget_repositories(ledger, sorted(touched))
        for one in repositories(ledger):
            claim_journal.reread_after_purge(ledger, one.id)
    _purge_journals(clones, record, problems)  # a hook writes there when its transaction is over
    _purge_notes(notes, problems)
    return purged


class _NotesOf(NamedTuple):
    """A clone, and the words that its notes must not have any more."""

    common_dir: str
    claims: Set[str]
    branches: Set[str] | None
    """Branches on which nothing is left; `None` for all of them."""


def _empty_branches(ledger: Ledger, repository: int, everything: bool) -> Set[str] | None:
    return None if everything else {name for one, name in branches_left_empty(ledger) if one == repository}


def _purge_notes(notes: list[_NotesOf], problems: list[str]) -> None:
    for common_dir, claims, branches in notes:
        for git_dir in (common_dir, *linked_git_dirs(common_dir)):
            for folder in notes_folders(git_dir):
                with _told(problems, folder):
                    forget_purged(folder, claims, lambda name, of=branches: of is None or name in of)


def _purge_journals(clones: list[str], record: PurgeRecord, problems: list[str]) -> None:
    for common_dir in clones:
        with _told(problems, common_dir):
            claim_journal.purge(common_dir, record.usage_among)


def _purge_files(home: Path, record: PurgeRecord, problems: list[str]) -> None:
    def is_purged(assistant: str, session: str, number: str) -> bool:
        # If a session has a log, its received responses do not count.
        return bool(record.usage_among([(OTEL, number)]) or record.sessions_among([(assistant, session)]))

    with _told(problems, assignment_journal.FILE):
        assignment_journal.purge(home, record.usage_among)
    with _told(problems, store.NAME):
        store.purge(home, is_purged)


@contextmanager
def _told(problems: list[str], what: str, done: str = "written") -> Generator[None]:
    """Record an error of the file system instead of raising it, so that everything else is purged."""
    try:
        yield
    except OSError as error:
        problems.append(of_file(what, f"cannot be {done}", error).told)


def _remove_copies(home: Path, problems: list[str]) -> list[str]:
    """Remove the copies; the names of those that were there."""
    found = [*backups(home), *home.glob("ledger.backup.new*"), *(path for one in _COPIES for path in home.glob(one))]
    removed = list[str]()
    for path in found:
        with _told(problems, str(path), "removed"), suppress(FileNotFoundError):
            path.unlink()
            removed.append(path.name)
    return removed


def _require_conditions(asked: PurgeConditions) -> None:
    for option, name in asked._asdict().items():
        if isinstance(name, str):
            require_name(f"--{option}", name)
    given = any(one is not None for one in asked[:-1])
    if asked.all and given:
        raise UsageError("--all selects everything, so it cannot be used with a condition", "Leave one of them out.")
    if not (asked.all or given):
        raise UsageError(
            "no usage is selected, so nothing was deleted",
            "Select some with --before, --repository, --branch, --session or --assistant, or use --all.",
        )


class _Meant(NamedTuple):
    """The repositories that the user's conditions name."""

    found: tuple[KnownRepository, ...]
    beside: tuple[KnownRepository, ...] = ()
    """Those that the one around the current folder has replaced, which is meant alone."""


def _meant(ledger: Ledger, cwd: Path, asked: PurgeConditions) -> _Meant | None:
    """The repositories that are meant; `None` for all. Raises `NotARepository` if a branch is named outside one."""
    if asked.repository is not None:
        return _Meant(_repositories_at(ledger, _directory(cwd, asked.repository)))
    if asked.branch is None:
        return None
    here = find_here(cwd)
    if here is None:
        raise no_worktree(cwd, "Change to the clone of that branch, or name it with --repository.")
    at = [one for one in repositories(ledger) if last_seen(one).common_dir == here.common_dir]
    return _Meant(tuple(one for one in at if not is_aside(one)), tuple(filter(is_aside, at)))


def _told_of(ledger: Ledger, asked: PurgeConditions, meant: _Meant | None) -> dict[str, tuple[str, ...]]:
    """The fields of `Purged` about repositories that others have replaced."""
    if meant is None:
        return {}
    beside = [one for one in meant.beside if asked.branch in branches_seen(ledger, one.id)]
    return {"replaced": _paths(filter(is_aside, meant.found)), "beside": _paths(beside)}


def _paths(aside: Iterable[KnownRepository]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(last_seen(one).root for one in aside))


def _directory(cwd: Path, named: str) -> str:
    return str(Path(cwd, named).expanduser().absolute())


def _scope(ledger: Ledger, cwd: Path, asked: PurgeConditions, meant: _Meant | None) -> PurgeScope:
    numbers = None if meant is None else tuple(one.id for one in meant.found)
    directory = None if asked.repository is None else _directory(cwd, asked.repository)
    return PurgeScope(
        asked.before_ms, numbers, directory, asked.branch, _session(ledger, asked.session), asked.assistant
    )


def _require_reader(name: str | None) -> None:
    """Raises `UsageError` for a misspelt assistant: nothing would be deleted, as if there had been nothing."""
    from tokcost.readers.registry import readers

    known = {reader.name for reader in readers()}
    if name is not None and name not in known:
        raise UsageError(f"--assistant: no assistant is called {name}", f"Known are {', '.join(sorted(known))}.")


def _repositories_at(ledger: Ledger, path: str) -> tuple[KnownRepository, ...]:
    """The repository at a path, which may no longer exist, and those whose place there another one has taken."""
    there, paths = find_worktree(path), {path, os.path.realpath(path)}
    common = {there.common_dir} if there else {one for path in paths for one in (path, os.path.join(path, ".git"))}

    def is_at(one: KnownRepository) -> bool:
        return one.common_dir in common or (there is None and one.root in paths)

    known = repositories(ledger)
    at = [one for one in known if is_at(one)][:1]
    if not at and there is None:
        around = {one.repository for one in worktrees(ledger) if one.path in paths}
        at = [one for one in known if one.id in around][:1]
    return (*at, *(one for one in known if is_aside(one) and one not in at and is_at(last_seen(one))))


def _session(ledger: Ledger, beginning: str | None) -> str | None:
    """The complete id of a session. Raises `UsageError` if several begin like this."""
    if beginning is None:
        return None
    return session_meant(own_session_names(ledger, beginning), beginning) or beginning


def forget_history(cache: Path) -> None:
    """Remove the cache of histories; it is created again from git. Raises `EnvironmentProblem`."""
    # A WAL that is left can be taken for that of the next file of this name (sqlite.org/howtocorrupt.html).
    for suffix in ("", "-wal", "-shm", "-journal"):
        path = cache / f"{HISTORY}{suffix}"
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise of_file(path, "cannot be removed", error) from error
