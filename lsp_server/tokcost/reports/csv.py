"""`tokcost log --csv`: one row for each branch, and for each of its days, models or assistants where asked for.

Unplaced usage is a row too, so the rows add up to everything.
"""

import csv
from collections.abc import Iterator
from io import StringIO

from tokcost.model.figures import BranchRow, Figures, Split, Summary
from tokcost.model.money import decimal_string
from tokcost.reports.text import cell

_FIGURES = ("usage", "input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "tokens",
            "list_cost", "unpriced_tokens", "pending_list_cost", "pending_tokens")  # fmt: skip


def log_csv(summaries: list[Summary], by: str | None) -> str:
    """Amounts are US dollars at list price with nine places; an empty branch means unplaced."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("repository", "branch", *([by] if by else []), *_FIGURES))
    for summary in summaries:
        for branch, key, figures in _rows(summary, by):
            keys = [key] if by else []
            writer.writerow((cell(summary.repository), cell(branch), *map(cell, keys), *_cells(figures)))
    return text.getvalue()


def _rows(summary: Summary, by: str | None) -> Iterator[tuple[str, str, Figures]]:
    for row in summary.branches:
        for key, figures in _keyed(row, by):
            yield row.branch, key, figures
    if summary.unplaced.total.usage:
        for key, figures in _parts(summary.unplaced, by).items():
            yield "", key, figures


def _keyed(row: BranchRow, by: str | None) -> list[tuple[str, Figures]]:
    return sorted(row.days.items()) if by == "day" else list(_parts(row.split, by).items())


def _parts(split: Split, by: str | None) -> dict[str, Figures]:
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
    )
