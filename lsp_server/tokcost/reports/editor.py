"""Texts for editors in ready pieces, so that a client need not format: a few characters for a status bar, rows for a
tooltip, a sentence for a screen reader; and what a line in a commit message means."""

from collections.abc import Sequence

from tokcost.model.claims import Worth
from tokcost.model.money import dollars
from tokcost.model.status import Status
from tokcost.model.trailer import KEY, Line
from tokcost.reports.amounts import ABOUT, AT_LEAST, about, amount, percent, short_tokens
from tokcost.reports.budgets import short_standing
from tokcost.reports.rules import rules_at_commit
from tokcost.reports.status import NO_LOGS, branch_amount, pending_amount, today_amount
from tokcost.reports.text import counted, escape, few, short_model
from tokcost.reports.trailers import exactness, pending_text

_MOST_NAMED, _MOST_LISTED = 6, 4
"""The assistants, and the folders, that a tooltip has room for."""
_NOTHING = Worth(0, 0, 0, ())
FOREIGN = f"This {KEY} line has no id of tokcost's: another tool or a person wrote it, and it counts nowhere here."
DAMAGED_HERE = (
    f"This {KEY} line was damaged and cannot be read. Committed like this it counts nowhere, and the next commit offers"
    " it again; to keep it to yourself, delete the whole line."
)
DAMAGED = f"This {KEY} line cannot be understood, so it will not be counted. Undo what was changed, or delete it."


def short_text(status: Status) -> str:
    """The list cost of the branch: `$1.84`, `≈$1.84`, `≥$1.84`, `$1.84 + unpriced`, `unpriced`; `no logs` where nothing
    is there that could have cost anything."""
    return NO_LOGS if has_no_logs(status) else branch_amount(status)


def has_no_logs(status: Status) -> bool:
    """Whether there is nothing that a figure could be of: no log, and no usage from earlier ones."""
    return bool(status.no_logs) and not status.tokens


def tooltip_rows(status: Status, driver: str = "", looked_in: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Pairs of label and value, most important first; what is nothing is left out. `driver` makes most of the list
    cost. Where no logs were found, `looked_in` are the folders."""
    is_empty = has_no_logs(status)
    rows = [
        ("Branch", escape(status.branch) if status.branch is not None else "(detached)"),
        ("List cost", "" if is_empty else short_text(status)),
        ("Logs", f"none found of {few([escape(one) for one in status.no_logs], _MOST_NAMED)}" if is_empty else ""),
        ("Looked in", few([escape(one) for one in looked_in], _MOST_LISTED) if is_empty else ""),
        ("Pending", pending_amount(status) if status.has_next else ""),
        ("Estimated", _estimated(status)),
        ("Today", _today(status)),
        ("Tokens", about(short_tokens(status.tokens), status.estimates.usage) if status.tokens else ""),
        ("Mostly", driver),
        ("Models", few([short_model(model) for model in status.models], 3)),
        ("Evidence", _evidence(status)),
        ("Unpriced", f"{short_tokens(status.unpriced_tokens)} tokens" if status.unpriced_tokens else ""),
        ("Lower bound", _lower_bound(status)),
        ("Broken off", _broken_off(status)),
        ("Budget", short_standing(status)),
        *(("Rule", rule) for rule in (*status.rules, *status.rules_unpriced, *status.rules_near)),
    ]
    return [(label, value) for label, value in rows if value]


def spoken(status: Status) -> str:
    """The status as a sentence, for a screen reader."""
    branch = f"branch {escape(status.branch)}" if status.branch is not None else "detached HEAD"
    if has_no_logs(status):
        return f"{branch}: no logs of AI assistants were found on this machine"
    parts = [f"{branch}: {_in_words(branch_amount(status))} list cost"]
    if status.has_next:
        parts.append(f"{_in_words(pending_amount(status))} pending")
    if estimated := _estimated(status):
        parts.append(f"estimated: {estimated}")
    if today := _today(status):
        parts.append(f"{_in_words(today)} today")
    if budget := short_standing(status):
        parts.append(f"budget {budget}")
    if rules := rules_at_commit([*status.rules, *status.rules_unpriced, *status.rules_near]):
        parts.append(_in_words(rules))
    return ", ".join(parts)


def line_meaning(line: Line, known: Worth | None, newest: int, edited: bool) -> list[str]:
    """Sentences about one line: what it says, and what is known of it here. `known` is of version `newest`."""
    if line.cost is None:
        cost = "no model in it has a known price"
    else:
        cost = f"{'' if line.exact else 'about '}${dollars(line.cost)} at list price"
        cost += ", and usage without a known price" if line.unpriced else ""
    about = "exact" if line.exact else "rounded to 1, 2 or 5 times a power of ten"
    models = ", ".join(escape(model) for model in line.models) + (
        f" and {line.more_models} more" if line.more_models else ""
    )
    said = [
        f"Says: {cost}; {'' if line.exact else 'about '}{short_tokens(line.tokens)} tokens ({about}).",
        f"Models: {models or 'hidden'}.",
        f"Claim {line.id}, version {line.version}: counts once, at its highest version, wherever it is copied.",
    ]
    if known is None:
        return [*said, "This clone's ledger does not hold this claim: somebody else's, or from another machine."]
    version = "" if newest == line.version else f" (version {newest}; this line is older)"
    how = "in part estimated" if known.has_estimates else "exactly"
    said.append(f"Yours, {how}: {pending_text(known)}{version}. These figures stay on this machine.")
    if edited:
        said.append("It was edited by hand: it does not say what was claimed.")
    return said


def lens_text(carried: Sequence[Worth], pending: Worth, branch: str | None, estimated: Worth = _NOTHING) -> str:
    """One line above a commit message; `estimated` is what stays pending."""
    if branch is None:
        return "tokcost: HEAD is detached; a commit made now carries nothing"
    waiting = f"pending on {escape(branch)}: {pending_text(pending)}" if pending.tokens else ""
    if estimated.tokens:
        stays = f"{pending_text(estimated)} estimated, in no cost line"
        waiting = f"{waiting}; {stays}" if waiting else f"pending on {escape(branch)}: {stays}"
    if not carried:
        return f"tokcost: {waiting or f'nothing is pending on {escape(branch)}'}"
    whole = Worth(
        sum(one.list_cost for one in carried),
        sum(one.tokens for one in carried),
        sum(one.unpriced_tokens for one in carried),
        (),
        has_estimates=any(one.has_estimates for one in carried),
        lower_bound=sum(one.lower_bound for one in carried),
        broken_off=sum(one.broken_off for one in carried),
    )
    said = f"tokcost: this commit carries {pending_text(whole)} ({exactness(whole)})"
    return f"{said}; {waiting}" if waiting else said


def _evidence(status: Status) -> str:
    """The evidence for usage on this branch, the most frequent first: `97% reflog, 3% transcript`."""
    whole = sum(status.evidence.values())
    order = sorted(status.evidence.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{percent(count, whole)} {name}" for name, count in order if count)


def _lower_bound(status: Status) -> str:
    """The meaning of `≥`."""
    if not status.lower_bound:
        return ""
    return f"{counted(status.lower_bound, 'reply', 'replies')} whose log tells only the least of the output"


def _broken_off(status: Status) -> str:
    """The replies whose stream broke, and their part of the amount: `2 replies, $0.12 of it, perhaps not billed`."""
    if not status.broken_off:
        return ""
    replies = counted(status.broken_off, "reply", "replies")
    cost = f"{amount(status.broken_off_list_cost, 0)} of it, " if status.broken_off_list_cost else ""
    return f"{replies}, {cost}perhaps not billed"


def _in_words(text: str) -> str:
    """An amount whose marks a screen reader would pass over."""
    return text.replace(AT_LEAST, "at least ").replace(ABOUT, "about ")


def _today(status: Status) -> str:
    if not (status.today_list_cost or status.today_unpriced_tokens):
        return ""
    return today_amount(status)


def _estimated(status: Status) -> str:
    """The part of the branch that no provider told the counts of, and its place: `≈$0.20 of it, not in cost lines`."""
    part = status.estimates
    if not part.usage:
        return ""
    what = amount(part.list_cost, part.unpriced_tokens, estimated=part.usage)
    return f"{what} of it{'' if status.takes_estimates else ', not in cost lines and budgets'}"
