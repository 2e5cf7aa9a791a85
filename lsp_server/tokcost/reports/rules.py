"""Rules as text: one sentence for each that is broken, in the language of the person."""

from collections.abc import Sequence

from tokcost.model.rules import Heard
from tokcost.reports.amounts import Marks, amount, marked, short_tokens
from tokcost.reports.text import escape
from tokcost.reports.words import Say, english


def rule_text(one: Heard, say: Say = english) -> str:
    """`small models for sub-agents: 12 responses, $4.20 list on this branch, more than $2.00; use haiku`."""
    rule, matched = one.rule, one.matched
    count = matched.requests
    responses = say("1 response") if count == 1 else say("{0} responses", f"{count:,}")
    said = f"; {escape(rule.say)}" if rule.say else ""
    parts = [responses, _spent(one, say), *_than(one, say)]
    return f"{escape(rule.name)}: {', '.join(parts)}{said}"


def rules_text(rules: Sequence[Heard], say: Say = english) -> str:
    """All of them in one line; empty if there are none."""
    said = "; ".join(rule_text(one, say) for one in rules)
    if not said:
        return ""
    return say("rules: {0}", said) if len(rules) > 1 else say("rule: {0}", said)


def _spent(one: Heard, say: Say) -> str:
    """The amount that was spent, and where it is added up."""
    matched = one.matched
    marks = Marks(matched.unpriced_tokens, matched.estimated, matched.lower_bound, matched.broken_off)
    cost = marked(matched.list_cost, marks, "list")
    match one.rule.per:
        case "branch":
            return say("{0} on this branch", cost)
        case "session":
            return say("{0} in one session", cost)
        case "day":
            return say("{0} today", cost)


def _than(one: Heard, say: Say) -> list[str]:
    """The comparison of the usage with the rule's limit; empty if one response is enough."""
    if one.rule.over is None:
        return []
    allowed = amount(one.rule.over, 0)
    if one.state == "unpriced":
        tokens = short_tokens(one.matched.unpriced_tokens)
        return [say("perhaps more than {0} ({1} tokens have no known price)", allowed, tokens)]
    return [say("near {0}", allowed) if one.state == "near" else say("more than {0}", allowed)]
