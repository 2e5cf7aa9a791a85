"""The budget check of a commit, for git's pre-commit hook and for scripts."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tokcost.errors import TokcostError
from tokcost.ledger.open import Ledger
from tokcost.model.status import Status
from tokcost.model.worktree import CloneState
from tokcost.policy.budgets import read_budgets
from tokcost.policy.clone_state import may_have_rules
from tokcost.settings import is_switched_off

_BUSY_SECONDS = 0.05
"""The time to wait for the ledger, for each of the two writes."""
_GIT_SECONDS = 1.0


class Checked(NamedTuple):
    """The state of the budgets after all logs were read."""

    status: Status
    notes: tuple[str, ...] = ()
    """The reasons why the figures may be out of date. Missing usage never makes a budget look worse than it is."""
    is_current: bool = True
    """Whether new usage could be read at all."""
    is_verbose: bool = False
    """Whether to print a line even if no budget is near."""


def asks_to_block(here: CloneState) -> bool:
    """Whether the repository asks commits to stop when over budget; only the developer can agree."""
    return read_budgets(here, here.branch).asks_to_block


def check_commit(home: Path, environ: Mapping[str, str], here: CloneState) -> Checked | None:
    """The check for a commit that is being made.

    `None` if there is nothing to check: no budget and no rule, `TOKCOST=off`, or a rebase, cherry-pick or revert, which
    spend nothing new. Raises `TokcostError`.
    """
    if is_switched_off(environ):
        return None
    budgets, operation = read_budgets(here, here.branch), here.operation
    has_budget = budgets.problems or any(one.limit is not None for one in budgets.found)
    if not (has_budget or may_have_rules(home, here)) or operation.rebasing or operation.copying:
        return None
    checked = check(home, environ, here, busy_seconds=_BUSY_SECONDS, git_seconds=_GIT_SECONDS)
    return checked._replace(is_verbose=budgets.is_verbose)


def keep_said(environ: Mapping[str, str], here: CloneState, said: Sequence[str], *, stopped: bool) -> None:
    """Keep what a check printed at a commit, for an editor to show. A failure to keep it is ignored."""
    from tokcost.claims.commit_notes import CommitSaid, note_said
    from tokcost.claims.notes_folder import notes_folder_of_hook
    from tokcost.reports.text import escape

    with suppress(OSError, TokcostError):
        text = escape("; ".join(said))
        note_said(notes_folder_of_hook(environ, here.worktree), CommitSaid(stopped, text, time.time_ns() // 1_000_000))


def check(
    home: Path, environ: Mapping[str, str], here: CloneState, *, busy_seconds: float = 60.0, git_seconds: float = 60.0
) -> Checked:
    """Read what is new in the logs and in this repository's commits, then check.

    `busy_seconds` is the time to wait for another process that holds the ledger, `git_seconds` the time that git may
    take. Raises `TokcostError`.
    """
    from tokcost.services.read_status import status_in
    from tokcost.services.refresh import How, open_or_show  # a commit without a budget need not import the readers

    ledger, report = open_or_show(home, environ, here, How(follow=False, busy_seconds=busy_seconds, leave_open=True))
    with ledger:
        _read_carriers(ledger, here, git_seconds)
        return Checked(status_in(ledger, home, here), tuple(report.notes), report.is_current)


def _read_carriers(ledger: Ledger, here: CloneState, git_seconds: float) -> None:
    """Read which usage commits carry: it is no longer pending."""
    from tokcost.claims.refresh_carriers import follow_carriers, needs_refresh
    from tokcost.usage.known_worktrees import repository_of

    repository = repository_of(ledger, here.worktree).id
    # Mostly no ref has moved, and then no write lock is taken for which others would wait.
    if repository >= 0 and needs_refresh(ledger, repository, here.worktree.common_dir, here, seconds=git_seconds):
        follow_carriers(ledger, repository, here.worktree.common_dir, here, seconds=git_seconds)
