"""A clone that was made again in the place of another one, and is found beside it: each gets what was spent in it."""

from tokcost.ledger.open import Ledger
from tokcost.ledger.part_repository import part_repository
from tokcost.ledger.places import (
    KnownRepository,
    rebind_directories,
    record_fingerprint,
    record_repository,
    record_worktree,
    worktrees,
)
from tokcost.model.worktree import Worktree
from tokcost.repo.worktree import find_worktree, linked_worktrees, repository_fingerprint
from tokcost.usage.same_project import ANEW


def part(ledger: Ledger, older: KnownRepository, here: Worktree, since_ms: int) -> None:
    """Record the clone of a worktree as another one than the older clone, whose present place is known, and with it
    what was spent there since it was made. Runs in the caller's transaction."""
    number = record_repository(ledger, here.common_dir, here.root, repository_fingerprint(here.common_dir))
    later = KnownRepository(number, here.common_dir, here.root, "")
    tokens = [token for token in older.fingerprint.split() if not token.startswith(ANEW)]
    record_fingerprint(ledger, older.id, " ".join(tokens))
    part_repository(ledger, older, later, since_ms, _instead(ledger, older, here, number))


def _instead(ledger: Ledger, older: KnownRepository, here: Worktree, number: int) -> dict[int, int]:
    """The worktrees of the older clone, by row id, in whose place a worktree of the other one is; the main one counts
    as in the place of the main one."""
    before = {one.path: one for one in worktrees(ledger) if one.repository == older.id}
    main = find_worktree(here.root)
    if main is not None and (main.common_dir != here.common_dir or main.is_linked):
        main = None
    found: dict[int, int] = {}
    for one in (*([main] if main else []), *linked_worktrees(here.common_dir)):
        row = before.get(one.path)
        if row is None and one is not main:
            continue
        new = record_worktree(ledger, number, one.path, one.git_dir)
        if one is main:
            found |= {other.id: new for other in before.values() if other.git_dir == older.common_dir}
        if row is not None:
            found[row.id] = new
            rebind_directories(ledger, row.id, new)
    return found
