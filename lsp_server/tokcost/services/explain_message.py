"""The figures behind the lines in a commit message that is open in an editor."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tokcost.claims.commit_notes import read_proposal
from tokcost.claims.notes_folder import notes_folder
from tokcost.claims.pending import Pending, pending_on
from tokcost.ledger.claims import claims_named, holds_estimates, line_of, worth_of
from tokcost.ledger.open import Ledger, open_for_reading
from tokcost.model.claims import Worth
from tokcost.model.trailer import Line, read_token
from tokcost.model.worktree import Worktree
from tokcost.policy.clone_state import takes_estimates
from tokcost.repo.config import read_config
from tokcost.repo.head import read_head
from tokcost.usage.known_worktrees import repository_of


class Known(NamedTuple):
    """A claim of this clone, with its exact worth."""

    worth: Worth
    newest: int
    """Its newest version, to which `worth` belongs."""
    said: Line | None
    """The line of that version as it was claimed; a line edited by hand differs from it."""


class MessageState(NamedTuple):
    """The message-related state of a commit that is being made."""

    branch: str | None
    pending: Worth
    """The usage that no claim holds and that a commit would carry: it arrived after the hook wrote its lines, or no
    hook ran."""
    proposed: tuple[Line, ...]
    """The lines that the hook claimed for exactly this commit, whether they are in the message or not."""
    known: dict[str, Known]
    """The lines asked for that are claims of this clone, by id and version."""
    estimated: Worth = Worth(0, 0, 0, ())
    """The usage that no claim holds and no commit carries, because its counts are estimated."""


def draft(home: Path, worktree: Worktree, lines: Sequence[Line]) -> MessageState:
    """The state of the commit being made in a worktree, and of the lines in its message."""
    branch = read_head(worktree).branch
    takes = takes_estimates(read_config(worktree.common_dir))
    ledger = open_for_reading(home)
    if ledger is None:
        return MessageState(branch, Worth(0, 0, 0, ()), (), {})
    with ledger:
        repository = repository_of(ledger, worktree).id
        pending = pending_on(ledger, repository, branch, takes) if branch is not None else Pending()
        known = {line.token: found for line in lines if (found := _known(ledger, repository, line.id, line.version))}
        proposed = _proposed(ledger, repository, notes_folder(worktree))
        return MessageState(branch, pending.taken, proposed, known, pending.left)


def proposed(home: Path, worktree: Worktree) -> tuple[Line, ...]:
    """The lines that the hook claimed for exactly the commit that is being made in a worktree."""
    ledger = open_for_reading(home)
    if ledger is None:
        return ()
    with ledger:
        return _proposed(ledger, repository_of(ledger, worktree).id, notes_folder(worktree))


def _known(ledger: Ledger, repository: int, name: str, version: int) -> Known | None:
    for claim in claims_named(ledger, repository, [name]):
        worth = worth_of(ledger, claim.id)._replace(has_estimates=holds_estimates(ledger, claim.id))
        return Known(worth, claim.version, line_of(ledger, claim.id, version))
    return None


def _proposed(ledger: Ledger, repository: int, folder: str) -> tuple[Line, ...]:
    # The hook after a commit takes this note away, so it is about the commit that is being made.
    noted = read_proposal(folder)
    found: list[Line] = []
    for token in noted.tokens if noted else ():
        name, version = read_token(token)
        known = _known(ledger, repository, name, version)
        if known is not None and known.said is not None:
            found.append(known.said)
    return tuple(found)
