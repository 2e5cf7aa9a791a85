"""The columns of `tokcost log`, from figures."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from tokcost.model.figures import BranchRow, Figures, Split
from tokcost.reports import amounts
from tokcost.reports.layout import Column, Piece
from tokcost.reports.text import ago, escape, evidence_word, few, short_model

SPARK_DAYS = 14
_WEAK = ("transcript", "carried", "assigned", "none")
_BAR_COLUMNS = 8


class View(NamedTuple):
    """The conditions under which a table is drawn, including everything that depends on the time or the screen."""

    now_ms: int
    today: date
    """The local calendar day."""
    columns_wide: int | None = None
    """Width of the screen; `None` if nothing needs to fit (a pipe, a file)."""
    decorated: bool = False
    """Whether bars and sparklines may be drawn."""
    zone: str = ""
    """The time zone of the days; empty for this machine's own."""


class Row(NamedTuple):
    """One line of a table: a branch, a period, a session, a model, an assistant or a repository."""

    name: str
    figures: Figures
    current: bool = False
    split: Split = Split()
    days: Mapping[str, Figures] | None = None
    state: str = ""
    branches: str = ""
    """The branches of a session; empty for other rows."""


def branch_row(row: BranchRow) -> Row:
    """A branch as a row of the table, marked like `git branch` does it."""
    name = f"{'*' if row.current else ' '} {escape(row.branch)}"
    return Row(name, row.split.total, row.current, row.split, row.days, branch_state(row))


def branch_state(row: BranchRow) -> str:
    """The state of a branch, and where its changes went: `merged into main`, `deleted, in origin/main`; empty for an
    active one."""
    where = few([escape(name) for name in row.carried_on], 2)
    if row.state == "merged":
        return f"{'squashed' if row.squashed else 'merged'}{f' into {where}' if where else ''}"
    if row.state == "deleted":
        nowhere = ", pending" if row.split.total.pending_tokens and not row.commits else ""
        return f"deleted{f', in {where}' if where else nowhere}"
    return f"in {where}" if where else ""


def columns(title: str, rows: list[Row], whole: int, view: View) -> list[Column]:
    """All columns that have a value; `whole` is the list cost of which shares are parts."""
    figures, places = [row.figures for row in rows], amounts.places_beside(whole)
    found = [
        Column(title, [Piece(row.name, "current" if row.current else "plain") for row in rows]),
        Column("LIST COST", [_amount(one, places) for one in figures], right=True),
    ]
    if view.decorated:
        bars = (amounts.bar(one.list_cost, whole, _BAR_COLUMNS) for one in figures)
        found.append(Column("SHARE", [Piece(text, "bar") for text in bars], rank=6))
    found += [
        Column("PENDING", [Piece(amounts.pending(one, places)) for one in figures], rank=3, right=True),
        Column("TOKENS", [Piece(_tokens(one)) for one in figures], rank=1, right=True),
    ]
    if view.decorated:
        found.append(Column(f"{SPARK_DAYS} DAYS", [Piece(_spark(row, view.today), "bar") for row in rows], rank=8))
    last = [ago(one.last_ms, view.now_ms) if one.last_ms is not None else "" for one in figures]
    return [
        *found,
        Column("LAST USED", [Piece(text) for text in last], rank=2),
        Column("MODELS", [Piece(few(_short_models(row.split), 2)) for row in rows], rank=5),
        Column("ASSISTANTS", [Piece(few(by_cost(row.split.assistants), 2)) for row in rows], rank=9),
        Column("BRANCHES", [Piece(row.branches) for row in rows], rank=4),
        Column("STATE", [Piece(row.state, "dim") for row in rows], rank=4),
        Column("EVIDENCE", [Piece(weak_evidence(row.split.evidence), "dim") for row in rows], rank=7),
    ]


def by_cost(split: dict[str, Figures]) -> list[str]:
    """The names of a split, most expensive first, escaped."""
    order = sorted(split, key=lambda name: (-split[name].list_cost, -split[name].tokens.total, name))
    return [escape(name) for name in order]


def weak_evidence(evidence: dict[str, int]) -> str:
    """The share of usage whose branch rests on weaker evidence than git's own record: `3% transcript`."""
    whole = sum(evidence.values())
    weak = ((name, evidence.get(name, 0)) for name in _WEAK)
    return ", ".join(f"{amounts.percent(count, whole)} {evidence_word(name)}" for name, count in weak if count)


def _short_models(split: Split) -> list[str]:
    return [short_model(name) for name in by_cost(split.models)]


def _amount(figures: Figures, places: int) -> Piece:
    text = amounts.list_cost(figures, places)
    return Piece(text or "-", "warn" if "unpriced" in text else "amount")


def _tokens(figures: Figures) -> str:
    return amounts.about(amounts.short_tokens(figures.tokens.total), figures.estimates.usage) if figures.usage else "-"


def _spark(row: Row, today: date) -> str:
    """List cost of the last days, or tokens if nothing has a price."""
    days = row.days or {}
    span = [days.get((today - timedelta(days=back)).isoformat()) for back in range(SPARK_DAYS - 1, -1, -1)]
    costs = [one.list_cost if one else 0 for one in span]
    return amounts.sparkline(costs if any(costs) else [one.tokens.total if one else 0 for one in span])
