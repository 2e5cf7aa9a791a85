"""Plans as text and JSON: the fee, and the list cost of the same usage."""

import json
from collections.abc import Sequence
from typing import Any

from tokcost.model.money import decimal_string, dollars
from tokcost.model.plans import Leverage, Plan
from tokcost.reports.amounts import about, amount
from tokcost.reports.text import escape


def plan_lines(found: Sequence[Leverage]) -> list[str]:
    """One line for each kind of plan: `plan: $200.00 a month, list cost this month $1,234.00, 6.2 \u00d7 (claude pro,
    all repositories)`."""
    return [_line(one) for one in found]


def _line(one: Leverage) -> str:
    fee, when = _fee(one), _when(one)
    cost = amount(one.list_cost, one.unpriced_tokens, estimated=one.estimated_tokens)
    named = " + ".join(escape(plan.name) for plan in one.plans)
    multiple = f", {said}" if (said := times(one)) else ""
    return f"plan: {fee}, list cost {when} {cost}{multiple} ({one.kind} {named}, all repositories)"


def times(one: Leverage) -> str:
    """The list cost as a multiple of the fee; a minimum if a part has no price. Empty if that would be meaningless:
    without list cost, and below a twentieth of the fee with unpriced usage."""
    least = "at least " if one.unpriced_tokens else ""
    if not one.list_cost or (least and not one.tenths):
        return ""
    tenths = f"{one.tenths // 10:,}.{one.tenths % 10}" if one.tenths else "<0.1"
    return f"{least}{about(tenths, one.estimated_tokens)} \u00d7"


def _fee(one: Leverage) -> str:
    monthly = sum(plan.monthly for plan in one.plans)
    if one.is_month and one.fee == monthly:
        return f"${dollars(monthly)} a month"
    of = f" of ${dollars(monthly)} a month" if len(one.plans) == 1 else ""
    return f"${dollars(one.fee)}{of} for {one.span.first} to {one.span.last}"


def _when(one: Leverage) -> str:
    monthly = sum(plan.monthly for plan in one.plans)
    return "this month" if one.is_month and one.fee == monthly else "meanwhile"


def plans_text(plans: Sequence[Plan], found: Sequence[Leverage]) -> str:
    """All plans, and the lines of those that run at present."""
    if not plans:
        return "no plan is set; for example: tokcost plan set claude max_20x 200\n"
    rows = [f"{one.kind} {escape(one.name)}: ${dollars(one.monthly)} a month {days_text(one)}" for one in plans]
    return "".join(f"{row}\n" for row in [*rows, *plan_lines(found)])


def days_text(plan: Plan) -> str:
    """The days of a plan."""
    return f"from {plan.since} on" if plan.until is None else f"from {plan.since} to {plan.until}"


def plans_json(plans: Sequence[Plan], found: Sequence[Leverage]) -> str:
    """One object (`tokcost.plan/1`)."""
    listed = [_plan(one) for one in plans]
    return (
        json.dumps({"schema": "tokcost.plan/1", "plans": listed, "leverage": leverage_objects(found)}, indent=2) + "\n"
    )


def leverage_objects(found: Sequence[Leverage]) -> list[dict[str, Any]]:
    """The leverage of each kind, also used by `log` and `report`."""
    return [
        {
            "kind": one.kind,
            "plans": [_plan(plan) for plan in one.plans],
            "first_day": one.span.first.isoformat(),
            "last_day": one.span.last.isoformat(),
            "fee": decimal_string(one.fee),
            "list_cost": decimal_string(one.list_cost),
            "unpriced_tokens": one.unpriced_tokens,
            "estimated_tokens": one.estimated_tokens,
            "times": f"{one.tenths // 10}.{one.tenths % 10}",
        }
        for one in found
    ]


def _plan(one: Plan) -> dict[str, Any]:
    until = None if one.until is None else one.until.isoformat()
    monthly = decimal_string(one.monthly)
    return {"kind": one.kind, "name": one.name, "monthly": monthly, "since": one.since.isoformat(), "until": until}
