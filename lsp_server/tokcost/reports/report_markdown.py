"""`tokcost report --markdown`: for a comment on a pull request, so it is short, and mentions and notifies nobody."""

from collections.abc import Iterator

from tokcost.model.changes import Change, Grouping, Report
from tokcost.reports.amounts import short_tokens
from tokcost.reports.markdown import safe
from tokcost.reports.report_text import cost, footer, models, nothing, state, summary, title, withheld

MARKER = "<!-- tokcost report -->"
"""The line by which an existing comment is found."""
_MOST_ROWS = 30


def report_markdown(report: Report, by: Grouping | None, against: Report | None = None) -> str:
    """The total in bold, the rows in a table, the rest in small print."""
    return "\n".join(_parts(report, by, against)) + "\n"


def _parts(report: Report, by: Grouping | None, against: Report | None) -> Iterator[str]:
    yield MARKER
    if not report.changes:
        yield from (safe(text) for text in nothing(report))
        return
    first, *more = summary(report, by)
    yield f"**AI list cost of {safe(first)}**"
    if against is not None and against.changes:
        yield f"\ncompared with {safe(summary(against, by)[0])}"
    yield from (f"\n{safe(text)}" for text in more)
    yield ""
    yield from _rows(report, by)
    said = footer(report, by)
    if said:
        yield ""
        yield "<sub>" + "<br>".join(safe(text) for text in said) + "</sub>"


def _title(change: Change) -> str:
    """The number of a request is a link on a forge; nothing else in a subject is."""
    number = f"#{change.title.number} " if change.title.number is not None else ""
    said = state(change)
    return number + safe(title(change).removeprefix(number) + (f" ({said})" if said else ""))


def _rows(report: Report, by: Grouping | None) -> Iterator[str]:
    if by is None:
        yield from ("| change | list cost | tokens | models |", "|---|---:|---:|---|")
        for change in report.changes[:_MOST_ROWS]:
            amount = cost(report, change.list_cost, change.is_unpriced)
            cells = (amount, short_tokens(change.tokens), models(change))
            yield f"| {_title(change)} | " + " | ".join(safe(cell) for cell in cells) + " |"
        if len(report.changes) > _MOST_ROWS:
            yield f"\nand {len(report.changes) - _MOST_ROWS:,} more changes"
    elif by in report.groups:
        yield from (f"| {by} | list cost | tokens | changes |", "|---|---:|---:|---:|")
        for cell in report.groups[by]:
            amount = cost(report, cell.list_cost, cell.unpriced)
            cells = (cell.name, amount, short_tokens(cell.tokens), f"{cell.changes:,}")
            yield "| " + " | ".join(safe(text) for text in cells) + " |"
    else:
        yield safe(withheld(report, by))
