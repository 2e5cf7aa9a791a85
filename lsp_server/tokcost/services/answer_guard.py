"""`tokcost guard check`: answers the hooks of assistants, which ask about budgets while the assistant works."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tokcost.errors import TokcostError
from tokcost.guards.protocol import Verdict
from tokcost.guards.registry import guard_of
from tokcost.model.worktree import CloneState
from tokcost.policy.budgets import read_budgets
from tokcost.policy.clone_state import may_have_rules
from tokcost.reports.budgets import said_by_guard, unchecked_by_guard
from tokcost.services.look_at_clone import state_around
from tokcost.settings import is_off

SWITCH = "TOKCOST_GUARD"
"""The variable by which a user continues once despite the guard: `TOKCOST_GUARD=off claude`."""
_BUSY_SECONDS = 0.05
"""The time to wait for the ledger, for each of the two writes."""
_GIT_SECONDS = 0.15


def answer(
    home: Path,
    environ: Mapping[str, str],
    folder: Path,
    words: tuple[str, ...],
    promise: Callable[[str], object] = lambda _: None,
) -> str:
    """The answer to an assistant's hook that calls with these arguments: the assistant's name, the event and perhaps
    `--block`. On any error, the answer lets the assistant continue. Once it is known that there is something to check,
    `promise` receives the answer to give if the check does not finish."""
    name, moment, *more = words
    guard = guard_of(name)
    # Settings may have an entry of another version of tokcost, which must not stop the assistant.
    if guard is None or moment not in ("prompt", "tool"):
        return _LETS_GO_ON

    def line(verdict: Verdict) -> str:
        return json.dumps(guard.answer(verdict, moment)) + "\n"

    verdict = Verdict()
    if not is_off(environ.get(SWITCH, "")):
        with suppress(TokcostError, OSError, ValueError):
            verdict = judge(home, environ, folder, "--block" in more, lambda late: promise(line(late)))
    return line(verdict)


_LETS_GO_ON = "{}\n"


def judge(
    home: Path, environ: Mapping[str, str], folder: Path, blocks: bool, promise: Callable[[Verdict], object]
) -> Verdict:
    """The state of the budgets and rules of the branch that is checked out in a folder, after all logs were read;
    empty if there is no worktree, or neither a budget nor a rule. A check that fails stops nothing, and says so.
    Raises `TokcostError` if it is not known whether there is anything to check."""
    here = state_around(folder)
    if here is None or not _has_limits(home, here):
        return Verdict()
    promise(Verdict(unchecked_by_guard("it took too long")))
    from tokcost.services.check_budget import check  # takes as long to load as all before it

    try:
        checked = check(home, environ, here, busy_seconds=_BUSY_SECONDS, git_seconds=_GIT_SECONDS)
    except (TokcostError, OSError, ValueError) as problem:
        return Verdict(unchecked_by_guard(str(problem)))
    # Other notes do not make the figure uncertain, and would be repeated at each prompt.
    notes = () if checked.is_current else checked.notes
    return Verdict(*said_by_guard(checked.status, SWITCH, notes, blocks=blocks))


def _has_limits(home: Path, here: CloneState) -> bool:
    """Whether the ledger has to be asked at all, or there is a budget that cannot be understood."""
    budgets = read_budgets(here, here.branch)
    if budgets.problems or any(one.limit is not None for one in budgets.found):
        return True
    if not may_have_rules(home, here):
        return False
    from tokcost.policy.rules import read_rules  # most clones have none

    return any(rule.is_for(here.branch) for rule in read_rules(home, here).found)
