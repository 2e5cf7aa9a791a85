"""`tokcost log --json` and `tokcost status --json`: stable contracts, to which fields may be added, none removed.

Money is a decimal string with nine places, times are RFC 3339 UTC, tokens are integers. A name that is not valid UTF-8
keeps its bytes as lone surrogates in `\\u` escapes.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from tokcost.model.budget import worst
from tokcost.model.figures import (
    BranchRow,
    CommitRow,
    Conservation,
    Estimates,
    Figures,
    SessionRow,
    Split,
    Summary,
    by_period,
)
from tokcost.model.money import decimal_string
from tokcost.model.periods import Period
from tokcost.model.status import Status
from tokcost.reports.budget_table import budget_objects
from tokcost.reports.rules import rule_text

Json = Mapping[str, object]


def log_json(summaries: list[Summary], all_repos: bool, by: Period | None = None, zone: str = "") -> str:
    """One object (`tokcost.log/1`); with `--all-repos` an array of such objects, one for each repository. Periods
    are in the time zone `zone`, or in this machine's."""
    named: Json = {"timezone": zone or None} if by is not None else {}
    objects = [{**log_object(summary, by or "day"), **named} for summary in summaries]
    return _dumped(objects if all_repos else objects[0])


def status_json(status: Status) -> str:
    """One object (`tokcost.status/1`), on one line."""
    return json.dumps(status_object(status) | {"notice": status.notice})


def status_object(status: Status) -> dict[str, object]:
    """A status in the form of the contract."""
    return {
        "schema": "tokcost.status/1",
        "repository": status.repository,
        "branch": status.branch,
        "currency": "USD",
        "basis": "list",
        "list_cost": decimal_string(status.list_cost),
        "pending_list_cost": decimal_string(status.pending_list_cost),
        "today_list_cost": decimal_string(status.today_list_cost),
        "tokens": status.tokens,
        "unpriced_tokens": status.unpriced_tokens,
        "today_unpriced_tokens": status.today_unpriced_tokens,
        "lower_bound": status.lower_bound,
        "today_lower_bound": status.today_lower_bound,
        "broken_off": status.broken_off,
        "today_broken_off": status.today_broken_off,
        **estimated_fields(status.estimates),
        "today_estimated_counts": status.today_estimated,
        "takes_estimates": status.takes_estimates,
        "models": status.models,
        "evidence": status.evidence,
        "budget_state": worst(status.budgets),
        "budgets": budget_objects(status),
        "rules": [rule_text(one) for one in status.rules],
        "rules_unpriced": [rule_text(one) for one in status.rules_unpriced],
        "rules_near": [rule_text(one) for one in status.rules_near],
        "not_agreed": status.not_agreed,
        "current": status.current,
    }


def log_object(summary: Summary, by: Period = "day") -> Json:
    """A summary in the form of the contract."""
    return {
        "schema": "tokcost.log/1",
        "repository": summary.repository,
        "currency": "USD",
        "basis": "list",
        "branches": [branch_object(row, by) for row in summary.branches],
        "unplaced": {**_split(summary.unplaced), **_periods(summary.unplaced_days, by)},
        "totals": _split(summary.totals),
        "conservation": conservation_object(summary.conservation),
        "takes_estimates": summary.takes_estimates,
        "skipped": {
            "records": sum(summary.skipped.records.values()),
            "files": [{"path": path, "reason": reason} for path, reason in summary.skipped.files],
            "reasons": summary.skipped.records,
        },
        "looked_in": summary.looked_in,
        "notes": summary.notes,
        **({"plans": _plans(summary)} if summary.plans else {}),
        **({"sessions": [_session(row) for row in summary.sessions]} if summary.sessions else {}),
    }


def _session(row: SessionRow) -> Json:
    """A session with its complete id, and its usage on each branch; unplaced usage is under the empty name."""
    branches = _each(row.branches)
    return {"session": row.session, "assistant": row.assistant, **_split(row.split), "branches": branches}


def _periods(days: dict[str, Figures], by: Period) -> Json:
    return {f"{by}s": _each(by_period(days, by))} if days else {}


def branch_object(row: BranchRow, by: Period) -> Json:
    """A branch in the form of the contract."""
    return {
        "branch": row.branch,
        "current": row.current,
        "state": row.state,
        **_split(row.split),
        "squashed": row.squashed,
        "carried_on": list(row.carried_on),
        "commits": [commit_object(commit) for commit in row.commits],
        "conservation": conservation_object(row.parts),
        "lost": {"tokens": row.lost[0], "list_cost": decimal_string(row.lost[1])},
        **_periods(row.days, by),
        **({"sessions": row.sessions} if row.sessions is not None else {}),
    }


def commit_object(row: CommitRow) -> Json:
    """A commit and the usage of one branch that it carries; `versions` has the version of each claim."""
    return {
        "commit": row.commit,
        "claims": list(row.claims),
        "list_cost": decimal_string(row.list_cost),
        "tokens": row.tokens,
        "unpriced_tokens": row.unpriced_tokens,
        "has_estimates": row.has_estimates,
        "published": row.published,
        "versions": row.claims,
        "branch": row.branch or None,
        "copies": list(row.copies),
        "subject": row.subject,
        "time": time_text(row.time_ms),
    }


def _plans(summary: Summary) -> list[dict[str, object]]:
    from tokcost.reports.plans import leverage_objects  # few have entered plans

    return leverage_objects(summary.plans)


def _split(split: Split) -> Json:
    return {
        **figures_object(split.total),
        "assistants": _each(split.assistants),
        "models": _each(split.models),
        "evidence": split.evidence,
    }


def _each(split: dict[str, Figures]) -> Json:
    return {name: figures_object(figures) for name, figures in split.items()}


def figures_object(figures: Figures) -> Json:
    """A sum in the form of the contract."""
    return {
        "usage": figures.usage,
        "tokens": figures.tokens._asdict() | {"total": figures.tokens.total},
        "list_cost": decimal_string(figures.list_cost),
        "unpriced_tokens": figures.unpriced_tokens,
        "pending_list_cost": decimal_string(figures.pending_list_cost),
        "pending_tokens": figures.pending_tokens,
        "first": time_text(figures.first_ms),
        "last": time_text(figures.last_ms),
        "partial": _part(figures.partial, figures.partial_tokens, figures.partial_list_cost),
        "unlogged": _part(figures.unlogged, figures.unlogged_tokens, figures.unlogged_list_cost),
        "estimated": _part(figures.estimated, figures.estimated_tokens, figures.estimated_list_cost),
        "lower_bound": figures.lower_bound,
        **estimated_fields(figures.estimates),
    }


def estimated_fields(part: Estimates) -> Json:
    """The part of figures with estimated counts: responses, and their share of the other fields."""
    return {
        "estimated_counts": part.usage,
        "estimated_counts_tokens": part.tokens,
        "estimated_counts_list_cost": decimal_string(part.list_cost),
        "pending_estimated_tokens": part.pending_tokens,
        "pending_estimated_list_cost": decimal_string(part.pending_list_cost),
    }


def _part(usage: int, tokens: int, list_cost: int) -> Json:
    return {"usage": usage, "tokens": tokens, "list_cost": decimal_string(list_cost)}


def conservation_object(sums: Conservation) -> Json:
    """The parts of a sum that closes, in the form of the contract."""
    names = ("total", "carried", "withheld", "bound", "pending", "unplaced")
    pairs: list[tuple[int, int]] = [getattr(sums, name) for name in names]
    return {
        name: {"tokens": tokens, "list_cost": decimal_string(cost)}
        for name, (tokens, cost) in zip(names, pairs, strict=True)
    }


def time_text(ms: int | None) -> str | None:
    """A time in milliseconds UTC as RFC 3339. Milliseconds are shown only if they are not zero, so whole seconds
    have the usual form."""
    if ms is None:
        return None
    moment = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{ms % 1000:03d}Z" if ms % 1000 else f"{moment}Z"


def _dumped(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
