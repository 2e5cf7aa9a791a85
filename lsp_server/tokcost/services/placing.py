"""From a working directory and a time to a repository, a worktree and a branch.

The ledger remembers every directory, worktree and repository it has seen, so that usage is still placed when a
worktree was deleted or a clone moved. What git's history says later (a branch created from this one, a rename) is
followed as it happens.
"""

import os
from collections.abc import Iterable
from typing import NamedTuple

from tokcost.attribution.branch import Timeline, commits_before, place
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
from tokcost.ledger.rows import Stored
from tokcost.model.logs import WorktreeOrigin
from tokcost.model.place import UNKNOWN, BranchPlace
from tokcost.model.usage import Usage
from tokcost.repo.timeline import read_timeline, timeline_stamp
from tokcost.repo.worktree import Worktree, find_worktree, repository_fingerprint


class Where(NamedTuple):
    """Where a usage belongs. `root` is the path of the repository's main worktree, empty outside repositories."""

    repository: int | None
    worktree: int | None
    root: str
    place: BranchPlace


NOWHERE = Where(None, None, "", UNKNOWN)
