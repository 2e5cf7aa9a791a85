"""Suppression of grouped figures that would reveal one person's spending. Every output format gets its groups from
here.

Three rules apply, to list cost and to tokens:

1. *Each cell* has enough contributors, and passes the p% rule: the rest without the two largest is at least 15 % of the
largest. So not even the second largest, who knows his own part, can tell the largest within 15 %.
2. *Each grouping* is a partition of the complete range into such cells. If both rules hold for cells, they hold for
unions of cells, so no sum or difference of cells and the total reveals more. Cells that fail are merged into one,
`(other)`, together with as many others as it takes. Weeks and months have an order: one that fails is merged with its
neighbours until they pass together, so that the figures still follow time; if that ends in one cell, other cuts are
tried.
3. *All groupings together*: no combination of the figures by area, month and model is about fewer than three
contributors (`lonely.py`), a cell minus the cells of another grouping inside it is empty or passes rule 1, and nobody's
total can be told within 15 %, not even by one who knows his own part (`dominance.py`).

Contributors are bare numbers here, and are never returned. Bots are none of them (`contributors.py`): a cell of bots
alone may be shown, and in any other cell the rules must hold without what bots spent.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tokcost.history.privacy.cells import Labels, add, is_safe, joined, weakness
from tokcost.history.privacy.dominance import Sums, standing_out
from tokcost.history.privacy.lonely import lonely
from tokcost.history.privacy.runs import in_fewer_runs, in_more_runs, in_runs
from tokcost.model.changes import FEWEST, PERIODS, Grouping

OTHER = "(other)"


class Piece(NamedTuple):
    """The amount that one contributor's claims of one change add to one cell of each grouping."""

    who: int
    change: int
    names: Mapping[Grouping, str]
    list_cost: int
    tokens: int
    unpriced: bool = False


def allowed(pieces: Sequence[Piece], groupings: Sequence[Grouping], least: int) -> dict[Grouping, Labels]:
    """The groupings that may be shown, with their cells; a grouping that cannot be shown at all is missing. Earlier
    groupings have priority."""
    least = max(FEWEST, least)
    shown: dict[Grouping, Labels] = {}
    for grouping in groupings:
        labels = _alone(pieces, grouping, least)
        while labels:
            blamed = _together(pieces, {**shown, grouping: labels}, grouping, least)
            if blamed is None:
                shown[grouping] = labels
                break
            labels = _coarser(pieces, grouping, labels, blamed, least)
        if grouping in PERIODS and grouping not in shown:
            shown.update(_parted(pieces, shown, grouping, least))
    return shown


def _parted(
    pieces: Sequence[Piece], shown: Mapping[Grouping, Labels], grouping: Grouping, least: int
) -> dict[Grouping, Labels]:
    """A grouping by time that merging neighbours reduced to nothing. Merging is one-directional, and other cuts may
    hold beside the other groupings: everything is split again and again, as long as the rules hold."""
    cells, found = _cells(pieces, grouping), Labels()
    while True:
        held = (
            one
            for one in in_more_runs(cells, found, least)
            if _together(pieces, {**shown, grouping: one}, grouping, least) is None
        )
        labels = next(held, None)
        if labels is None:
            return {grouping: found} if found else {}
        found = labels


def _sums(pieces: Iterable[tuple[str | tuple[str, ...], Piece]]) -> dict[str | tuple[str, ...], Sums]:
    found: dict[str | tuple[str, ...], Sums] = {}
    for key, piece in pieces:
        add(found.setdefault(key, {}), piece.who, piece.list_cost, piece.tokens)
    return found


def _alone(pieces: Sequence[Piece], grouping: Grouping, least: int) -> Labels:
    """Rule 2 for a grouping by itself; empty if all of it would be one cell."""
    cells = _cells(pieces, grouping)
    if grouping in PERIODS:
        return in_runs(cells, least)
    return _closed(cells, {name for name, sums in cells.items() if not is_safe(sums, least)}, least)


def _cells(pieces: Sequence[Piece], grouping: Grouping) -> dict[str, Sums]:
    return {str(name): sums for name, sums in _sums((piece.names[grouping], piece) for piece in pieces).items()}


def _closed(cells: dict[str, Sums], other: set[str], least: int) -> Labels:
    """`other`, with as many more cells as it takes to be safe."""
    rest = sorted((name for name in cells if name not in other), key=lambda name: weakness(name, cells[name]))
    # With one cell in it, `(other)` would be that cell under another name, which the list of the others gives away.
    while other and rest and (len(other) < 2 or not is_safe(joined(cells[name] for name in other), least)):
        other.add(rest.pop(0))
    if not rest:
        return {}
    return {name: OTHER if name in other else name for name in cells}


def _coarser(pieces: Sequence[Piece], grouping: Grouping, labels: Labels, blamed: set[str], least: int) -> Labels:
    """Fewer cells: violating ones are merged into the other cell, or with a neighbour in time; if that did not help,
    the weakest quarter."""
    cells = _cells(pieces, grouping)
    if grouping in PERIODS:
        return in_fewer_runs(cells, labels, blamed)
    other = {name for name, label in labels.items() if label == OTHER}
    fresh = {name for name in blamed if labels.get(name) == name}
    if not fresh:
        rest = sorted((name for name in cells if name not in other), key=lambda name: weakness(name, cells[name]))
        fresh = set(rest[: max(1, len(rest) // 4)])
    return _closed(cells, other | fresh, least)


def _together(
    pieces: Sequence[Piece], shown: Mapping[Grouping, Labels], newest: Grouping, least: int
) -> set[str] | None:
    """Rule 3: `None` if it holds, else the violating cells of the newest grouping, if known."""
    return to_blame(_classes(pieces, shown), list(shown).index(newest), least)


def to_blame(classes: Mapping[tuple[str, ...], Sums], newest: int, least: int) -> set[str] | None:
    """Rule 3 for amounts that are sorted by the cells they are counted in, one for each grouping: `None` if it
    holds, else the violating cells of the newest grouping, if known. Amounts of bots are left out: whoever knows them
    can subtract them, so they separate no cell from another."""
    classes = {key: sums for key, sums in classes.items() if sums}
    if len(next(iter(classes), ())) > 1:
        if blamed := _inside(classes, newest, least):
            return blamed
        if blamed := lonely(classes, newest):
            return blamed
    exposing = standing_out(classes)
    return {key[newest] for key in exposing} if exposing else None


def _classes(pieces: Sequence[Piece], shown: Mapping[Grouping, Labels]) -> dict[tuple[str, ...], Sums]:
    """Amounts that no figure distinguishes: they are in the same cell of every grouping."""
    keyed = ((tuple(labels[piece.names[name]] for name, labels in shown.items()), piece) for piece in pieces)
    return {key: sums for key, sums in _sums(keyed).items() if isinstance(key, tuple)}


def _inside(classes: Mapping[tuple[str, ...], Sums], newest: int, least: int) -> set[str]:
    """Cells of the newest grouping that leave an unsafe rest of another cell."""
    width = len(next(iter(classes)))
    for other in range(width):
        if other == newest:
            continue
        for outer, inner in ((other, newest), (newest, other)):
            for cell, (within, rest) in _remainders(classes, outer, inner).items():
                if within and rest and not is_safe(joined(classes[key] for key in rest), least):
                    return {cell} if outer == newest else _weakest(classes, inner, within)
    return set()


def _weakest(classes: Mapping[tuple[str, ...], Sums], at: int, names: set[str]) -> set[str]:
    sums = {name: joined(one for key, one in classes.items() if key[at] == name) for name in names}
    return {min(names, key=lambda name: weakness(name, sums[name]))}


def _remainders(
    classes: Mapping[tuple[str, ...], Sums], outer: int, inner: int
) -> dict[str, tuple[set[str], list[tuple[str, ...]]]]:
    """For each cell of one grouping, the cells of another that are inside it, and its rest outside of them. Amounts
    in no cell of a grouping have an empty name there, and no figure that could be subtracted."""
    touched: dict[str, set[str]] = {}
    for key in classes:
        touched.setdefault(key[inner], set()).add(key[outer])
    found: dict[str, tuple[set[str], list[tuple[str, ...]]]] = {}
    for key in classes:
        if not key[outer]:
            continue
        within, rest = found.setdefault(key[outer], (set(), []))
        if key[inner] and len(touched[key[inner]]) == 1:
            within.add(key[inner])
        else:
            rest.append(key)
    return found
