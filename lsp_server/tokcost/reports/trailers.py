"""Texts of `enable`, `preview` and `hooks status`: the line as it would be published, and its meaning."""

from collections.abc import Sequence, Set

from tokcost.model.claims import Terms, Worth
from tokcost.model.money import decimal_string
from tokcost.model.trailer import Line, format_line
from tokcost.reports.amounts import Marks, about, marked, short_tokens
from tokcost.reports.text import escape

NEW_ID = "<new id>"
EXAMPLE = Line(
    "7k3qf9x2m4tc", 1, 2_000_000_000, False, 1_000_000, ("claude-opus-4-5", "gpt-5.1-codex")
)  # the design's own example

AUTHOR_SUMS = (
    "Anyone with this repository can add up these lines per commit author. tokcost itself never does,"
    " but it cannot keep others from it."
)
NOTHING_ELSE = "No prompt, code, path, time, session, account or name is ever written."


def shown_line(line: Line, fresh: Set[str]) -> str:
    """The line as it would be written; an id that is drawn only at the commit is not shown as if it were known."""
    text = format_line(line)
    return text.replace(line.id, NEW_ID) if line.id in fresh else text


def terms_text(terms: Terms) -> str:
    """A sentence about the terms that the developer publishes under."""
    precision = (
        "amounts rounded to 1, 2 or 5 (coarse)" if terms.precision == "coarse" else "exact amounts and token classes"
    )
    models = f"models {'named' if terms.models else 'hidden'}"
    return f"{precision}, {models}{', estimates too' if terms.estimates else ''}"


def pending_text(pending: Worth) -> str:
    """The exact worth of what is pending, which stays on this machine; marked where a part is estimated."""
    marks = Marks(pending.unpriced_tokens, pending.has_estimates, pending.lower_bound, pending.broken_off)
    tokens = about(short_tokens(pending.tokens), pending.has_estimates)
    return f"{marked(pending.list_cost, marks, 'list')}, {tokens} tokens"


def exactness(worth: Worth) -> str:
    """A word on how exact an amount is that nobody else sees."""
    if worth.has_estimates:
        return "in part estimated, stays here"
    return f"{'a lower bound' if worth.lower_bound else 'exact'}, stays here"


def estimated_text(left: Worth) -> str:
    """A sentence about usage that stays pending because its counts are estimated; empty where there is none."""
    if not left.tokens:
        return ""
    return (
        f"estimated: {pending_text(left)} pending, in no cost line (`git config tokcost.estimates true` publishes it)"
    )


def ahead_text(branch: str | None, lines: Sequence[str], pending: Worth, estimated: Worth) -> str:
    """The lines of the next commit as they would be written, what they stand for, and what stays here."""
    said = "\n".join(lines) if lines else f"Nothing is pending{f' on {escape(branch)}' if branch else ''}."
    if lines:
        said += f"\npending: {pending_text(pending)} ({exactness(pending)})"
    left = estimated_text(estimated)
    return f"{said}\n{left}" if left else said


def consent_text(lines: Sequence[str], pending: Worth, terms: Terms, hooks: str = "") -> str:
    """The text that a developer must have seen before agreeing: the next line, or an example where there is none (or
    none of it will be published), what everybody can do with it, and which `hooks` are installed."""
    if lines:
        shown = "".join(f"    {text}\n" for line in lines for text in line.split("\n"))
        exact = f"for {pending_text(pending)} ({exactness(pending)})"
        what = f"The next commit on this branch would carry\n\n{shown}\n{exact}"
    else:
        text = format_line(EXAMPLE._replace(models=EXAMPLE.models if terms.models else ()))
        what = f"Nothing is pending here now; a line looks like this\n\n    {text}\n"
    return f"{what}\n{terms_text(terms).capitalize()}. {NOTHING_ELSE}\n{AUTHOR_SUMS}\n" + (
        f"\n{hooks}" if hooks else ""
    )


def preview_object(
    branch: str | None, lines: Sequence[str], pending: tuple[Worth, Worth], terms: Terms, enabled: bool, problem: str
) -> dict[str, object]:
    """A preview in the words of its contract (`tokcost.preview/1`). `pending` is what a commit would carry, and what
    would stay because its counts are estimated."""
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
