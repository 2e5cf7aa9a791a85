"""prepare-commit-msg: puts the line of what the branch has spent into the message."""

from collections.abc import Mapping
from pathlib import Path

from tokcost.repo.config import has_setting
from tokcost.repo.worktree import Worktree
from tokcost.services.committing import prepare
from tokcost.services.policy_file import BUDGET_SETTINGS, may_have


def run(home: Path, environ: Mapping[str, str], worktree: Worktree, arguments: list[str]) -> None:
    """Called as git calls the hook (githooks(5)): the message file, where the message comes from, and a commit."""
    path, source, commit = (*arguments, "", "")[:3]
    if _may_have_budget(worktree) and _is_unchecked(worktree, environ.get("TOKCOST_HOOKS", "")):
        from tokcost_hooks.pre_commit import check

        check(home, environ, worktree, can_stop=False)
    prepare(home, environ, worktree, path, (source, commit))


def _may_have_budget(worktree: Worktree) -> bool:
    """pre-commit is installed where there is a budget; one may have come since. Most commits need not even load what
    knows budgets."""
    return may_have(worktree.path, "budget") or has_setting(worktree.common_dir, BUDGET_SETTINGS)


def _is_unchecked(worktree: Worktree, folder: str) -> bool:
    """Whether nobody checks budgets before this hook runs; it is not known of which `folder` a manager runs us."""
    from tokcost.services.installing.managers import checks_budgets

    return bool(folder) and not checks_budgets(worktree, folder)
