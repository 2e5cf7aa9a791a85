"""The output of `tokcost report`: the total first, the rows below it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from tokcost.model.changes import FEWEST, USUAL, Cell, Change, Grouping, Report, quantile
from tokcost.model.dataset import Grouped
from tokcost.reports.amounts import amount, bar, percent, places_beside, short_tokens
from tokcost.reports.layout import Column, Line, Piece, paragraph, table
from tokcost.reports.text import counted, escape, few, short_model

TITLES: dict[Grouping, str] = {
    "area": "AREA",
    "model": "MODEL",
    "month": "MONTH",
    "week": "WEEK",
    "tag": "RELEASE",
    "size": "SIZE OF CHANGE",
    "type": "TYPE",
    "issue": "ISSUE",
}
_BAR_COLUMNS = 8


def cost(report: Grouped, list_cost: int, unpriced: bool = False, tokens: int = 1) -> str:
    """An amount as published: `~$2.00` unless all lines are exact."""
    text = amount(list_cost, int(unpriced and tokens > 0), places_beside(report.list_cost))
    return text if text == "unpriced" or report.precision == "exact" else f"~{text}"


def total(report: Report) -> str:
    """`~$45.00 list`, or `unpriced`."""
    text = cost(report, report.list_cost, any(line.unpriced for line in report.lines))
    return text if text == "unpriced" else text.replace(" + unpriced", "") + " list" + _more(text)


def _more(text: str) -> str:
    return " + unpriced" if text.endswith(" + unpriced") else ""


def report_lines(report: Report, by: Grouping | None, columns_wide: int | None, decorated: bool) -> list[Line]:
    """Everything about one range."""
    if not report.changes:
        said = nothing(report)
        return [line for text in [*said, *map(escape, report.notes)] for line in paragraph(text, columns_wide, "plain")]
    lines = [line for text in summary(report, by) for line in paragraph(text, columns_wide, "plain")]
    lines.append([])
    if by is None:
        lines += table(_change_columns(report), columns_wide)
    elif by in report.groups:
        lines += table(cell_columns(report, by, report.groups[by], decorated), columns_wide)
    else:
        lines += paragraph(withheld(report, by), columns_wide, "warn")
    said = [*footer(report, by)]
    return [*lines, *([[]] if said else []), *(line for text in said for line in paragraph(text, columns_wide))]


def summary(report: Report, by: Grouping | None) -> list[str]:
    """The result in a few sentences."""
    values = [change.list_cost for change in report.changes]
    changes = counted(len(values), "change")
    lines = [f"{escape(report.range)}: {total(report)}, {short_tokens(report.tokens)} tokens in {changes}"]
    if len(values) > 2:
        middle = cost(report, quantile(values, 0.5))
        lines[0] += f"; half of them up to {middle}, nine in ten up to {cost(report, quantile(values, 0.9))}"
    if report.unpriced_tokens:
        lines.append(f"unpriced: {percent(report.unpriced_tokens, report.tokens)} of the tokens, in no amount")
    if by is None:
        lines += [text for text in (taken_back(report), changed_again(report), still_open(report)) if text]
    lines.append(covered(report))
    return [line for line in lines if line]


def taken_back(report: Report) -> str:
    """A sentence about the cost of changes that were reverted; empty if there are none."""
    parts: list[str] = []
    # Which part of the cost a partial revert took back is not known.
    for state, most in (("reverted", ""), ("partly reverted", "up to ")):
        found = [change for change in report.changes if change.state == state]
        if found:
            spent = cost(report, sum(change.reverted_cost for change in found))
            parts.append(f"{state} later: {most}{spent} list, {counted(len(found), 'change')}")
    return "; ".join(parts)


def changed_again(report: Report) -> str:
    """A sentence about the cost of changes most of whose lines were changed again; empty if not requested."""
    found = report.reworked
    if found is None:
        return ""
    days = counted(found.days, "day")
    text = f"changed again within {days}: {cost(report, found.list_cost)} list, {counted(found.changes, 'change')}"
    young = f"; {counted(found.too_young, 'change')} younger than that" if found.too_young else ""
    return f"{text} of which at least half of the lines{young}"


def still_open(report: Report) -> str:
    """A sentence about the cost carried by unmerged branches; empty if there is none."""
    if not report.open:
        return ""
    lines = [line for one in report.open for line in one.lines]
    spent = cost(report, sum(line.cost or 0 for line in lines), any(line.unpriced for line in lines))
    return f"not merged yet: {spent} list on {counted(len(report.open), 'branch', 'branches')}, not in the sum"


def covered(report: Report) -> str:
    """A sentence about the share of commits with a line, if it may be shown."""
    if report.coverage is None or not report.coverage.commits:
        return ""
    share = percent(report.coverage.with_line, report.coverage.commits)
    return f"covered: {share} of {counted(report.coverage.commits, 'commit')} carry a cost line"


def withheld(report: Report, by: str) -> str:
    """The reason why a grouping, or several, are not shown."""
    return {str(name): escape(why) for name, why in report.missing.items()}.get(by) or (
        f"No figures by {by} for this range: they would reveal what one person spent. Each figure needs"
        f" {report.contributors_needed} contributors with cost lines, none of whom stands out, even in combination"
        f" with other groupings. A longer range may have such figures; the total and the single changes are always"
        f" shown."
        f" {governed_by(report)}"
    )


def governed_by(report: Report) -> str:
    """A sentence about the setting that determines the required number of contributors."""
    here = f"{report.contributors_needed} here; {FEWEST} at least, {USUAL} unless set"
    return f"The number is `contributors` in [report] of the repository's .tokcost.toml ({here}). Bots do not count."


def nothing(report: Report) -> list[str]:
    """The text if no line was found, and its meaning."""
    said = [
        f"No cost lines in {escape(report.range)}; {counted(report.commits, 'commit')} read.",
        "A commit has one only if its author ran `tokcost enable` in that clone, and it stays only if merging keeps"
        " messages: a squash that keeps only the title drops it. `tokcost preview` shows what your next commit"
        " would carry, `tokcost log` what was spent on this machine.",
    ]
    if report.open:
        said.append(still_open(report).capitalize() + ".")
    return said + footer(report, None)


def footer(report: Report, by: Grouping | None) -> list[str]:
    """The remarks below the figures."""
    lines: list[str] = []
    if report.changes and report.precision != "exact":
        some = "some" if report.precision == "mixed" else "all"
        lines.append(f"~ {some} amounts were published rounded to 1, 2 or 5; sums of many are close to the exact ones")
    other = next((cell for cell in report.groups.get(by, []) if cell.merged), None) if by else None
    if by in ("month", "week") and by in report.groups:
        lines += _about_periods(report, by)
    elif other:
        lines.append(
            f"(other): {counted(other.merged, 'row')} that alone or by subtraction would reveal what one person spent"
        )
    if by == "area" and by in report.groups:
        lines.append("a change that touches several areas is split by changed lines")
    if by == "issue" and by in report.groups:
        lines.append("a change that refers to several issues is split among them in equal parts")
    if by == "model" and any(cell.name == "(several)" for cell in report.groups.get(by, [])):
        lines.append("(several): lines name one amount for all their models")
    if report.reworked is not None:
        lines.append("list cost does not measure productivity: lines are changed again for good reasons, too")
    if report.foreign_lines:
        lines.append(f"foreign: {counted(report.foreign_lines, 'AI-Cost line')} without a tokcost id, in no sum")
    if report.damaged:
        lines.append(f"damaged: {counted(len(report.damaged), 'line')} not parsed; --verbose shows them")
    return [*lines, *(f"note: {escape(note)}" for note in report.notes)]


def _about_periods(report: Report, by: Literal["month", "week"]) -> list[str]:
    """The time zone of the periods, and why some of them are merged."""
    joined = [cell for cell in report.groups[by] if cell.merged]
    lines = ["weeks are ISO 8601 weeks, Monday to Sunday, in UTC"] if by == "week" else ["months are in UTC"]
    if joined:
        count = counted(sum(cell.merged for cell in joined), by)
        lines.append(
            f"joined: {count} merged with their neighbours, because alone or by subtraction they would reveal what"
            f" one person spent; a row needs {report.contributors_needed} contributors, none of whom stands out."
            f" {governed_by(report)}"
        )
    return lines


def damaged_lines(report: Report, columns_wide: int | None) -> list[Line]:
    """Each line that could not be parsed, and its commit."""
    lines = [f"damaged: {commit[:12]}  AI-Cost: {escape(text)}" for commit, text in report.damaged]
    return [line for text in lines for line in paragraph(text, columns_wide, "warn")]


def comparison_lines(one: Report, other: Report, by: Grouping | None, columns_wide: int | None) -> list[Line]:
    """Two ranges side by side."""
    names = ["list cost", "tokens", "changes", "half up to", "nine in ten up to", "reverted later"]
    left, right = _compared(one), _compared(other)
    if by is not None:
        for name in dict.fromkeys(cell.name for report in (one, other) for cell in report.groups.get(by, [])):
            names.append(f"{by} {name}")
            left.append(_cell_text(one, by, name))
            right.append(_cell_text(other, by, name))
    columns = [
        Column("", [Piece(escape(name)) for name in names]),
        Column(escape(one.range), [Piece(text, "amount") for text in left], right=True),
        Column(escape(other.range), [Piece(text, "amount") for text in right], right=True),
    ]
    said = list(dict.fromkeys([*footer(one, by), *footer(other, by)]))
    return [*table(columns, columns_wide), [], *(line for text in said for line in paragraph(text, columns_wide))]


def _compared(report: Report) -> list[str]:
    gone = sum(change.reverted_cost for change in report.changes)
    counts = [short_tokens(report.tokens), f"{len(report.changes):,}"]
    return [total(report), *counts, _at(report, 0.5), _at(report, 0.9), cost(report, gone)]


def _at(report: Report, share: float) -> str:
    return cost(report, quantile([change.list_cost for change in report.changes], share)) if report.changes else "-"


def _cell_text(report: Report, by: Grouping, name: str) -> str:
    cell = next((cell for cell in report.groups.get(by, []) if cell.name == name), None)
    return cost(report, cell.list_cost, cell.unpriced) if cell else "-"


def title(change: Change) -> str:
    """`#123 Add login`, without repetition."""
    number = change.title.number
    subject = escape(change.title.subject)
    # GitHub appends the first to the subject of a squash; GitLab writes merge requests with an exclamation mark.
    for ending in (f" (#{number})", f" (!{number})"):
        subject = subject.removesuffix(ending)
    return subject if number is None else f"#{number} {subject}"


def state(change: Change) -> str:
    """`reverted`, `partly reverted`, `84% changed again`, or empty."""
    rework = change.rework
    if change.state or rework is None or not rework.is_most:
        return change.state
    return f"{percent(rework.changed_again, rework.lines)} changed again"


def day(seconds: int) -> str:
    """A UTC day."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def models(change: Change) -> str:
    """Short names, most expensive first."""
    return few([short_model(name) for name in change.models], 2)


def _change_columns(report: Report) -> list[Column]:
    changes = report.changes
    costs = [cost(report, one.list_cost, one.is_unpriced) for one in changes]
    return [
        Column("CHANGE", [Piece(title(one)) for one in changes]),
        Column("LIST COST", [Piece(text, "warn" if "unpriced" in text else "amount") for text in costs], right=True),
        Column("TOKENS", [Piece(short_tokens(one.tokens)) for one in changes], rank=1, right=True),
        Column("DAY", [Piece(day(one.title.time)) for one in changes], rank=3),
        Column("MODELS", [Piece(models(one)) for one in changes], rank=4),
        Column("COMMIT", [Piece(one.commit[:10], "dim") for one in changes], rank=5),
        Column("STATE", [Piece(state(one), "warn") for one in changes], rank=2),
    ]


def cost_columns(report: Grouped, by: Grouping, cells: Sequence[Cell], decorated: bool) -> list[Column]:
    """The first columns of every grouping: name, list cost, and share if the screen is `decorated`."""
    costs = [cost(report, one.list_cost, one.unpriced) for one in cells]
    found = [
        Column(TITLES[by], [Piece(escape(one.name)) for one in cells]),
        Column("LIST COST", [Piece(text, "warn" if "unpriced" in text else "amount") for text in costs], right=True),
    ]
    if decorated:
        bars = [bar(one.list_cost, report.list_cost, _BAR_COLUMNS) for one in cells]
        found.append(Column("SHARE", [Piece(text, "bar") for text in bars], rank=3))
    return found


def cell_columns(report: Report, by: Grouping, cells: Sequence[Cell], decorated: bool) -> list[Column]:
    """The rows of a grouping."""
    found = cost_columns(report, by, cells, decorated)
    if by in ("month", "week") and any(one.merged for one in cells):
        # Joined periods are longer than single ones, so that their sums cannot be compared.
        each = [cost(report, one.list_cost // one.periods, one.unpriced) for one in cells]
        found.append(Column(f"PER {by.upper()}", [Piece(text, "amount") for text in each], rank=1, right=True))
    return [
        *found,
        Column("CHANGES", [Piece(f"{one.changes:,}") for one in cells], rank=1, right=True),
        Column("HALF UP TO", [Piece(_optional(report, one.median)) for one in cells], rank=2, right=True),
        Column("NINE IN TEN UP TO", [Piece(_optional(report, one.p90)) for one in cells], rank=4, right=True),
        Column("TOKENS", [Piece(short_tokens(one.tokens)) for one in cells], rank=5, right=True),
    ]


def _optional(report: Report, value: int | None) -> str:
    return "" if value is None else cost(report, value)
