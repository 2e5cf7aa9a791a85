"""pre-commit: reports the state of the budgets, and stops the commit if the developer asked for that."""

from typing import NamedTuple

from tokcost.model.worktree import CloneState
from tokcost.services.check_budget import Checked, check_commit, keep_said
from tokcost.services.look_at_clone import stops_unchecked
from tokcost_hooks.console import ON_TERMINAL, PAST_UNCHECKED, STOP
from tokcost_hooks.work import Call

_UNSURE = "the amount is not fully known; the commit was stopped, as tokcost.budgetUnchecked requires."


class BudgetCheck(NamedTuple):
    """The result of a check."""

    stops: bool = False
    is_current: bool = False
    """Whether all logs were read for the check."""


def run(call: Call, here: CloneState) -> bool:
    """Called without arguments (githooks(5)). True stops the commit."""
    return check(call, here, can_stop=True).stops


def check(call: Call, here: CloneState, *, can_stop: bool = False) -> BudgetCheck:
    """Check the budgets and print the result. Raises `TokcostError`."""
    checked = check_commit(call.home, call.environ, here)
    if checked is None:
        return BudgetCheck()
    # Usage that could not be read can only raise the amount, so "not over" is unsure then.
    is_unsure = can_stop and not checked.is_current and stops_unchecked(here)
    if not (is_unsure or _may_be_told(checked)):
        return BudgetCheck(is_current=checked.is_current)
    from tokcost.reports.budgets import said_at_commit, stopping  # usually no message is needed, and a commit waits

    said = said_at_commit(checked.status, checked.notes, is_verbose=checked.is_verbose, can_stop=can_stop)
    if is_unsure:
        said.append((_UNSURE, PAST_UNCHECKED))
    stops = is_unsure or (can_stop and bool(stopping(checked.status)))
    if stops:
        call.promise(STOP)  # before it is printed: whatever happens in between, the printed result holds
    for sentence, hint in said:
        call.tell(sentence, hint)
    # Source Control of an editor shows little of what hooks print; its server shows this to the user.
    if said and ON_TERMINAL not in call.environ:
        keep_said(call.environ, here, [sentence for sentence, _ in said], stopped=stops)
    return BudgetCheck(stops, checked.is_current)


def _may_be_told(checked: Checked) -> bool:
    """Whether a check may have something to print."""
    return checked.is_verbose or bool(checked.notes) or checked.status.presses
