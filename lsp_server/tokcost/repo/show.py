"""One commit with its changes, as shown by git."""

import os

from tokcost.model.worktree import Worktree
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.run import stream_git

MOST_SHOWN = 1 << 22
"""The maximum size of a commit's text; the rest is left out, and the text says so."""


def show_commit(worktree: Worktree, commit: str, seconds: float = 10.0) -> str:
    """A commit, named by its id, with its changes (a merge is compared with its first parent). Raises `GitFailed` if
    the repository lacks it, `GitTooSlow` after `seconds`."""
    args = ["show", "--no-color", "--no-notes", "--stat", "--patch", "--diff-merges=first-parent"]
    # The commit is a word of a client, and must not be read as an option.
    args += ["--end-of-options", commit]
    found, size = list[bytes](), 0
    for line in stream_git(args, git_folder(worktree), seconds=seconds):
        size += len(line) + 1
        if size > MOST_SHOWN:
            found.append(b"(the rest is left out)")
            break
        found.append(line)
    return "\n".join(os.fsdecode(line) for line in found) + "\n"
