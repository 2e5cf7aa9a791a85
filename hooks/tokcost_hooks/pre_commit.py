"""pre-commit: says where the budgets stand, and stops the commit where the developer asked for that."""

import sys
from collections.abc import Mapping
from pathlib import Path

from tokcost.repo.worktree import Worktree
from tokcost.reports.budgets import said_at_commit, stopping
from tokcost.services.budget_check import check_commit


def run(home: Path, environ: Mapping[str, str], worktree: Worktree, arguments: list[str]) -> bool:  # noqa: ARG001
    """Called without arguments (githooks(5)). True stops the commit."""
    checked = check_commit(home, environ, worktree)
    if checked is None:
        return False
    for sentence, hint in said_at_commit(checked.status, checked.notes, is_verbose=checked.is_verbose):
        sys.stderr.write(f"tokcost: {sentence}\n" + (f"hint: {hint}\n" if hint else ""))
    sys.stderr.flush()
    return bool(stopping(checked.status))
