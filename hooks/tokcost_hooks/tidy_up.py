"""No hook of git: what hooks leave to a process that nobody waits for."""

from collections.abc import Mapping
from pathlib import Path

from tokcost.ledger.open import has_much_left, write_back
from tokcost.repo.worktree import Worktree


def run(home: Path, environ: Mapping[str, str], worktree: Worktree, arguments: list[str]) -> None:  # noqa: ARG001
    """Write back what processes left of the ledger that could not wait for the disk."""
    if has_much_left(home):
        write_back(home)
