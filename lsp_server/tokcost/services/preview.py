"""Shows what the next commit would carry, before anything is written."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tokcost.claims.pending import pending_on
from tokcost.claims.propose import Message, propose
from tokcost.claims.refresh_carriers import follow_carriers, needs_refresh
from tokcost.ledger.claims import names_known
from tokcost.ledger.open import BUSY_SECONDS, open_ledger
from tokcost.model.claims import Terms, Worth
from tokcost.model.trailer import Line
from tokcost.model.worktree import Worktree
from tokcost.policy.clone_state import read_state
from tokcost.services.refresh import refresh
from tokcost.usage.known_worktrees import repository_of

SUBJECT = "Subject of the commit"


class Preview(NamedTuple):
    """The lines that the next commit on this branch would carry."""

    branch: str | None
    """The branch; `None` for a detached HEAD, whose commits carry nothing."""
    lines: tuple[Line, ...]
    fresh: frozenset[str]
    """Placeholder ids; the real ids are drawn at the commit."""
    pending: Worth
    """The usage behind the lines."""
    estimated: Worth = Worth(0, 0, 0, ())
    """The usage that stays pending, because its counts are estimated."""


def preview(home: Path, environ: Mapping[str, str], worktree: Worktree, terms: Terms) -> Preview:
    """The lines of the next commit, after new usage in the logs was read. Everything that a commit would do is done,
    and rolled back. Raises `TokcostError`."""
    refresh(home, environ, here=read_state(worktree))
    return look_ahead(home, worktree, terms)


def look_ahead(home: Path, worktree: Worktree, terms: Terms, *, busy_seconds: float = BUSY_SECONDS) -> Preview:
    """The lines of the next commit according to the ledger as it is, without reading new logs. Raises
    `TokcostError`."""
    branch = read_state(worktree).branch
    nothing = Preview(branch, (), frozenset(), Worth(0, 0, 0, ()))
    if branch is None:
        return nothing
    with open_ledger(home, busy_seconds=busy_seconds) as ledger:
        repository = repository_of(ledger, worktree).id
        if repository < 0:
            return nothing
        # Not in the transaction: a commit that is made meanwhile would not get its line.
        if needs_refresh(ledger, repository, worktree.common_dir):
            follow_carriers(ledger, repository, worktree.common_dir)
        pending = pending_on(ledger, repository, branch, terms.estimates)
        try:
            with ledger.transaction():
                message = Message(f"{SUBJECT}\n", "commit")
                # An exception is how a transaction is rolled back.
                raise _TakenBack(propose(ledger, repository, branch, message, terms).lines)
        except _TakenBack as done:
            known = {line.id for line in done.lines if line.version > 1} | names_known(
                ledger, [line.id for line in done.lines]
            )
            fresh = frozenset(line.id for line in done.lines) - known
            return Preview(branch, done.lines, fresh, pending.taken, pending.left)


class _TakenBack(Exception):
    def __init__(self, lines: tuple[Line, ...]) -> None:
        super().__init__()
        self.lines = lines
