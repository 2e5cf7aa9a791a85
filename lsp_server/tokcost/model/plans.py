"""Plans: flat fees that the user pays for an assistant, and the list cost of its usage meanwhile.

Plain values and the arithmetic of calendar months. A plan's fee is never part of any list cost.
"""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple


class Covered(NamedTuple):
    """The usage that a kind of plan pays for."""

    assistants: tuple[str, ...]
    """Assistants that use the plan; empty for any."""
    providers: tuple[str, ...]
    """Providers, as logged. The same assistant with a key of another provider (a cloud, a gateway) is billed there."""
    sold_by: str = ""
    """The provider to which the price source assigns the model, if it knows it: a cloud's model name
    (`us.anthropic.…`) shows what the log does not. Empty for any."""


COVERED: Mapping[str, Covered] = {
    "claude": Covered(("claude-code",), ("", "anthropic"), "anthropic"),
    "chatgpt": Covered(("codex",), ("", "openai"), "openai"),
    "copilot": Covered((), ("github-copilot",)),
    "google": Covered(("gemini-cli",), ("", "google"), "google"),
    "amp": Covered(("amp",), ("",)),
    "grok": Covered(("grok",), ("",)),
    "junie": Covered(("junie",), ("",)),
    "kimi": Covered(("kimi",), ("", "moonshotai")),
    "qwen": Covered(("qwen-code",), ("",)),
}
"""Kinds of plans. A usage is covered by at most one kind of plan, so nothing counts twice."""


class Plan(NamedTuple):
    """One plan. Both days are included and are local calendar days."""

    kind: str
    """A name of `COVERED`."""
    name: str
    """The user's or the seller's name for it: `max_20x`."""
    monthly: int
    """The fee of a calendar month in nano-dollars."""
    since: date
    until: date | None = None
    """`None` if it has no end."""

    def runs_between(self, first: date, last: date) -> bool:
        """Whether it runs on any day from one day to another, both included."""
        return self.since <= last and (self.until is None or self.until >= first)


class DaySpan(NamedTuple):
    """Local calendar days, both included."""

    first: date
    last: date


class Leverage(NamedTuple):
    """Plans of one kind beside the list cost of the usage they covered, in one span. Amounts are nano-dollars."""

    kind: str
    plans: tuple[Plan, ...]
    span: DaySpan
    """From the first to the last day on which one of them ran."""
    is_month: bool
    """Whether it is the present month: its fee is due completely, while its list cost is that of the month so far."""
    fee: int
    """Pro rata: for each month, the share of its days on which the plan ran."""
    list_cost: int = 0
    unpriced_tokens: int = 0
    """Tokens that the list cost excludes."""
    estimated_tokens: int = 0
    """The tokens whose counts no provider reported."""

    @property
    def tenths(self) -> int:
        """List cost in tenths of the fee, rounded half to even."""
        return round(Fraction(self.list_cost * 10, self.fee))


def fee_of(plan: Plan, span: DaySpan) -> int:
    """The fee of a plan for the days of a span on which it ran, in nano-dollars, rounded once, half to even."""
    first = max(plan.since, span.first)
    last = span.last if plan.until is None else min(plan.until, span.last)
    total = Fraction(0)
    while first <= last:
        days = calendar.monthrange(first.year, first.month)[1]
        end = min(last, first.replace(day=days))
        total += Fraction(plan.monthly * (end.day - first.day + 1), days)
        first = date.fromordinal(end.toordinal() + 1)
    return round(total)


def month_of(day: date) -> DaySpan:
    """The complete month that contains a day."""
    return DaySpan(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))


def in_order(plans: Iterable[Plan]) -> list[Plan]:
    """Plans by kind, those of one kind in the order of their start. One without an end is the last of those that are
    otherwise equal."""
    return sorted(plans, key=lambda one: (one.kind, one.since, one.name, one.monthly, one.until or date.max))


def running(plans: Iterable[Plan], span: DaySpan) -> dict[str, list[Plan]]:
    """The plans that run in a span, by kind, in the order of their start."""
    found: dict[str, list[Plan]] = {}
    for one in in_order(plans):
        if one.runs_between(*span):
            found.setdefault(one.kind, []).append(one)
    return found


def covered_days(plans: Sequence[Plan], span: DaySpan) -> list[DaySpan]:
    """The days of a span on which any of the plans ran, as spans that do not touch."""
    ordinals: list[list[int]] = []
    for one in sorted(plans, key=lambda plan: plan.since):
        first = max(one.since, span.first).toordinal()
        last = (span.last if one.until is None else min(one.until, span.last)).toordinal()
        if ordinals and first <= ordinals[-1][1] + 1:
            ordinals[-1][1] = max(ordinals[-1][1], last)
        elif first <= last:
            ordinals.append([first, last])
    return [DaySpan(date.fromordinal(first), date.fromordinal(last)) for first, last in ordinals]


def change(plans: Iterable[Plan], new: Plan) -> list[Plan]:
    """The plans with a new one, which replaces any of the same kind, name and first day."""
    kept = [one for one in plans if (one.kind, one.name, one.since) != (new.kind, new.name, new.since)]
    return in_order([*kept, new])
