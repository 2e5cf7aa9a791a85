"""The branches that a user may name: existing ones, and deleted ones with usage."""

from pathlib import Path

from tokcost.ledger.open import open_for_reading
from tokcost.ledger.places import branches_seen
from tokcost.repo.refs import local_branches
from tokcost.repo.worktree import find_worktree
from tokcost.usage.known_worktrees import repository_of


def branch_names(home: Path, cwd: Path) -> list[str]:
    """All branches of the repository around a folder, in order; none outside a repository."""
    here = find_worktree(str(cwd))
    if here is None:
        return []
    found = set(local_branches(here.common_dir) or {})
    ledger = open_for_reading(home)
    if ledger is not None:
        with ledger:
            found.update(branches_seen(ledger, repository_of(ledger, here).id))
    return sorted(found)
