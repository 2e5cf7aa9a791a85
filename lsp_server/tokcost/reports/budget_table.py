"""`tokcost budget` as a table and as JSON (a stable contract, as in `json.py`)."""

import json
from collections.abc import Iterable

from tokcost.model.budget import SCOPES, Budget, Scope, Standing
from tokcost.model.money import decimal_string, dollars
from tokcost.model.status import Status
from tokcost.reports.amounts import places_beside
from tokcost.reports.budgets import spent_amount, spent_share, state_of, stopping
from tokcost.reports.layout import Column, Line, Piece, table
from tokcost.reports.text import escape
from tokcost.reports.words import Say, english

_SOURCES = {"clone": "this clone", "branch": "this clone, for this branch", "repository": ".tokcost.toml", "": ""}


def budget_lines(status: Status, columns_wide: int | None) -> list[Line]:
    """The table: a row for each scope, including those without a limit."""
    places = places_beside(max((one.list_cost for one in status.budgets), default=0))
    cells = [_cells(one, status, places) for one in status.budgets]
    titles = ("BUDGET", "LIST COST", "LIMIT", "USED", "STATE", "WHEN OVER", "SET BY")
    columns = [
        Column(title, [Piece(row[number]) for row in cells], number if number > 4 else 0, 0 < number < 4)
        for number, title in enumerate(titles)
    ]
    return table(columns, columns_wide)


def budget_json(status: Status) -> str:
    """One object (`tokcost.budget/1`)."""
    found = {
        "schema": "tokcost.budget/1",
        "repository": status.repository,
        "branch": status.branch,
        "currency": "USD",
        "basis": "list",
        "state": state_of(status),
        # Whether a hook would stop the commit; whether one is installed is not asked here.
        "stops": bool(stopping(status)),
        "budgets": budget_objects(status),
        "problems": list(status.budget_problems),
    }
    return json.dumps(found, indent=2) + "\n"


def set_text(budget: Budget, branch: str, current: str, say: Say = english) -> str:
    """The budget in force after it was set, as it was understood: for the branch of that name or, without one, for
    all of them; `current` is checked out."""
    if budget.source == "branch" and not branch:
        return say("The branch budget is set; branch {0} keeps its own.", escape(current))
    what = titled(budget.scope, branch, say)
    if budget.limit is None:
        return say("{0} has no limit.", what)
    limit = f"${dollars(budget.limit)} list"
    if budget.blocks:
        return say("{0} is {1}; it stops commits when over.", what, limit)
    return say("{0} is {1}; it warns.", what, limit)


def unset_text(scope: Scope, branch: str, was_there: bool, say: Say = english) -> str:
    """A sentence about the removed budget."""
    what = titled(scope, branch, say)
    return say("{0} is removed.", what) if was_there else say("{0} was not set in this clone.", what)


def titled(scope: Scope, branch: str, say: Say) -> str:
    """A budget at the beginning of a sentence."""
    if branch:
        return say("The budget of branch {0}", escape(branch))
    return {
        "branch": say("The branch budget"),
        "commit": say("The commit budget"),
        "day": say("The day budget"),
    }[scope]


def budget_objects(status: Status) -> list[dict[str, object]]:
    """Each budget in the form of the contract; the order of scopes is fixed."""
    return [budget_object(one) for one in in_order(status.budgets)]


def in_order(budgets: Iterable[Standing]) -> list[Standing]:
    """The budgets in their fixed order."""
    return sorted(budgets, key=lambda one: SCOPES.index(one.budget.scope))


def budget_object(one: Standing) -> dict[str, object]:
    """A budget in the form of the contract."""
    limit = one.budget.limit
    return {
        "scope": one.budget.scope,
        "list_cost": decimal_string(one.list_cost),
        "unpriced_tokens": one.unpriced_tokens,
        "lower_bound": one.lower_bound,
        "estimated_counts": one.estimated,
        "broken_off": one.broken_off,
        "limit": None if limit is None else decimal_string(limit),
        "percent": one.percent,
        "state": one.state,
        "block": one.budget.blocks,
        "near": one.budget.near,
        "source": one.budget.source or None,
    }


def _cells(one: Standing, status: Status, places: int) -> tuple[str, ...]:
    budget, name = one.budget, one.budget.scope
    if name == "branch":
        name = f"branch {escape(status.branch or '')}"
    elif name == "commit":
        name = "commit (pending)"
    cost = spent_amount(one, places=places)
    if budget.limit is None:
        return (name, cost, "none", "", "", "", _SOURCES[budget.source])
    return (
        name,
        cost,
        f"${dollars(budget.limit)}",
        spent_share(one),
        one.state,
        "stops commits" if budget.blocks else "warns",
        _SOURCES[budget.source],
    )
