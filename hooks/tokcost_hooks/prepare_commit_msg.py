"""prepare-commit-msg: puts the line of what the branch has spent into the message."""

from collections.abc import Mapping
from pathlib import Path

from tokcost.repo.worktree import Worktree
from tokcost.services.committing import prepare


def run(home: Path, environ: Mapping[str, str], worktree: Worktree, arguments: list[str]) -> None:
    """Called as git calls the hook (githooks(5)): the message file, where the message comes from, and a commit."""
    path, source, commit = (*arguments, "", "")[:3]
    prepare(home, environ, worktree, path, (source, commit))
