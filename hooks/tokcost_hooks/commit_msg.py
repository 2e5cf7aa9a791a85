"""commit-msg: an empty message stays empty, so that git makes no commit of it."""

from collections.abc import Mapping
from pathlib import Path

from tokcost.repo.worktree import Worktree
from tokcost.services.committing import check_untouched


def run(home: Path, environ: Mapping[str, str], worktree: Worktree, arguments: list[str]) -> None:  # noqa: ARG001
    """Called with the message file."""
    check_untouched(worktree, arguments[0])
