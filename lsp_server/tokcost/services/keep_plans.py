"""The user's plans: storing them, and comparing them with the list cost of the usage that they cover."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path

from tokcost.errors import UsageError
from tokcost.ledger.open import Ledger, open_for_reading
from tokcost.ledger.plan_usage import covered_usage
from tokcost.model.budget import parse_limit
from tokcost.model.near import did_you_mean
from tokcost.model.plans import COVERED, DaySpan, Leverage, Plan, change, covered_days, fee_of, month_of, running
from tokcost.policy.plans import read_plans, write_plans
from tokcost.settings import PLANS_FILE

_LONGEST_NAME = 40
Milliseconds = tuple[int | None, int | None]
"""A span of time in milliseconds UTC, its end excluded; `None` is unbounded."""


def all_plans(home: Path) -> list[Plan]:
    """The plans that the user entered. Raises `SettingsDamaged`."""
    return read_plans(home)


def set_plan(
    home: Path, kind: str, name: str, monthly: str, days: tuple[date | None, date | None]
) -> tuple[Plan, list[Plan]]:
    """Store a plan; returns it with the other plans of its kind that overlap it.

    Without a first day it begins when the newest plan of this kind and name did, else with this month. Raises
    `UsageError`, `SettingsDamaged`.
    """
    if kind not in COVERED:
        known = ", ".join(COVERED)
        raise UsageError(f"'{kind}' is not a kind of plan{did_you_mean(kind, COVERED)}", f"The kinds are {known}.")
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise UsageError(
            f"a plan's name must have 1 to {_LONGEST_NAME} printable characters", "Choose a shorter or printable name."
        )
    known, name = read_plans(home), name.strip()
    before = [one.since for one in known if (one.kind, one.name) == (kind, name)]
    first_of_month = date.today().replace(day=1)  # noqa: DTZ011 (of some offsets Python makes no zone)
    since, until = days[0] or max(before, default=first_of_month), days[1]
    if until is not None and until < since:
        raise UsageError(
            f"the plan ends on {until}, before it begins on {since}", "Swap the two dates, or leave --until out."
        )
    new = Plan(kind, name, _monthly(monthly), since, until)
    plans = change(known, new)
    write_plans(home, plans)
    others = [one for one in plans if one != new and one.kind == kind and one.runs_between(since, until or date.max)]
    return new, others


def remove_plans(home: Path, kind: str, name: str | None) -> list[Plan]:
    """Remove the plans of a kind, or those of a name; returns the removed plans. Raises `SettingsDamaged`."""
    plans = read_plans(home)
    gone = [one for one in plans if one.kind == kind and name in (None, one.name)]
    if gone:
        write_plans(home, [one for one in plans if one not in gone])
    return gone


def leverages(home: Path, span: Milliseconds = (None, None), zone: tzinfo | None = None) -> list[Leverage]:
    """Each kind of plan beside the list cost of the usage it covered: in a span of milliseconds UTC, else in the
    present month. Raises `SettingsDamaged`."""
    ledger = open_for_reading(home) if (home / PLANS_FILE).exists() else None
    if ledger is None:
        return []
    with ledger:
        return leverages_in(ledger, home, span, zone)


def leverages_in(
    ledger: Ledger, home: Path, span: Milliseconds = (None, None), zone: tzinfo | None = None
) -> list[Leverage]:
    """Each kind of plan beside the list cost of the usage it covered, from an open ledger; otherwise as `leverages`."""
    plans = read_plans(home)
    if not plans:
        return []
    today = datetime.now(zone).date()
    is_month = span == (None, None)
    days = month_of(today) if is_month else _days(span, plans, today, zone)
    return [
        _leverage(ledger, kind, found, days, is_month, zone) for kind, found in sorted(running(plans, days).items())
    ]


def _days(span: Milliseconds, plans: Iterable[Plan], today: date, zone: tzinfo | None) -> DaySpan:
    """The local days in a span; an open span begins with the first plan and ends today."""
    since, until = span
    first = min(one.since for one in plans) if since is None else datetime.fromtimestamp(since / 1000, zone).date()
    # The end is excluded: midnight belongs to the next day.
    last = today if until is None else datetime.fromtimestamp((until - 1) / 1000, zone).date()
    return DaySpan(first, last)


def _leverage(
    ledger: Ledger, kind: str, plans: list[Plan], days: DaySpan, is_month: bool, zone: tzinfo | None
) -> Leverage:
    covered = covered_days(plans, days)
    span = DaySpan(covered[0].first, covered[-1].last)
    fee = sum(fee_of(one, days) for one in plans)
    sums = [
        covered_usage(ledger, COVERED[kind], _start_ms(one.first, zone), _start_ms(one.last + timedelta(days=1), zone))
        for one in covered
    ]
    return Leverage(kind, tuple(plans), span, is_month, fee, *(sum(part) for part in zip(*sums, strict=True)))


def _start_ms(day: date, zone: tzinfo | None) -> int:
    """The first moment of a local day."""
    return round(datetime.combine(day, time(), zone).timestamp() * 1000)


def _monthly(text: str) -> int:
    plain = text.strip().removeprefix("$").removesuffix("USD").strip()
    try:
        monthly = parse_limit(plain)
    except ValueError as error:
        raise UsageError(str(error), "Write the fee of a month in US dollars, for example 200 or 19.99.") from error
    if monthly is None:
        raise UsageError(f"'{text}' is not a fee", "`tokcost plan remove` removes a plan.")
    return monthly
