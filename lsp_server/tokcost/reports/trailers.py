"""Texts of `enable`, `preview` and `hooks status`: the line as it would be published, and its meaning.

An editor shows them in the user's language: what is agreed to must be understood.
"""

from collections.abc import Sequence, Set

from tokcost.model.claims import Terms, Worth
from tokcost.model.money import decimal_string
from tokcost.model.trailer import Line, format_line
from tokcost.reports.amounts import Marks, about, marked, short_tokens
from tokcost.reports.text import escape
from tokcost.reports.words import Say, english

NEW_ID = "<new id>"
EXAMPLE = Line(
    "7k3qf9x2m4tc", 1, 2_000_000_000, False, 1_000_000, ("claude-opus-4-5", "gpt-5.1-codex")
)  # the design's own example


def shown_line(line: Line, fresh: Set[str]) -> str:
    """The line as it would be written; an id that is drawn only at the commit is shown as a placeholder."""
    text = format_line(line)
    # An id that is shown would be looked for later, and the commit draws another one.
    return text.replace(line.id, NEW_ID) if line.id in fresh else text


def terms_text(terms: Terms, say: Say = english) -> str:
    """A sentence about the developer's terms of publication."""
    is_coarse = terms.precision == "coarse"
    said = [say("amounts rounded to 1, 2 or 5 (coarse)") if is_coarse else say("exact amounts and token classes")]
    said.append(say("models named") if terms.models else say("models hidden"))
    return ", ".join([*said, *([say("estimates too")] if terms.estimates else [])])


def pending_text(pending: Worth, say: Say = english) -> str:
    """The exact worth of pending usage, which stays on this machine; marked if a part is estimated."""
    marks = Marks(pending.unpriced_tokens, pending.has_estimates, pending.lower_bound, pending.broken_off)
    tokens = about(short_tokens(pending.tokens), pending.has_estimates)
    return say("{0}, {1} tokens", marked(pending.list_cost, marks, "list"), tokens)


def exactness(worth: Worth, say: Say = english) -> str:
    """A word for the exactness of an amount that nobody else sees."""
    if worth.has_estimates:
        return say("in part estimated, stays here")
    return say("a lower bound, stays here") if worth.lower_bound else say("exact, stays here")


def estimated_text(left: Worth, say: Say = english) -> str:
    """A sentence about usage that stays pending because its counts are estimated; empty if there is none."""
    if not left.tokens:
        return ""
    return say(
        "estimated: {0} pending, in no cost line (`{1}` publishes it)",
        pending_text(left, say),
        "git config tokcost.estimates true",
    )


def ahead_text(branch: str | None, lines: Sequence[str], pending: Worth, estimated: Worth, say: Say = english) -> str:
    """The lines of the next commit as they would be written, the usage behind them, and the usage that stays here."""
    said = "\n".join(lines)
    if lines:
        said += f"\n{say('pending: {0} ({1})', pending_text(pending, say), exactness(pending, say))}"
    else:
        said = say("Nothing is pending on {0}.", escape(branch)) if branch else say("Nothing is pending.")
    left = estimated_text(estimated, say)
    return f"{said}\n{left}" if left else said


def consent_text(lines: Sequence[str], pending: Worth, terms: Terms, hooks: str = "", say: Say = english) -> str:
    """The text that a developer must have seen before agreeing: the next line, or an example if there is none (or
    none of it will be published), what everybody can do with it, and which `hooks` are installed."""
    if lines:
        shown = "".join(f"    {text}\n" for line in lines for text in line.split("\n"))
        exact = say("for {0} ({1})", pending_text(pending, say), exactness(pending, say))
        what = f"{say('The next commit on this branch would carry')}\n\n{shown}\n{exact}"
    else:
        text = format_line(EXAMPLE._replace(models=EXAMPLE.models if terms.models else ()))
        what = f"{say('Nothing is pending here; a line looks like this')}\n\n    {text}\n"
    said = terms_text(terms, say)
    nothing_else = say("No prompt, code, path, time, session, account or name is ever written.")
    author_sums = say(
        "Anyone with this repository can add up these lines per commit author. tokcost itself never does, but cannot"
        " prevent others from doing so."
    )
    return f"{what}\n{said[:1].upper()}{said[1:]}. {nothing_else}\n{author_sums}\n" + (f"\n{hooks}" if hooks else "")


def preview_object(
    branch: str | None, lines: Sequence[str], pending: tuple[Worth, Worth], terms: Terms, enabled: bool, problem: str
) -> dict[str, object]:
    """A preview in the form of its contract (`tokcost.preview/1`). `pending` is the usage that a commit would carry,
    and the usage that would stay because its counts are estimated."""
    taken, left = pending
    return {
        "schema": "tokcost.preview/1",
        "branch": branch,
        "enabled": enabled,
        "problem": problem,
        "precision": terms.precision,
        "models": terms.models,
        "lines": list(lines),
        "new_id": NEW_ID,
        "pending": {"tokens": taken.tokens, "list_cost": decimal_string(taken.list_cost)},
        "estimates": terms.estimates,
        "estimated": {"tokens": left.tokens, "list_cost": decimal_string(left.list_cost)},
    }
