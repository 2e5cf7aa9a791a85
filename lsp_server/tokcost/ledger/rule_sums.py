"""Sums of the usage that matches a rule. Nothing here writes."""

import json
from collections.abc import Iterable
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.query import FOREVER
from tokcost.model.rules import Matched, Rule

# By place, since usage is indexed by place and time.
_CONDITIONS = {
    "branch": "usage.place IN (SELECT id FROM place WHERE repository = :repository AND branch = :branch)",
    "session": "usage.place IN (SELECT id FROM place WHERE repository = :repository AND branch = :branch)",
    "day": "usage.place IN (SELECT id FROM place WHERE repository = :repository) AND time_ms >= :since",
}
_KINDS = {"compaction": "instr(key, '#compaction') > 0", "broken": "kind = 'partial'"}


class RuleScope(NamedTuple):
    """The usage that rules consider: of a branch, and of the repository from a moment on (milliseconds UTC)."""

    repository: int
    branch: str | None
    since_ms: int


def matched(
    ledger: Ledger, rule: Rule, span: RuleScope, subagents: Iterable[int], *, takes_estimates: bool = False
) -> Matched:
    """The usage that matches a rule on a branch, in one session there, or in a repository since a moment.

    The session is one that exceeds the rule's limit, else one for which this is unknown, else the most expensive.
    `subagents` are the row ids of logs of sub-agents; other logs mark sub-agents themselves.
    """
    conditions = [_CONDITIONS[rule.per], *([] if takes_estimates else ["NOT estimated"])]
    if rule.models:
        conditions.append("EXISTS (SELECT 1 FROM json_each(:models) WHERE lower(model) GLOB value)")
    if rule.assistants:
        conditions.append("EXISTS (SELECT 1 FROM json_each(:assistants) WHERE assistant.name GLOB value)")
    if rule.subagent is not None:
        known = "(series.subagent OR ifnull(source IN (SELECT value FROM json_each(:subagents)), 0))"
        conditions.append(known if rule.subagent else f"NOT {known}")
    if rule.context is not None:
        conditions.append("input + cache_read + cache_write_5m + cache_write_1h > :context")
    if rule.kind:
        conditions.append(_KINDS[rule.kind])
    values = {
        "repository": span.repository,
        "branch": span.branch or "",
        "since": span.since_ms,
        "models": json.dumps(rule.models),
        "assistants": json.dumps(rule.assistants),
        "subagents": json.dumps(list(subagents)) if rule.subagent is not None else "[]",
        "context": rule.context or 0,
        "over": rule.over if rule.over is not None else FOREVER,
    }
    grouped = (
        " GROUP BY session ORDER BY cost > :over DESC, unpriced > 0 DESC, cost DESC LIMIT 1"
        if rule.per == "session"
        else ""
    )
    row = ledger.db.execute(
        "SELECT count(*), ifnull(sum(list_cost), 0) AS cost,"
        " ifnull(sum(iif(list_cost IS NULL, tokens, 0)), 0) AS unpriced,"
        " ifnull(sum(lower_bound), 0), ifnull(sum(estimated), 0), ifnull(sum(kind = 'partial'), 0)"
        " FROM usage JOIN series ON series.id = series JOIN assistant ON assistant.id = series.assistant"
        f" WHERE {' AND '.join(conditions)}{grouped}",
        values,
    ).fetchone()
    return Matched(*row) if row is not None else Matched()
