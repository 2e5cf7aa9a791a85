"""Budgets as text: the line at a commit, and a short form for a prompt. A commit waits for this module."""

from collections.abc import Sequence

from tokcost.model.budget import STATES, Standing, State, worst
from tokcost.model.money import dollars
from tokcost.model.status import Status
from tokcost.reports.amounts import Marks, about, at_least, in_words, marked
from tokcost.reports.rules import rule_text, rules_text
from tokcost.reports.text import escape, to_copy

_WAY_ON = "once: git commit --no-verify; from now on: tokcost budget set AMOUNT {option}"
_NOT_IN_FULL = "the budget was not checked in full"
_CANNOT_STOP = "tokcost hooks install, and it stops commits as was asked"
NOT_IN_FORCE = "Correct that setting; until then it sets no limit."
"""The hint for a budget that cannot be understood."""
_VERDICTS: tuple[tuple[State, str], ...] = (
    ("over", "over the {}"),
    ("near", "near the {}"),
    ("unpriced", "unpriced usage in the {}"),
)


def state_of(status: Status) -> State:
    """The most urgent state of all budgets."""
    return worst(status.budgets)


def stopping(status: Status) -> list[Standing]:
    """The budgets that stop a commit at present."""
    return [one for one in status.budgets if one.stops]


def check_line(status: Status) -> str:
    """`branch feat/x $12.40 of $20.00 list (62%), pending $3.10`, and the resulting state of the budgets."""
    by_scope = {one.budget.scope: one for one in status.budgets}
    parts: list[str] = []
    if "branch" in by_scope:
        parts.append(f"branch {escape(status.branch or '')} {_spent(by_scope['branch'])}")
    if "commit" in by_scope:
        parts.append(f"pending {_spent(by_scope['commit'])}")
    if "day" in by_scope and by_scope["day"].state != "none":
        parts.append(f"today {_spent(by_scope['day'])}")
    return f"{', '.join(parts) or 'no branch is checked out'}{_verdict(status.budgets)}"


def said_at_commit(
    status: Status, notes: Sequence[str] = (), *, is_verbose: bool = False, can_stop: bool = True
) -> list[tuple[str, str]]:
    """The messages of the hook, each a sentence and what to do about it: one if a budget is near or exceeded, none
    if all is well; unless the commit stops, one for each reason why a budget could not be checked."""
    stops = stopping(status)
    if stops and can_stop:
        return [(f"{check_line(status)}; the commit was stopped", _WAY_ON.format(option=_option(stops[0], status)))]
    presses = is_verbose or state_of(status) not in ("ok", "none")
    unchecked = [(why, NOT_IN_FORCE) for why in status.budget_problems] + [(why, "") for why in notes]
    hint = _CANNOT_STOP if stops else ""
    rules = rules_text([*status.rules, *status.rules_unpriced])
    said = [*([(check_line(status), hint)] if presses else []), *([(rules, "")] if rules else [])]
    return [*said, *((f"{_NOT_IN_FULL}: {why}", hint) for why, hint in unchecked)]


def said_by_guard(status: Status, switch: str, notes: Sequence[str] = (), *, blocks: bool) -> tuple[str, bool]:
    """A sentence for the user of an assistant, and whether its run is to be stopped: only by a budget or a rule of the
    user's own, since a repository's recommendations only warn.

    `switch` is the variable that disables the guard, `notes` are the reasons why the figures may lag behind. Empty if
    all is well.
    """
    # Whoever can push to a repository must not be able to stop a colleague's assistant.
    over = [one for one in status.budgets if one.state == "over" and one.budget.source in ("clone", "branch")]
    said = [check_line(status)] if state_of(status) in ("over", "unpriced", "near") else []
    said += [f"rule {rule_text(one)}" for one in status.all_rules]
    if not blocks or not (over or status.stopping_rules):
        said += [f"{_NOT_IN_FULL}: {escape(why)}" for why in (*status.budget_problems, *notes)]
        return (f"tokcost: {'; '.join(said)}" if said else ""), False
    ways = [f"tokcost budget set AMOUNT {_option(over[0], status)}"] if over else []
    ways += ["a higher amount in that rule of yours"] if status.stopping_rules else []
    stop = f"stopped, to go on: {' and '.join(ways)}, or {switch}=off for one run"
    return f"tokcost: {'; '.join([*said, stop])}", True


def unchecked_by_guard(why: str) -> str:
    """A sentence for the user of an assistant that continues although nothing could be checked."""
    return f"tokcost: the budget was not checked ({escape(why)}); the assistant continues"


def short_budget(status: Status) -> str:
    """The most urgent budget, for a prompt: `branch 62% of $20.00`; empty if there is none."""
    one = most_pressing(status)
    return f"{one.budget.scope} {pressing_share(one)} of ${dollars(one.budget.limit or 0)}" if one else ""


def most_pressing(status: Status) -> Standing | None:
    """The most urgent budget; `None` if there is no limit."""
    limited = [one for one in status.budgets if one.budget.limit is not None]
    return min(limited, key=lambda one: (STATES.index(one.state), -(one.percent or 0)), default=None)


def pressing_share(one: Standing) -> str:
    """The share of the limit with its marks, if no amount is shown beside it: `≥62% + unpriced`, `unpriced`."""
    share = spent_share(one)
    return f"{share} + unpriced" if share and one.unpriced_tokens else share or "unpriced"


def spent_amount(one: Standing, noun: str = "", *, places: int = 0) -> str:
    """The amount that counts against a budget, with all its marks."""
    marks = Marks(one.unpriced_tokens, one.estimated, one.lower_bound, one.broken_off)
    return marked(one.list_cost, marks, noun, places=places)


def spent_share(one: Standing) -> str:
    """The share of the limit: `62%`, with the amount's marks `≥62%` and `≈62%`; empty if nothing has a price, or
    there is no limit."""
    if one.percent is None or _is_unpriced(one):
        return ""
    # With a part that has no price, the share is a minimum as well.
    return at_least(about(f"{one.percent}%", one.estimated), one.lower_bound + one.unpriced_tokens)


def _option(one: Standing, status: Status) -> str:
    name = f" {to_copy(status.branch or '')}" if one.budget.source == "branch" else ""
    return f"--{one.budget.scope}{name}"


def _spent(one: Standing) -> str:
    if one.budget.limit is None:
        return spent_amount(one, "list")
    share = in_words(spent_share(one))
    return f"{spent_amount(one)} of ${dollars(one.budget.limit)} list{f' ({share})' if share else ''}"


def _is_unpriced(one: Standing) -> bool:
    return bool(one.unpriced_tokens) and not one.list_cost


def _verdict(budgets: tuple[Standing, ...]) -> str:
    said: list[str] = []
    for state, words in _VERDICTS:
        scopes = [one.budget.scope for one in budgets if one.state == state]
        if scopes:
            said.append(words.format(f"{' and '.join(scopes)} budget{'s' if len(scopes) > 1 else ''}"))
    return f": {', '.join(said)}" if said else ""
