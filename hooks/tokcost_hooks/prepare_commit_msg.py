"""prepare-commit-msg: puts the line of what the branch has spent into the message, and says where budgets stand."""

from collections.abc import Mapping
from pathlib import Path

from tokcost.services.clone_state import CloneState, may_have_budget
from tokcost.services.committing import Asked, prepare
from tokcost_hooks.console import say


def run(home: Path, environ: Mapping[str, str], here: CloneState, arguments: list[str]) -> None:
    """Called as git calls the hook (githooks(5)): the message file, where the message comes from, and a commit."""
    asked = Asked(*arguments[:3])
    is_current = False
    # git merges without pre-commit, so merges are never checked.
    if asked.source != "merge" and may_have_budget(here) and not _is_checked(here, environ.get("TOKCOST_HOOKS", "")):
        is_current = _warn(home, environ, here)
    prepare(home, environ, here, asked, is_current=is_current)


def _is_checked(here: CloneState, folder: str) -> bool:
    """Whether pre-commit has checked the budgets of this commit: it does where one may stop it."""
    from tokcost.services.installing.managers import checks_budgets

    return checks_budgets(here.worktree, folder)


def _warn(home: Path, environ: Mapping[str, str], here: CloneState) -> bool:
    """Say where budgets stand; whether the ledger is up to date now. No trouble with that keeps the line out."""
    from tokcost_hooks.pre_commit import check

    try:
        return check(home, environ, here).is_current
    except Exception as problem:
        say(f"tokcost: the budget was not checked ({problem or type(problem).__name__}).")
        return False
