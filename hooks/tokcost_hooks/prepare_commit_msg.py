"""prepare-commit-msg: puts the line of what the branch has spent into the message."""

import os
from collections.abc import Mapping
from pathlib import Path

from tokcost.repo.config import has_setting
from tokcost.repo.worktree import Worktree
from tokcost.services.committing import prepare
from tokcost.services.policy_file import BUDGET_SETTINGS, POLICY_FILE


def run(home: Path, environ: Mapping[str, str], worktree: Worktree, arguments: list[str]) -> None:
    """Called as git calls the hook (githooks(5)): the message file, where the message comes from, and a commit."""
    path, source, commit = (*arguments, "", "")[:3]
    if _may_have_budget(worktree) and _is_unchecked(environ.get("TOKCOST_HOOKS", "")):
        from tokcost_hooks.pre_commit import check

        check(home, environ, worktree, can_stop=False)
    prepare(home, environ, worktree, path, (source, commit))


def _may_have_budget(worktree: Worktree) -> bool:
    """pre-commit is installed where there is a budget; one may have come since. Most commits need not even load what
    knows budgets."""
    asks = os.path.exists(os.path.join(worktree.path, POLICY_FILE))
    return asks or has_setting(worktree.common_dir, BUDGET_SETTINGS)


def _is_unchecked(folder: str) -> bool:
    """Whether no pre-commit hook of ours is beside this one; a manager that runs us says nothing of its others."""
    from tokcost.services.installing.scripts import checks_budgets

    return bool(folder) and not checks_budgets(folder)
