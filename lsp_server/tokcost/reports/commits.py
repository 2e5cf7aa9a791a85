"""The commits of one branch: the usage that each carries, and the sum that closes together with usage that none
carries."""

from collections.abc import Sequence
from typing import NamedTuple

from tokcost.model.figures import BranchRow, CommitRow
from tokcost.reports.amounts import about, amount, closing_sum, places_beside, short_tokens
from tokcost.reports.layout import Column, Line, Piece, paragraph, table
from tokcost.reports.rows import View
from tokcost.reports.text import ago, counted, escape, few, shorten, to_copy

SHORT_ID = 7
_ROOMY = 110
"""Columns from which on there is room for more than one claim beside a subject."""
_SUBJECT = (16, 60)
"""Minimum and maximum columns of a subject."""
_GAP = 2


class _Entry(NamedTuple):
    """One line of the table."""

    name: Piece
    list_cost: int
    tokens: int
    unpriced_tokens: int
    has_estimates: bool = False
    committed: str = ""
    claims: str = ""
    where: str = ""
    subject: str = ""


def commit_lines(row: BranchRow, view: View) -> list[Line]:
    """The table and its sum; empty for a branch without claims."""
    if row.parts.pending == row.parts.total:
        return []
    entries = [_entry(commit, row.branch, view) for commit in row.commits] + _uncarried(row)
    places = places_beside(row.parts.total[1])
    costs = [amount(one.list_cost, one.unpriced_tokens, places, one.has_estimates) for one in entries]
    tokens = [about(short_tokens(one.tokens), one.has_estimates) for one in entries]
    columns = [
        Column("COMMIT", [one.name for one in entries]),
        Column("LIST COST", [Piece(text, "warn" if "unpriced" in text else "amount") for text in costs], right=True),
        Column("TOKENS", [Piece(text) for text in tokens], rank=4, right=True),
        Column("COMMITTED", [Piece(one.committed) for one in entries], rank=2),
        Column("CLAIMS", [Piece(one.claims) for one in entries], rank=3),
        Column("WHERE", [Piece(one.where, "dim") for one in entries], rank=5),
    ]
    columns.append(_subjects([one.subject for one in entries], columns, view))
    return [*table(columns, view.columns_wide), [], *paragraph(closing(row), view.columns_wide, "plain"), []]


def closing(row: BranchRow) -> str:
    """`2 commits $1.00 + 1 commit here only $0.50 + pending $0.20 = $1.70 list`."""
    published = [commit for commit in row.commits if commit.published]
    here_only = [commit for commit in row.commits if not commit.published]
    named = [
        (counted(len(published), "commit"), row.parts.carried, _estimated(published)),
        (f"{counted(len(here_only), 'commit')} here only", row.parts.bound, _estimated(here_only)),
        ("withheld", row.parts.withheld, 0),
    ]
    pending = ("pending", row.parts.pending, row.split.total.estimates.pending_tokens)
    parts = [*(one for one in named if one[1][0]), pending]
    texts, whole = closing_sum([cost for _, (_, cost), _ in parts], row.parts.total[1])
    unpriced = row.split.total.unpriced_tokens > 0
    shown = [
        "unpriced" if unpriced and tokens and not cost else about(text, estimated)
        for text, (_, (tokens, cost), estimated) in zip(texts, parts, strict=True)
    ]
    left = " + ".join(f"{name} {text}" for text, (name, _, _) in zip(shown, parts, strict=True))
    if unpriced and not row.parts.total[1]:
        return f"{left} = unpriced"
    whole = about(whole, row.split.total.estimates.usage)
    return f"{left} = {whole} list{' + unpriced' if unpriced else ''}"


def _estimated(commits: Sequence[CommitRow]) -> int:
    return sum(commit.has_estimates for commit in commits)


def whereabouts(row: BranchRow) -> str:
    """The commits of another branch that carry a branch's usage: `in 1a2b3c4 and 1 more on main`. Empty if there are
    none, or if the branch exists and its commits are its own."""
    places: dict[str, list[str]] = {}
    for commit in row.commits:
        for one, branch in {commit.commit: commit.branch, **commit.copies}.items():
            known = places.setdefault(branch, [])
            if branch in row.carried_on and one not in known:
                known.append(one)
    return "; ".join(f"in {_commits(commits)} on {escape(branch)}" for branch, commits in places.items() if commits)


def waiting(row: BranchRow) -> str:
    """The reason for unexpectedly pending usage: the commits that carried it, or its branch, are gone. Says what it
    waits for, and how to end that."""
    places = places_beside(row.parts.total[1])
    (lost_tokens, lost), (tokens, cost) = row.lost, row.parts.pending
    if row.state == "deleted" and tokens:
        text = amount(cost, 0 if cost else tokens, places)
        said = f"{text}, on a deleted branch: it waits until {way_on(row)}"
        if not lost_tokens:
            return said
        was = amount(lost, 0 if lost else lost_tokens, places)
        return (
            f"{said}. {was} of it was on commits that no longer exist; this ends when a commit with their lines is"
            f" fetched"
        )
    if lost_tokens:
        text = amount(lost, 0 if lost else lost_tokens, places)
        return f"{text} of it was on commits that no longer exist; the next commit here carries it again"
    return ""


def way_on(row: BranchRow) -> str:
    """The command that gets pending usage of a deleted branch into a commit."""
    return f"`tokcost assign BRANCH --from {to_copy(row.branch)}` lets the next commit on BRANCH carry it"


def stranded(rows: Sequence[BranchRow], places: int) -> list[str]:
    """A line about usage that is pending on deleted branches although commits carried some of it: nothing ends that
    automatically."""
    found = [row for row in rows if row.state == "deleted" and row.parts.pending[0] and (row.lost[0] or row.commits)]
    if not found:
        return []
    cost, tokens = (sum(row.parts.pending[at] for row in found) for at in (1, 0))
    first = max(found, key=lambda row: row.parts.pending[::-1])
    names = few([escape(first.branch), *(escape(row.branch) for row in found)], 3)
    return [f"waiting: {amount(cost, 0 if cost else tokens, places)} on deleted branches ({names}): {way_on(first)}"]


def _commits(commits: list[str]) -> str:
    return _short(commits[0]) + (f" and {len(commits) - 1} more" if commits[1:] else "")


def _entry(commit: CommitRow, branch: str, view: View) -> _Entry:
    tokens = [name if version == 1 else f"{name}.{version}" for name, version in commit.claims.items()]
    most = len(tokens) if view.columns_wide is None else 2 if view.columns_wide >= _ROOMY else 1
    committed = ago(commit.time_ms, view.now_ms) if commit.time_ms is not None else ""
    name = Piece(_short(commit.commit), "current")
    sums = (commit.list_cost, commit.tokens, commit.unpriced_tokens, commit.has_estimates)
    return _Entry(name, *sums, committed, few(tokens, most), _where(commit, branch), escape(commit.subject))


def _where(commit: CommitRow, branch: str) -> str:
    said = [] if commit.published else ["here only"]
    if commit.branch not in ("", branch):
        said.append(f"on {escape(commit.branch)}")
    copies = [_short(one) + (f" on {escape(where)}" if where else "") for one, where in commit.copies.items()]
    return ", ".join([*said, *([f"also {few(copies, 1)}"] if copies else [])])


def _uncarried(row: BranchRow) -> list[_Entry]:
    """The usage that no commit carries, as the last lines. Only one of them can show its share of the unpriced
    usage."""
    left = row.split.total.unpriced_tokens - sum(commit.unpriced_tokens for commit in row.commits)
    estimated = row.split.total.estimates.pending_tokens > 0
    named = (("withheld", row.parts.withheld, False), ("pending", row.parts.pending, estimated))
    return [
        _Entry(Piece(name, "dim"), cost, tokens, left if left and not cost else 0, has_estimates)
        for name, (tokens, cost), has_estimates in named
        if tokens
    ]


def _subjects(subjects: list[str], others: list[Column], view: View) -> Column:
    """The part of each subject that fits beside the other columns."""
    least, most = _SUBJECT
    if view.columns_wide is not None:
        taken = sum(column.width + _GAP for column in others if any(cell.text for cell in column.cells))
        most = max(least, min(most, view.columns_wide - taken))
    return Column("SUBJECT", [Piece(shorten(subject, most)) for subject in subjects], rank=1)


def _short(commit: str) -> str:
    return commit[:SHORT_ID]
