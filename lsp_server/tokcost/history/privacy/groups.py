"""From changes to grouped figures: the only way to them, with the privacy rules inside.

There is no grouping by person: authors are passed in, counted, and never returned.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from tokcost.history.areas import split_by_area
from tokcost.history.issue_references import NO_ISSUE
from tokcost.history.privacy.contributors import Author, count_heads
from tokcost.history.privacy.suppression import Labels, Piece, allowed
from tokcost.model.changes import GROUPINGS, Cell, Change, Grouping, quantile
from tokcost.model.periods import count_from_to, period_of
from tokcost.model.trailer import Line
from tokcost.pricing.public import model_of_line

SIZES = ((10, "under 10 lines"), (50, "10 to 49 lines"), (200, "50 to 199 lines"), (1000, "200 to 999 lines"))
_LARGEST = "1000 lines and more"
UNKNOWN = "(unknown)"
NOT_NAMED, SEVERAL = "(not named)", "(several)"
_MOST_WEEKS = 110
_IN_TURN: tuple[Grouping, ...] = ("area", "model", "type", "month", "issue", "week", "size", "tag")
"""The order in which groupings are added. Months and weeks give way by merging two neighbours, others lose a cell
for good, so the most important ones come before the many cells of a long time."""
_FOR_MEDIAN, _FOR_P90 = 5, 20


class Facts(NamedTuple):
    """The facts about changes besides their lines, by commit."""

    areas: Mapping[str, Mapping[str, int]]
    """Changed lines by area."""
    sizes: Mapping[str, int]
    """Changed lines."""
    tags: Mapping[str, str]
    """The first release that contains it."""
    types: Mapping[str, str] = {}
    """`feat`, `fix`, ..."""
    issues: Mapping[str, Sequence[str]] = {}
    """The issues that it refers to."""


def grouped(
    changes: Sequence[Change], authors: Mapping[str, Author], facts: Facts, least: int
) -> dict[Grouping, list[Cell]]:
    """Every grouping that may be shown together with the others, most expensive cells first."""
    # Over the whole range, so that one person under two names is one in every cell.
    heads = count_heads(authors.values())
    pieces: list[Piece] = []
    for number, change in enumerate(changes):
        pieces += (piece for _, piece in pieces_of(number, change, authors, heads, facts))
    return {name: _cells(pieces, name, labels) for name, labels in shown_labels(pieces, least).items()}


def shown_labels(pieces: Sequence[Piece], least: int) -> dict[Grouping, Labels]:
    """The groupings of a report of these pieces, with the cell in which each of their names is shown."""
    # All of them, whichever is asked for: asking by something else must not show what is hidden here.
    offered: list[Grouping] = [name for name in _IN_TURN if name != "week" or _weeks(pieces) <= _MOST_WEEKS]
    found = allowed(pieces, offered, least)
    return {name: found[name] for name in GROUPINGS if name in found}


def size_class(lines: int) -> str:
    """The size of a change as a word."""
    return next((name for limit, name in SIZES if lines < limit), _LARGEST)


def pieces_of(
    number: int, change: Change, authors: Mapping[str, Author], heads: Mapping[Author, int], facts: Facts
) -> Iterable[tuple[Line, Piece]]:
    """Each claim of a change, once for each area that the change touched, with the part in that area."""
    moment = datetime.fromtimestamp(change.title.time, UTC)
    day = moment.strftime("%Y-%m-%d")
    size = facts.sizes.get(change.commit)
    common: dict[Grouping, str] = {
        "month": period_of(day, "month"),
        "week": period_of(day, "week"),
        "tag": facts.tags.get(change.commit, UNKNOWN),
        "size": UNKNOWN if size is None else size_class(size),
        "type": facts.types.get(change.commit, UNKNOWN),
    }
    parts = _parts(facts.areas.get(change.commit) or {UNKNOWN: 1}, facts.issues.get(change.commit) or (NO_ISSUE,))
    for line, carrier in zip(change.lines, change.carriers, strict=True):
        costs, tokens = split_by_area(line.cost or 0, parts), split_by_area(line.tokens, parts)
        for area, issue in parts:
            names: dict[Grouping, str] = {**common, "area": area, "issue": issue, "model": _model(line)}
            at = area, issue
            yield line, Piece(heads[authors[carrier]], number, names, costs[at], tokens[at], line.unpriced)


def _parts(areas: Mapping[str, int], issues: Sequence[str]) -> dict[tuple[str, str], int]:
    """The shares of a change: by area in proportion to its changed lines, and within each equally by issue."""
    return {(area, issue): part for area, part in areas.items() for issue in issues}


def _model(line: Line) -> str:
    """The model, if a line names a single one: a line has one amount for all its models."""
    if not line.models:
        return NOT_NAMED
    names = dict.fromkeys(map(model_of_line, line.models))
    return next(iter(names)) if len(names) == 1 and not line.more_models else SEVERAL


def _weeks(pieces: Iterable[Piece]) -> int:
    return len({piece.names["week"] for piece in pieces})


def _cells(pieces: Iterable[Piece], grouping: Grouping, labels: Labels) -> list[Cell]:
    by_label: dict[str, list[Piece]] = {}
    for piece in pieces:
        by_label.setdefault(labels[piece.names[grouping]], []).append(piece)
    cells = [_cell(label, found, _names_of(labels, label)) for label, found in by_label.items()]
    if grouping in ("month", "week"):
        cells = [cell._replace(periods=_periods(_names_of(labels, cell.name), grouping)) for cell in cells]
        return sorted(cells, key=lambda cell: cell.name)
    return sorted(cells, key=lambda cell: (cell.merged > 0, -cell.list_cost, -cell.tokens, cell.name))


def _names_of(labels: Labels, label: str) -> list[str]:
    return sorted(name for name, one in labels.items() if one == label)


def _periods(names: Sequence[str], grouping: Literal["month", "week"]) -> int:
    return count_from_to(names[0], names[-1], grouping)


def _cell(name: str, pieces: Sequence[Piece], names: Sequence[str]) -> Cell:
    costs: dict[int, int] = {}
    for piece in pieces:
        costs[piece.change] = costs.get(piece.change, 0) + piece.list_cost
    values = list(costs.values())
    return Cell(
        name,
        sum(piece.list_cost for piece in pieces),
        sum(piece.tokens for piece in pieces),
        len(values),
        quantile(values, 0.5) if len(values) >= _FOR_MEDIAN else None,
        quantile(values, 0.9) if len(values) >= _FOR_P90 else None,
        any(piece.unpriced for piece in pieces),
        0 if names == [name] else len(names),
    )
