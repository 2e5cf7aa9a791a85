"""pre-commit: says where the budgets stand, and stops the commit where the developer asked for that."""

from typing import NamedTuple

from tokcost.reports.budgets import said_at_commit, stopping
from tokcost.services.check_budget import check_commit
from tokcost.services.look_at_clone import CloneState, stops_unchecked
from tokcost_hooks.console import PAST_UNCHECKED
from tokcost_hooks.work import Call


class Answer(NamedTuple):
    """The result of a check."""

    stops: bool = False
    is_current: bool = False
    """Whether everything logged was read on the way."""


def run(call: Call, here: CloneState) -> bool:
    """Called without arguments (githooks(5)). True stops the commit."""
    return check(call, here, can_stop=True).stops


def check(call: Call, here: CloneState, *, can_stop: bool = False) -> Answer:
    """Say what there is to say. Raises `TokcostError`."""
    checked = check_commit(call.home, call.environ, here)
    if checked is None:
        return Answer()
    said = said_at_commit(checked.status, checked.notes, is_verbose=checked.is_verbose, can_stop=can_stop)
    for sentence, hint in said:
        call.tell(sentence, hint)
    is_unsure = not checked.is_current and stops_unchecked(here)
    if can_stop and is_unsure:
        call.tell(
            "what was spent is not known in full; the commit was stopped, as tokcost.budgetUnchecked asks.",
            PAST_UNCHECKED,
        )
    return Answer(can_stop and (is_unsure or bool(stopping(checked.status))), checked.is_current)
