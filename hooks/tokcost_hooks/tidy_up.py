"""No hook of git: what hooks leave to a process that nobody waits for."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from tokcost.ledger.open import has_much_left, write_back
from tokcost.repo.worktree import Worktree
from tokcost.services.ingest import refresh
from tokcost.services.rescue import rescued
from tokcost_hooks.bundling import complete

_USUAL = (
    "tokcost_hooks.prepare_commit_msg",
    "tokcost.services.importing",
    "tokcost.readers.claude_code_lines",
    "tokcost.readers.codex_lines",
)
"""What brings along all that a commit needs."""


def run(home: Path, environ: Mapping[str, str], worktree: Worktree, arguments: list[str]) -> None:  # noqa: ARG001
    """Write back what processes left of the ledger that could not wait for the disk, do what a hook had no time for
    (rescue a damaged ledger, restore many claims), and have ready what a hook imports."""
    if has_much_left(home):
        rescued(home, lambda: write_back(home))
    if "catch-up" in arguments:
        refresh(home, environ)
    for name in _USUAL:
        import_module(name)
    complete()
