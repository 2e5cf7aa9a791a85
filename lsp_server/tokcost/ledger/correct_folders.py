"""Corrects the folders of clones in a salvaged ledger: a damaged text is often still a text.

No check of SQLite sees that. A clone's folder stands in its own row and in those of its worktrees, and the disk says
which of them is damaged: all usage of the clone would be in no repository otherwise.
"""

import os
import sqlite3

from tokcost.ledger.paths import from_stored, to_stored
from tokcost.ledger.places import KnownRepository, is_aside

_LINKED = f"{os.sep}worktrees{os.sep}"


def correct_folders(connection: sqlite3.Connection) -> None:
    """Give each clone whose folder is nowhere the one in which its worktrees have their git folders, if that is there
    and belongs to no other clone. Runs in the caller's transaction."""
    rows = connection.execute(
        "SELECT DISTINCT repository.id, common_dir, root, git_dir FROM repository JOIN worktree"
        " ON worktree.repository = repository.id WHERE git_dir IS NOT NULL ORDER BY repository.id, length(git_dir)"
    )
    for number, common_dir, root, git_dir in rows.fetchall():
        if is_aside(KnownRepository(number, common_dir, root, "")) or os.path.exists(from_stored(common_dir)):
            continue
        there = from_stored(git_dir).partition(_LINKED)[0]
        if os.path.isdir(there):
            main = os.path.dirname(there) if os.path.basename(there) == ".git" else there
            # The fingerprint stands beside the damaged text. Without one, the next look takes that of the disk.
            connection.execute(
                "UPDATE OR IGNORE repository SET common_dir = ?, root = ?, fingerprint = NULL WHERE id = ?",
                (to_stored(there), to_stored(main), number),
            )
