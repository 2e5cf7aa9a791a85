"""`tokcost log` for people: one table for each repository, and the closing sum below it."""

from tokcost.model.figures import NO_FIGURES, BranchRow, Figures, SessionRow, Split, Summary, by_period
from tokcost.model.periods import Period
from tokcost.reports import footer
from tokcost.reports.amounts import about, amount, places_beside
from tokcost.reports.commits import commit_lines, stranded, waiting, whereabouts
from tokcost.reports.layout import Line, Piece, paragraph, table
from tokcost.reports.rows import Row, View, branch_row, branch_state, columns
from tokcost.reports.text import counted, escape, evidence_word, few

By = str | None
_LEFT_OUT = {
    **dict.fromkeys(("DAY", "WEEK", "MONTH"), ("PENDING", "LAST USED")),
    **dict.fromkeys(("SESSION", "MODEL", "ASSISTANT"), ("PENDING",)),
}
"""Columns without meaning of their own: claims hold usage of branches."""
_PLURAL = {"repository": "repositories"}
_PERIODS: tuple[Period, ...] = ("day", "week", "month")


def log_lines(summaries: list[Summary], by: By, view: View, *, apart: bool = False) -> list[Line]:
    """The tables, and the lines below them: one table for each repository if branches are shown or if they are
    wanted `apart`, else one for all of them together."""
    lines: list[Line] = []
    is_one = len(summaries) > 1 and by is not None and not apart
    for summary in [_together(summaries)] if is_one else summaries:
        if len(summaries) > 1 and not is_one:
            lines.append([Piece(f"repository {escape(summary.repository)}", "head")])
        lines += _repository(summary, _rows_by(by, summary, summaries) if by else None, by, view)
        lines.append([])
    if len(summaries) > 1 and not is_one:
        everything = merged([summary.totals.total for summary in summaries])
        lines += paragraph(footer.closing([("all repositories", everything)], everything), view.columns_wide, "plain")
    for text in [*footer.plans(summaries), *footer.skipped_and_notes(summaries)]:
        lines += paragraph(text, view.columns_wide)
    return lines if lines and lines[-1] else lines[:-1]


def merged(figures: list[Figures]) -> Figures:
    """The sum of figures."""
    total = NO_FIGURES
    for one in figures:
        total = total.plus(one)
    return total


def _together(summaries: list[Summary]) -> Summary:
    """All repositories as if they were one, without the remarks on each."""
    whole = Summary("")
    rows: dict[tuple[str, str], SessionRow] = {}
    for summary in summaries:
        whole.branches += summary.branches
        whole.unplaced.take(summary.unplaced)
        whole.totals.take(summary.totals)
        whole.conservation = whole.conservation.plus(summary.conservation)
        whole.unplaced_days = _added(whole.unplaced_days, summary.unplaced_days)
        for one in summary.sessions:
            row = rows.setdefault((one.assistant, one.session), SessionRow(one.session, one.assistant))
            row.short_id = one.short_id
            row.split.take(one.split)
            row.branches = _added(row.branches, one.branches)
    estimating = [one for one in summaries if one.totals.total.estimates.usage]
    # Only repositories with estimates decide, since the remark is about those.
    whole.takes_estimates = all(one.takes_estimates for one in estimating)
    whole.sessions = sorted(rows.values(), key=lambda row: -(row.split.total.last_ms or 0))
    return whole


def _added(some: dict[str, Figures], more: dict[str, Figures]) -> dict[str, Figures]:
    return some | {name: some.get(name, NO_FIGURES).plus(figures) for name, figures in more.items()}


def _repository(summary: Summary, rows: list[Row] | None, by: By, view: View) -> list[Line]:
    if rows is None or by is None:
        title, rows = "  BRANCH", [branch_row(row) for row in summary.branches]
        branches = merged([row.split.total for row in summary.branches])
        parts = [("branches", branches), ("unplaced", summary.unplaced.total)]
        waits = stranded(summary.branches, places_beside(summary.totals.total.list_cost))
    else:
        title, parts, waits = by.upper(), [(_PLURAL.get(by, f"{by}s"), summary.totals.total)], []
    lines = _table(title, rows, summary.totals.total.list_cost, view)
    said = [*footer.claims(summary.conservation, summary.totals.total.estimates), *waits]
    said += footer.caveats(summary.totals, summary.unplaced.total, summary.takes_estimates)
    said += footer.about_rows(by, view.zone)
    lines += paragraph(footer.closing(parts, summary.totals.total), view.columns_wide, "plain")
    return lines + [line for text in said for line in paragraph(text, view.columns_wide)]


def _table(title: str, rows: list[Row], whole: int, view: View) -> list[Line]:
    if not rows:
        return []
    shown = [column for column in columns(title, rows, whole, view) if column.title not in _LEFT_OUT.get(title, ())]
    return [*table(shown, view.columns_wide), []]


def _rows_by(by: str, summary: Summary, summaries: list[Summary]) -> list[Row]:
    if by == "session":
        return _session_rows(summary)
    if by == "repository":
        found = sorted(summaries, key=lambda one: -(one.totals.total.last_ms or 0))
        return [Row(escape(one.repository), one.totals.total, split=one.totals) for one in found]
    for period in _PERIODS:
        if by == period:
            return _period_rows([*(row.days for row in summary.branches), summary.unplaced_days], period)
    return _split_rows(summary.totals.models if by == "model" else summary.totals.assistants)


def _period_rows(some: list[dict[str, Figures]], period: Period) -> list[Row]:
    found: dict[str, Figures] = {}
    for days in some:
        found = _added(found, by_period(days, period))
    return [Row(name, found[name]) for name in sorted(found)]


def _session_rows(summary: Summary) -> list[Row]:
    return [
        Row(
            escape(one.short_id) or "(unknown)",
            one.split.total,
            split=one.split,
            branches=few([escape(name) or "(unplaced)" for name in one.branches], 2),
        )
        for one in summary.sessions
    ]


def _split_rows(split: dict[str, Figures]) -> list[Row]:
    order = sorted(split, key=lambda name: (-split[name].list_cost, -split[name].tokens.total, name))
    return [Row(escape(name) or "(unknown)", split[name]) for name in order]


def branch_lines(row: BranchRow, summary: Summary, by: By, view: View) -> list[Line]:
    """One branch: its figures, then its commits, days, models and assistants (or only those requested by `by`)."""
    sections = {
        **{period: (period.upper(), _period_rows([row.days], period)) for period in _PERIODS},
        "session": ("SESSION", _session_rows(summary)),
        "model": ("MODEL", _split_rows(row.split.models)),
        "assistant": ("ASSISTANT", _split_rows(row.split.assistants)),
    }
    lines = [*_heading(row, view), [], *(commit_lines(row, view) if by is None else [])]
    for name, (title, rows) in sections.items():
        if name == by or (by is None and name in ("day", "model", "assistant")):
            lines += _table(title, rows, row.split.total.list_cost, view)
    said = [*footer.caveats(row.split, NO_FIGURES, summary.takes_estimates), *footer.about_rows(by, view.zone)]
    said += footer.skipped_and_notes([summary])
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
    places = places_beside(total.list_cost)
    estimated = total.estimates
    text = amount(total.list_cost, total.unpriced_tokens, places, estimated.usage)
    if total.pending_tokens and total.pending_tokens == total.tokens.total:
        return f"{text}, all of it pending"
    if not total.pending_list_cost:
        return text
    return f"{text}, {amount(total.pending_list_cost, 0, places, estimated.pending_tokens)} of it pending"


def _classes(total: Figures) -> str:
    names = ("input", "cache read", "cache write 5m", "cache write 1h", "output")
    counts = zip(total.tokens, names, strict=False)
    whole = about(f"{total.tokens.total:,}", total.estimates.usage)
    return f"{whole} ({', '.join(f'{count:,} {name}' for count, name in counts if count)})"


def _used(row: BranchRow) -> str:
    responses = counted(row.split.total.usage, "response")
    sessions = f" in {counted(row.sessions, 'session')}" if row.sessions is not None else ""
    return responses + sessions


def _evidence(split: Split) -> str:
    order = sorted(split.evidence.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {evidence_word(name)}" for name, count in order if count)
