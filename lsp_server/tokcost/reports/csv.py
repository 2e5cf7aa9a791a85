"""`tokcost log --csv`: one row for each branch, and for each of its periods, sessions, models or assistants if
requested; one for each repository if that is requested. Unplaced usage is a row too, so the rows add up to
everything."""

import csv
from collections.abc import Iterator
from io import StringIO

from tokcost.model.figures import Figures, Split, Summary, by_period
from tokcost.model.money import decimal_string
from tokcost.reports.text import cell

_FIGURES = ("usage", "input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "tokens",
            "list_cost", "unpriced_tokens", "pending_list_cost", "pending_tokens", "estimated_counts",
            "estimated_counts_list_cost", "estimated_counts_tokens")  # fmt: skip


def log_csv(summaries: list[Summary], by: str | None) -> str:
    """Amounts are US dollars at list price with nine places; an empty branch means unplaced."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if by == "repository":
        writer.writerow(("repository", *_FIGURES))
        writer.writerows((cell(one.repository), *_cells(one.totals.total)) for one in summaries)
        return text.getvalue()
    writer.writerow(("repository", "branch", *([by] if by else []), *_FIGURES))
    for summary in summaries:
        for branch, key, figures in _rows(summary, by):
            keys = [key] if by else []
            writer.writerow((cell(summary.repository), cell(branch), *map(cell, keys), *_cells(figures)))
    return text.getvalue()


def _rows(summary: Summary, by: str | None) -> Iterator[tuple[str, str, Figures]]:
    if by == "session":
        for one in summary.sessions:
            yield from ((branch, one.session, figures) for branch, figures in one.branches.items())
        return
    for row in summary.branches:
        yield from ((row.branch, key, figures) for key, figures in _parts(row.split, row.days, by).items())
    if summary.unplaced.total.usage:
        found = _parts(summary.unplaced, summary.unplaced_days, by)
        yield from (("", key, figures) for key, figures in found.items())


def _parts(split: Split, days: dict[str, Figures], by: str | None) -> dict[str, Figures]:
    if by == "day" or by == "week" or by == "month":
        return by_period(days, by)
    if by == "model":
        return split.models
    return split.assistants if by == "assistant" else {"": split.total}


def _cells(figures: Figures) -> tuple[int | str, ...]:
    return (
        figures.usage,
        *figures.tokens,
        figures.tokens.total,
        decimal_string(figures.list_cost),
        figures.unpriced_tokens,
        decimal_string(figures.pending_list_cost),
        figures.pending_tokens,
        figures.estimates.usage,
        decimal_string(figures.estimates.list_cost),
        figures.estimates.tokens,
    )
