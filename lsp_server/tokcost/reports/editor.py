"""Texts for editors in ready pieces, so that a client need not format: a short text for a status bar, rows for a
tooltip, a sentence for a screen reader, and the meaning of a line in a commit message.

Each text goes through `say`, for the user's language. Amounts and counts have the same form as everywhere.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tokcost.model.budget import State
from tokcost.model.claims import Worth
from tokcost.model.money import dollars
from tokcost.model.status import Status
from tokcost.model.trailer import KEY, Line
from tokcost.reports.amounts import ABOUT, AT_LEAST, Marks, about, amount, marked, percent, short_tokens
from tokcost.reports.budgets import most_pressing, pressing_share, state_of
from tokcost.reports.rules import rule_text, rules_text
from tokcost.reports.status import branch_amount, pending_amount, today_amount
from tokcost.reports.text import escape, few, short_model
from tokcost.reports.words import Say

_MOST_NAMED, _MOST_LISTED = 6, 4
"""The number of assistants, and of folders, for which a tooltip has room."""
_NOTHING = Worth(0, 0, 0, ())
_MARKED = re.compile(f"([{AT_LEAST}{ABOUT}]+)(\\S+)")
"""A number preceded by its marks."""


class TooltipRow(NamedTuple):
    """A row of a tooltip."""

    name: str
    """The untranslated name of the row, by which clients find it."""
    label: str
    value: str


def foreign_text(say: Say) -> str:
    """A sentence about a foreign line under our key."""
    return say("This {0} line has no tokcost id: another tool or a person wrote it, and it is not counted here.", KEY)


def damaged_here_text(say: Say) -> str:
    """A sentence about a damaged line of this commit."""
    return say(
        "This {0} line was damaged and cannot be read. If you commit it like this, it is not counted, and the next"
        " commit offers it again; to keep it private, delete the whole line.",
        KEY,
    )


def damaged_text(say: Say) -> str:
    """A sentence about a damaged line of which nothing else is known."""
    return say("This {0} line cannot be parsed, so it will not be counted. Undo the change, or delete the line.", KEY)


def short_text(status: Status, say: Say) -> str:
    """The list cost of the branch: `$1.84`, `≈$1.84`, `≥$1.84`, `$1.84 + unpriced`, `unpriced`; `no logs` if there
    is nothing that could have cost anything."""
    return say("no logs") if has_no_logs(status) else branch_amount(status)


def has_no_logs(status: Status) -> bool:
    """Whether there is nothing to base a figure on: no log, and no usage from earlier ones."""
    return bool(status.no_logs) and not status.tokens


def tooltip_rows(status: Status, say: Say, driver: str = "", looked_in: Sequence[str] = ()) -> list[TooltipRow]:
    """Rows, most important first; empty values are left out. `driver` causes most of the list cost. If no logs were
    found, `looked_in` are the folders."""
    is_empty = has_no_logs(status)
    named = few([escape(one) for one in status.no_logs], _MOST_NAMED)
    rows = [
        TooltipRow("branch", say("Branch"), escape(status.branch) if status.branch is not None else say("(detached)")),
        TooltipRow("list_cost", say("List cost"), "" if is_empty else branch_amount(status)),
        TooltipRow("logs", say("Logs"), say("none found of {0}", named) if is_empty else ""),
        TooltipRow(
            "looked_in",
            say("Looked in"),
            few([escape(one) for one in looked_in], _MOST_LISTED) if is_empty else "",
        ),
        TooltipRow("pending", say("Pending"), pending_amount(status) if status.has_next else ""),
        TooltipRow("estimated", say("Estimated"), _estimated(status, say)),
        TooltipRow("today", say("Today"), _today(status)),
        TooltipRow(
            "tokens", say("Tokens"), about(short_tokens(status.tokens), status.estimates.usage) if status.tokens else ""
        ),
        TooltipRow("mostly", say("Mostly"), driver),
        TooltipRow("models", say("Models"), few([short_model(model) for model in status.models], 3)),
        TooltipRow("evidence", say("Evidence"), _evidence(status, say)),
        TooltipRow("unpriced", say("Unpriced"), _unpriced(status, say)),
        TooltipRow("lower_bound", say("Lower bound"), _lower_bound(status, say)),
        TooltipRow("broken_off", say("Broken off"), _broken_off(status, say)),
        TooltipRow("budget", say("Budget"), budget_text(status, say)),
        *(TooltipRow("rule", say("Rule"), rule_text(one, say)) for one in status.all_rules),
    ]
    return [row for row in rows if row.value]


def cost_lines_row(say: Say, *, omitted: bool) -> TooltipRow:
    """The row of a clone whose commits carry lines."""
    return TooltipRow("cost_lines", say("Cost lines"), say("on, left out of the next commit") if omitted else say("on"))


def spoken(status: Status, say: Say) -> str:
    """The status as a sentence for a screen reader."""
    branch = say("branch {0}", escape(status.branch)) if status.branch is not None else say("detached HEAD")
    if has_no_logs(status):
        return say("{0}: no logs of AI assistants were found on this machine", branch)
    parts = [say("{0}: {1} list cost", branch, _aloud(branch_amount(status), say))]
    if status.has_next:
        parts.append(say("{0} pending", _aloud(pending_amount(status), say)))
    if estimated := _estimated(status, say):
        parts.append(say("estimated: {0}", _aloud(estimated, say)))
    if today := _today(status):
        parts.append(say("{0} today", _aloud(today, say)))
    if budget := budget_text(status, say):
        parts.append(say("budget {0}", _aloud(budget, say)))
    if rules := rules_text(status.all_rules, say):
        parts.append(_aloud(rules, say))
    return ", ".join(parts)


def budget_text(status: Status, say: Say) -> str:
    """The most urgent budget and its meaning: `branch 85% of $20.00, near the limit`; empty if there is none."""
    one = most_pressing(status)
    if one is None:
        return ""
    scope = {"branch": say("branch"), "commit": say("commit"), "day": say("day")}[one.budget.scope]
    said = say("{0} {1} of {2}", scope, pressing_share(one), f"${dollars(one.budget.limit or 0)}")
    state: State = state_of(status)
    if state == "near":
        return say("{0}, near the limit", said)
    return say("{0}, over the limit", said) if state == "over" else said


def line_meaning(line: Line, known: Worth | None, newest: int, edited: bool, say: Say) -> list[str]:
    """Sentences about one line: its contents, and what is known about it here. `known` is of version `newest`."""
    said = [
        say("Says: {0}; {1}.", _line_cost(line, say), _line_tokens(line, say)),
        say("Models: {0}.", _line_models(line, say)),
        say(
            "Claim {0}, version {1}: counts once, at its highest version, wherever it is copied.", line.id, line.version
        ),
    ]
    if known is None:
        return [
            *said,
            say("This clone's ledger does not have this claim: it is somebody else's, or from another machine."),
        ]
    worth = worth_text(known, say)
    if newest != line.version:
        worth = say("{0} (version {1}; this line is older)", worth, newest)
    said.append(_yours(known, worth, say))
    if edited:
        said.append(say("It was edited by hand: it differs from what was claimed."))
    return said


def _yours(known: Worth, worth: str, say: Say) -> str:
    if known.has_estimates:
        return say("Yours, in part estimated: {0}. These figures stay on this machine.", worth)
    if known.lower_bound:
        return say("Yours, as far as the log shows: {0}. These figures stay on this machine.", worth)
    return say("Yours, exactly: {0}. These figures stay on this machine.", worth)


def _line_cost(line: Line, say: Say) -> str:
    if line.cost is None:
        return say("no model in it has a known price")
    cost = f"${dollars(line.cost)}"
    priced = say("{0} at list price", cost) if line.exact else say("about {0} at list price", cost)
    return say("{0}, and usage without a known price", priced) if line.unpriced else priced


def _line_tokens(line: Line, say: Say) -> str:
    tokens = short_tokens(line.tokens)
    if line.exact:
        return say("{0} tokens (exact)", tokens)
    return say("about {0} tokens (rounded to 1, 2 or 5 times a power of ten)", tokens)


def _line_models(line: Line, say: Say) -> str:
    models = ", ".join(escape(model) for model in line.models)
    if line.more_models:
        return say("{0} and {1} more", models, line.more_models)
    return models or say("hidden")


def lens_text(
    carried: Sequence[Worth], pending: Worth, branch: str | None, say: Say, estimated: Worth = _NOTHING
) -> str:
    """One line above a commit message; `estimated` is the part that stays pending."""
    if branch is None:
        return say("tokcost: HEAD is detached; a commit made now carries nothing")
    waiting = _waiting(pending, escape(branch), estimated, say)
    if not carried:
        return f"tokcost: {waiting or say('nothing is pending on {0}', escape(branch))}"
    whole = Worth(
        sum(one.list_cost for one in carried),
        sum(one.tokens for one in carried),
        sum(one.unpriced_tokens for one in carried),
        (),
        has_estimates=any(one.has_estimates for one in carried),
        lower_bound=sum(one.lower_bound for one in carried),
        broken_off=sum(one.broken_off for one in carried),
    )
    said = _carries(whole, worth_text(whole, say), say)
    return f"{said}; {waiting}" if waiting else said


def _carries(whole: Worth, worth: str, say: Say) -> str:
    if whole.has_estimates:
        return say("tokcost: this commit carries {0} (in part estimated, stays here)", worth)
    if whole.lower_bound:
        return say("tokcost: this commit carries {0} (a lower bound, stays here)", worth)
    return say("tokcost: this commit carries {0} (exact, stays here)", worth)


def _waiting(pending: Worth, branch: str, estimated: Worth, say: Say) -> str:
    """The worth that no commit carries yet; empty if there is none."""
    waiting = say("pending on {0}: {1}", branch, worth_text(pending, say)) if pending.tokens else ""
    if not estimated.tokens:
        return waiting
    stays = say("{0} estimated, in no cost line", worth_text(estimated, say))
    return f"{waiting}; {stays}" if waiting else say("pending on {0}: {1}", branch, stays)


def worth_text(worth: Worth, say: Say) -> str:
    """An amount and its tokens: `$1.84 list, 1.2M tokens`."""
    marks = Marks(worth.unpriced_tokens, worth.has_estimates, worth.lower_bound, worth.broken_off)
    tokens = about(short_tokens(worth.tokens), worth.has_estimates)
    return say("{0}, {1} tokens", marked(worth.list_cost, marks, "list"), tokens)


def _evidence(status: Status, say: Say) -> str:
    """The evidence for usage on this branch, most frequent first: `97% reflog, 3% transcript`."""
    names = {
        "observed": say("observed"),
        "reflog": say("reflog"),
        "transcript": say("transcript"),
        # As `text.evidence_word`: on a screen, only commits carry.
        "carried": say("followed"),
        "assigned": say("assigned"),
    }
    whole = sum(status.evidence.values())
    order = sorted(status.evidence.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{percent(count, whole)} {names.get(name, name)}" for name, count in order if count)


def _unpriced(status: Status, say: Say) -> str:
    return say("{0} tokens", short_tokens(status.unpriced_tokens)) if status.unpriced_tokens else ""


def _lower_bound(status: Status, say: Say) -> str:
    """The meaning of `≥`."""
    if not status.lower_bound:
        return ""
    return say("{0} whose log records only a minimum of the output", _responses(status.lower_bound, say))


def _broken_off(status: Status, say: Say) -> str:
    """The responses that broke off, and their share of the amount: `2 responses, $0.12 of it, perhaps not billed`."""
    if not status.broken_off:
        return ""
    responses = _responses(status.broken_off, say)
    if not status.broken_off_list_cost:
        return say("{0}, perhaps not billed", responses)
    return say("{0}, {1} of it, perhaps not billed", responses, amount(status.broken_off_list_cost, 0))


def _responses(count: int, say: Say) -> str:
    return say("1 response") if count == 1 else say("{0} responses", f"{count:,}")


def _aloud(text: str, say: Say) -> str:
    """A text with the marks of its amounts in words, because a screen reader would skip them."""

    def said(found: re.Match[str]) -> str:
        # The inner mark first, so that a number with both reads "at least about".
        spoken = say("about {0}", found[2]) if ABOUT in found[1] else found[2]
        return say("at least {0}", spoken) if AT_LEAST in found[1] else spoken

    return _MARKED.sub(said, text)


def _today(status: Status) -> str:
    if not (status.today_list_cost or status.today_unpriced_tokens):
        return ""
    return today_amount(status)


def _estimated(status: Status, say: Say) -> str:
    """The part of the branch whose counts no provider reported, and where it counts: `≈$0.20 of it, not in cost
    lines`."""
    part = status.estimates
    if not part.usage:
        return ""
    what = amount(part.list_cost, part.unpriced_tokens, estimated=part.usage)
    return say("{0} of it", what) if status.takes_estimates else say("{0} of it, not in cost lines and budgets", what)
