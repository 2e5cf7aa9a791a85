"""A clone that something of ours is put into, remembered in the ledger: `tokcost uninstall` finds it again, whether
anything is ever spent in it or not."""

from contextlib import suppress
from pathlib import Path

from tokcost.errors import TokcostError
from tokcost.ledger.open import open_ledger
from tokcost.model.worktree import Worktree
from tokcost.usage.known_worktrees import move_here, record_clone

_BUSY_SECONDS = 1.0


def remember_clone(home: Path, worktree: Worktree) -> None:
    """Have the ledger know the clone of a worktree; one that cannot be written now hears of it by the first usage."""
    with suppress(TokcostError), open_ledger(home, busy_seconds=_BUSY_SECONDS) as ledger, ledger.transaction():
        # Before the clone is recorded: a renamed one would otherwise be recorded as another clone.
        move_here(ledger, worktree)
        record_clone(ledger, worktree)
