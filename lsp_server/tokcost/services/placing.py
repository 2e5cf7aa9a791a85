"""From a working directory and a time to a repository, a worktree and a branch; remembers what is gone by the next time."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.places import (
    KnownRepository,
    KnownWorktree,
    bind_directory,
    bound_directories,
    directories_without_worktree,
    move_repository,
    note_placed,
    record_origin,
    record_repository,
    record_worktree,
    replace_place,
    repositories,
    usage_in_directory,
    usage_in_worktree,
    worktrees,
)
from tokcost.ledger.rollup import Rollup
from tokcost.model.logs import WorktreeOrigin
from tokcost.model.place import UNKNOWN, BranchPlace
from tokcost.model.usage import Usage


class Where(NamedTuple):
    """Where a usage belongs. `root` is the path of the repository's main worktree, empty outside repositories."""

    repository: int | None
    worktree: int | None
    root: str
    place: BranchPlace
