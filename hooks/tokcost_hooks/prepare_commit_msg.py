"""prepare-commit-msg: puts the line of what the branch has spent into the message, and says where budgets stand."""

from collections.abc import Mapping
from pathlib import Path

from tokcost.repo.config import has_setting
from tokcost.repo.worktree import Worktree
from tokcost.services.committing import prepare
from tokcost.services.policy_file import BUDGET_SETTINGS, may_have
from tokcost_hooks.console import tell


def run(home: Path, environ: Mapping[str, str], worktree: Worktree, arguments: list[str]) -> None:
    """Called as git calls the hook (githooks(5)): the message file, where the message comes from, and a commit."""
    path, source, commit = (*arguments, "", "")[:3]
    is_current = False
    # git merges without pre-commit, so merges are never checked.
    if source != "merge" and _may_have_budget(worktree) and not _is_checked(worktree, environ.get("TOKCOST_HOOKS", "")):
        is_current = _warn(home, environ, worktree)
    prepare(home, environ, worktree, path, (source, commit), is_current=is_current)


def _may_have_budget(worktree: Worktree) -> bool:
    """Most commits need not even load what knows budgets."""
    return may_have(worktree.path, "budget") or has_setting(worktree.common_dir, BUDGET_SETTINGS)


def _is_checked(worktree: Worktree, folder: str) -> bool:
    """Whether pre-commit has checked the budgets of this commit: it does where one may stop it."""
    from tokcost.services.installing.managers import checks_budgets

    return checks_budgets(worktree, folder)


def _warn(home: Path, environ: Mapping[str, str], worktree: Worktree) -> bool:
    """Say where budgets stand; whether the ledger is up to date now. No trouble with that keeps the line out."""
    from tokcost_hooks.pre_commit import check

    try:
        return check(home, environ, worktree).is_current
    except Exception as problem:
        tell(f"the budget was not checked ({problem or type(problem).__name__}).")
        return False
