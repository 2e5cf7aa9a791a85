"""pre-commit: says where the budgets stand, and stops the commit where the developer asked for that."""

from collections.abc import Mapping
from pathlib import Path

from tokcost.repo.worktree import Worktree
from tokcost.reports.budgets import said_at_commit, stopping
from tokcost.services.budget_check import check_commit
from tokcost_hooks.speech import tell


def run(home: Path, environ: Mapping[str, str], worktree: Worktree, arguments: list[str]) -> bool:  # noqa: ARG001
    """Called without arguments (githooks(5)). True stops the commit."""
    return check(home, environ, worktree, can_stop=True)


def check(home: Path, environ: Mapping[str, str], worktree: Worktree, *, can_stop: bool) -> bool:
    """Say what there is to say; whether the commit is to be stopped."""
    checked = check_commit(home, environ, worktree)
    if checked is None:
        return False
    said = said_at_commit(checked.status, checked.notes, is_verbose=checked.is_verbose, can_stop=can_stop)
    for sentence, hint in said:
        tell(sentence, hint)
    return can_stop and bool(stopping(checked.status))
