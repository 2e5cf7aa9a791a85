"""The cost of the branch that is checked out, in one value: for prompts, status bars and status lines."""

import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from tokcost.ledger.open import Ledger, open_for_reading
from tokcost.ledger.query import Spent, estimated_since, spent_since, sums
from tokcost.model.budget import Budget, Scope, Standing
from tokcost.model.figures import NO_ESTIMATES, NO_FIGURES, Estimates, Figures, Split
from tokcost.model.local_day import midnight_ms
from tokcost.model.rules import Heard
from tokcost.model.status import Status
from tokcost.model.worktree import CloneState
from tokcost.policy.budgets import read_budgets
from tokcost.policy.clone_state import may_have_rules, takes_estimates
from tokcost.policy.consent import read_consent
from tokcost.services.look_at_clone import no_worktree, state_around
from tokcost.services.show_notices import notices
from tokcost.usage.known_worktrees import repository_of

_Spending = dict[Scope, Standing]


def fresh_status(home: Path, environ: Mapping[str, str], cwd: Path, *, fresh: bool = True) -> Status:
    """The branch around `cwd` and its figures, after new usage in the logs was read if `fresh`. Raises
    `TokcostError`."""
    here = _state(cwd)
    if not fresh:
        return status_of(home, here)._replace(current=False)
    from tokcost.services.refresh import How, open_or_show  # a prompt with --no-refresh need not import the readers

    ledger, report = open_or_show(home, environ, here, How())
    with ledger:
        status = status_in(ledger, home, here)._replace(current=report.is_current)
    # A look at the logs that was cut short, for example by a locked ledger, finds none either.
    is_empty = report.is_current and not report.found_files and not status.tokens
    return status._replace(no_logs=_assistants(environ, cwd)) if is_empty else status


def _assistants(environ: Mapping[str, str], cwd: Path) -> tuple[str, ...]:
    from tokcost.services.find_logs import find_logs  # only if there is nothing to show

    return tuple(find_logs(environ, cwd).read)


def _state(cwd: Path) -> CloneState:
    here = state_around(cwd)
    if here is None:
        raise no_worktree(cwd, "Change to a repository; prompts can use --quiet.")
    return here


def status_of(home: Path, here: CloneState) -> Status:
    """The branch that is checked out in a worktree and its figures, as they are in the ledger."""
    ledger = open_for_reading(home)
    with ledger or nullcontext():
        return status_in(ledger, home, here)


def status_in(ledger: Ledger | None, home: Path, here: CloneState) -> Status:
    """The branch that is checked out and its figures, from an open ledger; `None` stands for a ledger that does not
    exist yet."""
    branch = here.branch
    split, pending = Split(), NO_FIGURES
    today, today_estimated = Spent(), NO_ESTIMATES
    if ledger is not None:
        repository, midnight = repository_of(ledger, here.worktree).id, midnight_ms(time.time_ns() // 1_000_000)
        split, pending = _of_branch(ledger, repository, branch)
        today, today_estimated = (
            spent_since(ledger, repository, midnight),
            estimated_since(ledger, repository, midnight),
        )
    total = split.total
    budgets, rules = read_budgets(here, branch), _rules(ledger, home, here)
    takes = takes_estimates(here.config)
    spent = _spent(total, pending, today)
    spent = (_with_estimates if takes else _without_estimates)(spent, total.estimates, today_estimated)
    return Status(
        branch=branch,
        repository=here.worktree.root,
        list_cost=total.list_cost,
        pending_list_cost=total.pending_list_cost,
        tokens=total.tokens.total,
        unpriced_tokens=total.unpriced_tokens,
        today_list_cost=today.list_cost,
        today_unpriced_tokens=today.unpriced_tokens,
        pending_tokens=total.pending_tokens,
        pending_unpriced_tokens=pending.unpriced_tokens,
        estimates=total.estimates,
        today_estimated=today_estimated.usage,
        takes_estimates=takes,
        models=tuple(sorted(split.models, key=lambda model: -split.models[model].list_cost)),
        evidence=split.evidence,
        budgets=tuple(spent[one.scope]._replace(budget=one) for one in budgets.found),
        budget_problems=budgets.problems,
        not_agreed=read_consent(home, here).is_anothers,
        notice="; ".join(notices(home)),
    )._replace(**_doubts(total, pending, today), **_heard(rules))


def _doubts(total: Figures, pending: Figures, today: Spent) -> dict[str, Any]:
    """The fields that qualify the amounts."""
    return {
        "lower_bound": total.lower_bound,
        "pending_lower_bound": pending.lower_bound,
        "today_lower_bound": today.lower_bound,
        "broken_off": total.partial,
        "broken_off_list_cost": total.partial_list_cost,
        "pending_broken_off": pending.partial,
        "today_broken_off": today.broken_off,
    }


def _heard(rules: list[Heard]) -> dict[str, Any]:
    """The rules by their state."""
    fields = {"rules": "over", "rules_unpriced": "unpriced", "rules_near": "near"}
    return {field: tuple(one for one in rules if one.state == state) for field, state in fields.items()}


def _of_branch(ledger: Ledger, repository: int, branch: str | None) -> tuple[Split, Figures]:
    """The figures of a branch and of its pending part."""
    split, pending = Split(), NO_FIGURES
    # `summarise` has the same figures, but a hook or a prompt would have to import all of it.
    for one in sums(ledger, repository):
        if branch is not None and one.branch == branch:
            split.add(one.figures, one.assistant, one.model, one.evidence)
            pending = pending if one.state else pending.plus(one.figures)
    return split, pending


def _rules(ledger: Ledger | None, home: Path, here: CloneState) -> list[Heard]:
    """The rules that are broken or nearly broken; `doctor` names those that cannot be parsed."""
    if ledger is None or not may_have_rules(home, here):
        return []
    from tokcost.services.check_rules import check_rules  # most clones have none

    return check_rules(ledger, home, here)


def _spent(total: Figures, pending: Figures, today: Spent) -> _Spending:
    """The amounts that the budgets of each scope limit, and their marks."""
    branch = (total.list_cost, total.unpriced_tokens, total.lower_bound, 0, total.partial)
    commit = (total.pending_list_cost, pending.unpriced_tokens, pending.lower_bound, 0, pending.partial)
    day = (today.list_cost, today.unpriced_tokens, today.lower_bound, 0, today.broken_off)
    return {
        "branch": Standing(Budget("branch"), *branch),
        "commit": Standing(Budget("commit"), *commit),
        "day": Standing(Budget("day"), *day),
    }


def _with_estimates(spent: _Spending, of_branch: Estimates, today: Estimates) -> _Spending:
    """The amounts, with the estimated part."""
    estimated: dict[Scope, int] = {
        "branch": of_branch.usage,
        "commit": int(of_branch.pending_tokens > 0),
        "day": today.usage,
    }
    return {scope: one._replace(estimated=estimated[scope]) for scope, one in spent.items()}


def _without_estimates(spent: _Spending, of_branch: Estimates, today: Estimates) -> _Spending:
    """The amounts without estimated usage, which budgets do not count."""
    estimated: dict[Scope, tuple[int, int]] = {
        "branch": (of_branch.list_cost, of_branch.unpriced_tokens),
        "commit": (of_branch.pending_list_cost, of_branch.pending_unpriced_tokens),
        "day": (today.list_cost, today.unpriced_tokens),
    }
    left: _Spending = {}
    for scope, one in spent.items():
        cost, unpriced = estimated[scope]
        left[scope] = one._replace(list_cost=one.list_cost - cost, unpriced_tokens=one.unpriced_tokens - unpriced)
    return left
