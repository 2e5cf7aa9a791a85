"""The user's plans in `plans.json`, a private file beside the ledger. No repository can change them."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from tokcost.errors import SettingsDamaged, of_file
from tokcost.files.private import PRIVATE_FILE, check_ours, private_folder, read_ours, write_whole
from tokcost.model.money import decimal_string
from tokcost.model.plans import COVERED, Plan, in_order
from tokcost.settings import PLANS_FILE

_SCHEMA = "tokcost.plans/1"
_MOST_USD = 10**9
_FIRST = date(1970, 1, 1)
"""Earlier days cannot be represented on every system."""


def read_plans(home: Path) -> list[Plan]:
    """All plans. Raises `SettingsDamaged`, and `EnvironmentProblem` if the file belongs to somebody else."""
    path = home / PLANS_FILE
    if not check_ours(str(path)):
        return []
    data = read_ours(str(path))
    try:
        if data is None:
            raise ValueError("it cannot be read")
        return in_order(_plan(one) for one in json.loads(data)["plans"])
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        raise SettingsDamaged(
            f"{path} cannot be parsed ({ascii(str(error))[1:-1][:100]})",
            "Delete it, and enter your plans again with `tokcost plan set`.",
        ) from error


def write_plans(home: Path, plans: Iterable[Plan]) -> None:
    """Replace the stored plans by these. Raises `EnvironmentProblem`."""
    found = {"schema": _SCHEMA, "plans": [plan_object(one) for one in plans]}
    path = str(home / PLANS_FILE)
    try:
        private_folder(str(home))
        write_whole(path, (json.dumps(found, indent=1) + "\n").encode(), PRIVATE_FILE)
    except OSError as error:
        raise of_file(path, "cannot be written", error) from error


def plan_object(plan: Plan) -> dict[str, Any]:
    """A plan in JSON."""
    return {
        "kind": plan.kind,
        "name": plan.name,
        "monthly": decimal_string(plan.monthly),
        "since": plan.since.isoformat(),
        "until": None if plan.until is None else plan.until.isoformat(),
    }


def _plan(said: dict[str, Any]) -> Plan:
    from decimal import Decimal  # few have a plan

    fee = Decimal(said["monthly"])
    if not 0 < fee < _MOST_USD:
        raise ValueError("a fee is not more than 0, or is impossibly high")
    monthly = int(fee.scaleb(9))
    until = said["until"]
    since, last = date.fromisoformat(said["since"]), None if until is None else date.fromisoformat(until)
    kind, name = str(said["kind"]), str(said["name"])
    if kind not in COVERED or since < _FIRST or (last is not None and last < since):
        raise ValueError(f"the plan {kind} {name} has an unknown kind or impossible days")
    return Plan(kind, name, monthly, since, last)
