"""Shows a commit that carries a line."""

import re

from tokcost.errors import UsageError
from tokcost.model.worktree import Worktree
from tokcost.repo import show

_ID = re.compile("[0-9a-f]{7,64}")


def show_commit(worktree: Worktree, commit: str) -> str:
    """The text of a commit with its changes. Raises `UsageError` for an invalid id, `EnvironmentProblem` if git
    cannot show it."""
    # A client sends this text, and git would take `--output=FILE` for an option.
    if not _ID.fullmatch(commit):
        raise UsageError("no commit is named", "Pass `commit`: the id of one.")
    return show.show_commit(worktree, commit)
