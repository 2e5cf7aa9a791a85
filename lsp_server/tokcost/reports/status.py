"""`tokcost status` as one line."""

import re
from collections.abc import Callable

from tokcost.model.budget import State
from tokcost.model.money import dollars
from tokcost.model.status import Status
from tokcost.reports.amounts import ABOUT, Marks, about, marked, short_tokens
from tokcost.reports.budgets import short_budget, state_of
from tokcost.reports.text import counted, escape, few, short_model

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\w*)\}")

PLACEHOLDERS: dict[str, Callable[[Status], str]] = {
    "branch": lambda status: _branch(status),
    "list_cost": lambda status: branch_amount(status),
    "pending": lambda status: pending_amount(status),
    "tokens": lambda status: about(short_tokens(status.tokens), status.estimates.usage),
    "today": lambda status: today_amount(status),
    "budget": lambda status: short_budget(status),
    "models": lambda status: few([short_model(model) for model in status.models], 3),
    "repository": lambda status: escape(status.repository),
}
"""The fields of `--format`; amounts are list prices in US dollars."""


NO_LOGS = "no logs"
"""Stands in place of an amount if there is nothing to base it on."""
_BUDGET_WORDS: dict[State, str] = {"over": "over budget", "near": "near budget", "unpriced": "budget unclear"}
"""A budget that is not near its limit is not mentioned in every prompt."""


class UnknownPlaceholder(ValueError):
    """A format contains a placeholder that a status does not have; the argument is its name."""


def formatted(status: Status, template: str) -> str:
    """The template with its `{placeholders}` replaced; `{{` and `}}` stand for braces. Raises `UnknownPlaceholder`."""

    def filled(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0][0]
        if found[1] not in PLACEHOLDERS:
            raise UnknownPlaceholder(found[1])
        return PLACEHOLDERS[found[1]](status)

    return _PLACEHOLDER.sub(filled, template)


def status_line(status: Status) -> str:
    """`feat/x $1.84 list ($0.50 pending) today $3.10`, without zero amounts."""
    parts = [_branch(status)]
    if status.no_logs and not status.tokens:
        parts.append(NO_LOGS)
    else:
        # Not $0.00, which would read as a measured amount.
        parts.append(branch_amount(status, "list") if status.tokens else "no usage")
    if status.has_next:
        parts.append(f"({pending_amount(status)} pending)")
    if status.held_list_cost:
        parts.append(f"({ABOUT}${dollars(status.held_list_cost)} estimated)")
    if status.today_list_cost or status.today_unpriced_tokens:
        parts.append(f"today {today_amount(status)}")
    if words := _BUDGET_WORDS.get(state_of(status)):
        parts.append(f"{words} ({short_budget(status)})")
    # Only a count: the sentences of several rules do not fit into a prompt.
    if status.rules:
        parts.append(counted(len(status.rules), "rule") + " (tokcost check)")
    elif status.rules_unpriced:
        parts.append(counted(len(status.rules_unpriced), "rule") + " unclear (tokcost check)")
    if status.not_agreed:
        parts.append("no cost lines: you have not agreed here (tokcost enable)")
    if status.notice:
        parts.append("ledger rescued (tokcost doctor)")
    return "  ".join(parts)


def branch_amount(status: Status, noun: str = "") -> str:
    """The list cost of the branch: `$1.84`, `≈$1.84`, `≥$1.84`, `$1.84 + unpriced`, `unpriced`."""
    marks = Marks(status.unpriced_tokens, status.estimates.usage, status.lower_bound, status.broken_off)
    return marked(status.list_cost, marks, noun)


def pending_amount(status: Status) -> str:
    """The list cost that the next commit carries."""
    estimated, lower_bound = status.next_estimated, status.pending_lower_bound
    marks = Marks(status.next_unpriced_tokens, estimated, lower_bound, status.pending_broken_off)
    return marked(status.next_list_cost, marks)


def today_amount(status: Status) -> str:
    """The list cost of the repository since local midnight."""
    lower_bound, broken_off = status.today_lower_bound, status.today_broken_off
    marks = Marks(status.today_unpriced_tokens, status.today_estimated, lower_bound, broken_off)
    return marked(status.today_list_cost, marks)


def _branch(status: Status) -> str:
    return escape(status.branch) if status.branch is not None else "(detached)"
