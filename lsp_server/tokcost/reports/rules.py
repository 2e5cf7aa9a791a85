"""Rules as text: one sentence for each that is broken."""

from collections.abc import Sequence

from tokcost.model.rules import Heard
from tokcost.reports.amounts import Marks, amount, marked, short_tokens
from tokcost.reports.text import counted, escape

_PER = {"branch": "on this branch", "session": "in one session", "day": "today"}


def rule_text(one: Heard) -> str:
    """`small models for sub-agents: 12 requests, $4.20 list on this branch, more than $2.00; use haiku`."""
    rule, matched = one.rule, one.matched
    marks = Marks(matched.unpriced_tokens, matched.estimated, matched.lower_bound, matched.broken_off)
    cost = f"{marked(matched.list_cost, marks, 'list')} {_PER[rule.per]}"
    said = f"; {escape(rule.say)}" if rule.say else ""
    return f"{escape(rule.name)}: {counted(matched.requests, 'request')}, {cost}{_than(one)}{said}"


def _than(one: Heard) -> str:
    """The comparison of the usage with the rule's limit."""
    if one.rule.over is None:
        return ""
    allowed = amount(one.rule.over, 0)
    if one.state == "unpriced":
        return f", perhaps more than {allowed} ({short_tokens(one.matched.unpriced_tokens)} tokens have no known price)"
    return f", {'near' if one.state == 'near' else 'more than'} {allowed}"


def rules_at_commit(rules: Sequence[str]) -> str:
    """All of them in one line; empty if there are none."""
    return f"{'rules' if len(rules) > 1 else 'rule'}: {'; '.join(rules)}" if rules else ""
