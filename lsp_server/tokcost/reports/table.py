"""`tokcost log` for people: one table for each repository, and the sum that closes below it."""

from tokcost.model.figures import NO_FIGURES, BranchRow, Figures, Split, Summary
from tokcost.reports import footer
from tokcost.reports.amounts import amount, is_fine
from tokcost.reports.commits import commit_lines, waiting, whereabouts
from tokcost.reports.layout import Line, Piece, paragraph, table
from tokcost.reports.rows import Row, View, branch_row, branch_state, columns
from tokcost.reports.text import counted, escape

By = str | None
_LEFT_OUT = {"DAY": ("PENDING", "LAST USED"), "MODEL": ("PENDING",), "ASSISTANT": ("PENDING",)}
"""Columns that would say nothing of their own: claims hold usage of branches."""
_PLURAL = {"day": "days", "model": "models", "assistant": "assistants"}


def log_lines(summaries: list[Summary], by: By, view: View) -> list[Line]:
    """The tables of all repositories, and what must be said below them."""
    lines: list[Line] = []
    for summary in summaries:
        if len(summaries) > 1:
            lines.append([Piece(f"repository {escape(summary.repository)}", "head")])
        lines += _repository(summary, by, view)
        lines.append([])
    if len(summaries) > 1:
        everything = merged([summary.totals.total for summary in summaries])
        lines += paragraph(footer.closing([("all repositories", everything)], everything), view.columns_wide, "plain")
    for text in footer.skipped_and_notes(summaries):
        lines += paragraph(text, view.columns_wide)
    return lines if lines and lines[-1] else lines[:-1]


def merged(figures: list[Figures]) -> Figures:
    """The sum of figures."""
    total = NO_FIGURES
    for one in figures:
        total = total.plus(one)
    return total


def _repository(summary: Summary, by: By, view: View) -> list[Line]:
    branches = merged([row.split.total for row in summary.branches])
    if by is None:
        rows, parts = [branch_row(row) for row in summary.branches], [("branches", branches)]
        title = "  BRANCH"
    else:
        rows = _rows_by(by, summary)
        title = by.upper()
        parts = [(_PLURAL[by], branches if by == "day" else summary.totals.total)]
    if by in (None, "day"):
        parts.append(("unplaced", summary.unplaced.total))
    lines = _table(title, rows, summary.totals.total.list_cost, view)
    said = [*footer.claims(summary.conservation), *footer.caveats(summary.totals, summary.unplaced.total)]
    lines += paragraph(footer.closing(parts, summary.totals.total), view.columns_wide, "plain")
    return lines + [line for text in said for line in paragraph(text, view.columns_wide)]


def _table(title: str, rows: list[Row], whole: int, view: View) -> list[Line]:
    if not rows:
        return []
    shown = [column for column in columns(title, rows, whole, view) if column.title not in _LEFT_OUT.get(title, ())]
    return [*table(shown, view.columns_wide), []]


def _rows_by(by: str, summary: Summary) -> list[Row]:
    if by == "day":
        return _day_rows(summary.branches)
    return _split_rows(summary.totals.models if by == "model" else summary.totals.assistants)


def _day_rows(branches: list[BranchRow]) -> list[Row]:
    days: dict[str, Figures] = {}
    for row in branches:
        for day, figures in row.days.items():
            days[day] = days.get(day, NO_FIGURES).plus(figures)
    return [Row(day, days[day]) for day in sorted(days)]


def _split_rows(split: dict[str, Figures]) -> list[Row]:
    order = sorted(split, key=lambda name: (-split[name].list_cost, -split[name].tokens.total, name))
    return [Row(escape(name) or "(unknown)", split[name]) for name in order]


def branch_lines(row: BranchRow, summary: Summary, by: By, view: View) -> list[Line]:
    """One branch: its figures, then its commits, days, models and assistants (or only what `by` asks for)."""
    sections = {
        "day": ("DAY", _day_rows([row])),
        "model": ("MODEL", _split_rows(row.split.models)),
        "assistant": ("ASSISTANT", _split_rows(row.split.assistants)),
    }
    lines = [*_heading(row, view), [], *(commit_lines(row, view) if by is None else [])]
    for name, (title, rows) in sections.items():
        if by in (None, name):
            lines += _table(title, rows, row.split.total.list_cost, view)
    said = [*footer.caveats(row.split, NO_FIGURES), *footer.skipped_and_notes([summary])]
    lines += [line for text in said for line in paragraph(text, view.columns_wide)]
    return lines if lines[-1] else lines[:-1]


def _heading(row: BranchRow, view: View) -> list[Line]:
    named = (["current"] if row.current else []) + (["active"] if row.state == "active" else [])
    state = ", ".join([*named, *([said] if (said := branch_state(row)) else [])])
    facts = [
        ("list cost", _cost(row.split.total)),
        ("tokens", _classes(row.split.total)),
        ("used", _used(row)),
        ("evidence", _evidence(row.split)),
        ("carried", whereabouts(row)),
        ("pending", waiting(row)),
    ]
    columns_wide = view.columns_wide
    lines: list[Line] = [[Piece(escape(row.branch), "current"), Piece(f"  ({state})", "dim")]]
    for name, text in facts:
        if text:
            lines += paragraph(f"  {name:<9}  {text}", columns_wide, "plain")
    return lines


def _cost(total: Figures) -> str:
    fine = is_fine(total.list_cost)
    text = amount(total.list_cost, total.unpriced_tokens, fine)
    pending = f", {amount(total.pending_list_cost, 0, fine)} of it pending" if total.pending_list_cost else ""
    return text + pending


def _classes(total: Figures) -> str:
    names = ("input", "cache read", "cache write 5m", "cache write 1h", "output")
    counts = zip(total.tokens, names, strict=False)
    return f"{total.tokens.total:,} ({', '.join(f'{count:,} {name}' for count, name in counts if count)})"


def _used(row: BranchRow) -> str:
    calls = counted(row.split.total.usage, "reply", "replies")
    sessions = f" in {counted(row.sessions, 'session')}" if row.sessions is not None else ""
    return calls + sessions


def _evidence(split: Split) -> str:
    order = sorted(split.evidence.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {name}" for name, count in order if count)
