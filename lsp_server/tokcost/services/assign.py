"""Moving usage by hand. An assignment overrides all other evidence and is remembered."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tokcost.errors import UsageError, of_file
from tokcost.ledger.open import Ledger, open_ledger
from tokcost.ledger.places import (
    record_assignment,
    record_worktree,
    replace_place,
    select_usage,
)
from tokcost.ledger.rollup import Rollup
from tokcost.ledger.rows import Entry, Stored
from tokcost.model.place import BranchPlace
from tokcost.model.selection import Selection
from tokcost.model.session_ids import session_meant
from tokcost.model.worktree import Worktree
from tokcost.repo.refs import local_branches
from tokcost.reports.amounts import Marks
from tokcost.services.look_at_clone import find_here, no_worktree
from tokcost.usage import assignment_journal
from tokcost.usage.known_worktrees import move_here, record_clone


class Assigned(NamedTuple):
    """The usage that was, or would be, moved. The amount is in nano-dollars."""

    usage: int
    tokens: int
    list_cost: int
    marks: Marks
    """The marks that qualify the amount."""
    from_branches: tuple[str, ...]


def assign(home: Path, cwd: Path, branch: str, selection: Selection, *, dry_run: bool) -> Assigned:
    """Assign usage to a branch of the repository around `cwd`. Raises `NotARepository`, and `UsageError` for a
    selection of everything or of nothing, and for an unknown branch."""
    here = find_here(cwd)
    if here is None:
        raise no_worktree(cwd, "Change to the repository of that branch.")
    if selection == Selection() or selection.session == "":
        raise UsageError(
            "no usage is named", "Select some with --from, --unplaced, --session, --directory, --since or --until."
        )
    with open_ledger(home) as ledger, ledger.transaction():
        # A branch may be assigned to before anything was ever spent in its clone.
        repository, worktree = _here(ledger, here)
        _require_branch(ledger, here, repository, branch)
        found = _of_one_session(select_usage(ledger, repository, selection), selection.session)
        # Repeating an assignment moves nothing, and must not be counted as moved.
        chosen = [one for one in found if one.entry.place.branch != branch]
        if not chosen:
            raise UsageError(
                "no usage matches all of these options", "`tokcost log` lists the usage; omit one of the options."
            )
        if not dry_run:
            _move(ledger, chosen, branch, repository, worktree)
            what = json.dumps(selection._asdict())
            record_assignment(ledger, time.time_ns() // 1_000_000, what, branch, len(chosen))
            _remember(home, here, branch, chosen)
    entries = [one.entry for one in chosen]
    return Assigned(
        len(chosen),
        sum(entry.usage.tokens.total for entry in entries),
        sum(entry.list_cost or 0 for entry in entries),
        _marks(entries),
        tuple(sorted({entry.place.branch or "(no branch)" for entry in entries})),
    )


def _marks(entries: Sequence[Entry]) -> Marks:
    return Marks(
        sum(one.usage.tokens.total for one in entries if one.list_cost is None),
        sum(one.usage.estimated for one in entries),
        sum(one.usage.lower_bound for one in entries),
        sum(one.usage.kind == "partial" for one in entries),
    )


def _of_one_session(found: list[Stored], named: str | None) -> list[Stored]:
    """The usage of the one session whose id begins as given. Raises `UsageError` if there are several: their usage
    rarely belongs to one branch."""
    if named is None:
        return found
    session = session_meant((one.entry.usage.session for one in found), named)
    return [one for one in found if one.entry.usage.session == session]


def _remember(home: Path, here: Worktree, branch: str, chosen: list[Stored]) -> None:
    """Record the assignment in the journal, which survives a lost ledger. This comes before the confirmation, so
    that no confirmed assignment can be lost. Raises `EnvironmentProblem`."""
    target = assignment_journal.Target(here.common_dir, here.path, branch)
    usage = [(one.entry.usage.assistant, one.entry.usage.key) for one in chosen]
    try:
        assignment_journal.write(home, target, usage)
    except OSError as error:
        path = os.path.join(home, assignment_journal.FILE)
        raise of_file(path, "cannot be written", error) from error


def _here(ledger: Ledger, here: Worktree) -> tuple[int, int]:
    move_here(ledger, here)
    repository = record_clone(ledger, here)
    return repository, record_worktree(ledger, repository, here.path, here.git_dir)


def _require_branch(ledger: Ledger, here: Worktree, repository: int, branch: str) -> None:
    """A branch that exists, or a deleted one that has usage."""
    if branch in (local_branches(here.common_dir) or {}):
        return
    if not select_usage(ledger, repository, Selection(from_branch=branch)):
        raise UsageError(f"there is no branch {branch} here", "`git branch` lists them.")


def _move(ledger: Ledger, chosen: list[Stored], branch: str, repository: int, worktree: int) -> None:
    rollup = Rollup()
    for one in chosen:
        place = BranchPlace(branch, "assigned")
        replace_place(ledger, one, one.entry.worktree or worktree, repository, place, rollup)
    rollup.apply(ledger)
