"""prepare-commit-msg: puts the line of the branch's usage into the message, and reports the state of the budgets."""

import os

from tokcost.model.worktree import CloneState
from tokcost.services.look_at_clone import has_budget_hook, may_have_limits
from tokcost.services.prepare_commit import HookArguments, prepare
from tokcost_hooks.console import hint_of, words
from tokcost_hooks.work import Call


def run(call: Call, here: CloneState) -> None:
    """Called as git calls the hook (githooks(5)): the message file, the source of the message, and a commit."""
    path, source, commit = (*call.arguments[:3], "", "")[:3]
    asked = HookArguments(os.path.join(call.directory, path), source, commit, _has_commit_msg(call))
    is_current = False
    # git merges without pre-commit, so merges are never checked.
    if asked.source != "merge" and may_have_limits(call.home, here) and not _is_checked_before(call, here):
        is_current = _warn(call, here)
    prepare(call.home, call.environ, here, asked, is_current=is_current, is_awaited=call.is_awaited)


def _has_commit_msg(call: Call) -> bool:
    """Whether there is a commit-msg hook beside this one."""
    folder = call.environ.get("TOKCOST_HOOKS", "")
    return bool(folder) and os.path.exists(os.path.join(call.directory, folder, "commit-msg"))


def _is_checked_before(call: Call, here: CloneState) -> bool:
    """Whether pre-commit has checked the budgets of this commit, as it does if a budget may stop it."""
    folder = call.environ.get("TOKCOST_HOOKS", "")
    return has_budget_hook(here, os.path.join(call.directory, folder) if folder else "")


def _warn(call: Call, here: CloneState) -> bool:
    """Report the state of the budgets; returns whether the ledger is up to date now. No error in it keeps the line
    out of the message."""
    from tokcost_hooks.pre_commit import check

    try:
        return check(call, here).is_current
    except Exception as problem:
        call.tell(f"the budget was not checked ({words(problem)}).", hint_of(problem))
        return False
