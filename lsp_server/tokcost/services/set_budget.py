"""Setting and forgetting budgets of a clone."""

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
    """The budget that holds now."""
    checked_out: str
    """The branch that is checked out; empty on a detached HEAD."""
    trouble: EnvironmentProblem | None
    """The reason why git will not check it at commits."""


def set_budget(home: Path, worktree: Worktree, change: BudgetChange, *, verbose: bool | None = None) -> BudgetSet:
    """Write a budget into the clone's configuration and have git check it at commits. Where that fails the budget still
    holds for `budget check` and `status`. `verbose` is whether the hook speaks at every commit; `None` leaves it.

    Raises `UsageError` for an amount or a branch that is none, and `EnvironmentProblem` from git.
    """
    budgets.set_budget(worktree, change)
    remember_clone(home, worktree)
    if verbose is not None:
        budgets.set_verbose(worktree, verbose)
    budget = budgets.budget_of(worktree, change.scope, change.branch)
    checked_out = read_head(worktree).branch or ""
    try:
        install_anew(worktree)
    except EnvironmentProblem as trouble:
        return BudgetSet(budget, checked_out, trouble)
    return BudgetSet(budget, checked_out, None)


def unset_budget(worktree: Worktree, scope: Scope, branch: str = "") -> bool:
    """Forget a budget; whether there was one. Raises `EnvironmentProblem` from git."""
    return budgets.unset_budget(worktree, scope, branch)
