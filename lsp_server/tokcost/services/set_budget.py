"""Setting and removing budgets of a clone."""

from pathlib import Path
from typing import NamedTuple

from tokcost.errors import EnvironmentProblem
from tokcost.model.budget import Budget, BudgetChange, Scope
from tokcost.model.worktree import Worktree
from tokcost.policy import budgets
from tokcost.repo.head import read_head
from tokcost.services.remember_clone import remember_clone
from tokcost_hooks.installation.hooks import install_anew


class BudgetSet(NamedTuple):
    """A budget as it was understood."""

    budget: Budget
    """The budget that is in force now."""
    checked_out: str
    """The branch that is checked out; empty for a detached HEAD."""
    trouble: EnvironmentProblem | None
    """The reason why git will not check the budget at commits."""


def set_budget(home: Path, worktree: Worktree, change: BudgetChange, *, verbose: bool | None = None) -> BudgetSet:
    """Write a budget into the clone's configuration and have git check it at commits.

    If the latter fails, the budget is still valid for `budget check` and `status`. `verbose` is whether the hook prints
    a line at every commit; `None` leaves that unchanged. Raises `UsageError` for an invalid amount or branch, and
    `EnvironmentProblem` from git.
    """
    budgets.set_budget(worktree, change)
    remember_clone(home, worktree)
    if verbose is not None:
        budgets.set_verbose(worktree, verbose)
    budget = budgets.budget_of(worktree, change.scope, change.branch)
    checked_out = read_head(worktree).branch or ""
    try:
        # The first budget that may stop commits needs a pre-commit hook, and the last one no longer does.
        install_anew(worktree)
    except EnvironmentProblem as trouble:
        return BudgetSet(budget, checked_out, trouble)
    return BudgetSet(budget, checked_out, None)


def unset_budget(worktree: Worktree, scope: Scope, branch: str = "") -> bool:
    """Remove a budget; returns whether there was one. Raises `EnvironmentProblem` from git."""
    return budgets.unset_budget(worktree, scope, branch)
