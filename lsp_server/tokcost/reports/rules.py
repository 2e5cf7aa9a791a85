"""Rules in words: one sentence for each that has something to say."""

from collections.abc import Sequence

from tokcost.model.rules import Heard
from tokcost.reports.amounts import amount
from tokcost.reports.text import counted, escape

_PER = {"branch": "on this branch", "session": "in one session", "day": "today"}


def rule_text(one: Heard) -> str:
    """`small models for sub-agents: 12 requests, $4.20 list on this branch, more than $2.00; use haiku`."""
    rule, matched = one.rule, one.matched
    cost = amount(matched.list_cost, matched.unpriced_tokens)
    how = "near" if one.is_near else "more than"
    more = f", {how} {amount(rule.over, 0)}" if rule.over is not None else ""
    listed = cost if cost == "unpriced" else f"{cost} list"
    said = f"; {escape(rule.say)}" if rule.say else ""
    return f"{escape(rule.name)}: {counted(matched.requests, 'request')}, {listed} {_PER[rule.per]}{more}{said}"


def rules_at_commit(rules: Sequence[str]) -> str:
    """All of them in one line; empty where there are none."""
    return f"{'rules' if len(rules) > 1 else 'rule'}: {'; '.join(rules)}" if rules else ""
