"""Cells of area, month and model over many repositories: which of them may be published, for good.

A cell is a set of claims' parts that passes rule 1 of `suppression.py`. Every part is in at most one cell and stays
there for ever, so cells are disjoint, whatever run or job published them. A union of safe cells is safe, and a
difference of figures that consist of complete cells consists of complete cells again: no query reveals more than they
do.

Other figures about the same claims exist: `tokcost report` of each repository. Cells are therefore made in two rounds:

1. *A repository's month by itself.* Areas and models that pass alone are cells; the others are merged by area, then by
month; while the rest fails, the weakest cell joins it. Either all of the month is in cells, or nothing. The same must
hold beside the groupings that the repository's own report shows (rule 3 of `suppression.py`).
2. *The rest of a month, of all repositories together*, in the same steps. A cell must also pass without any one of its
repositories, since whoever has that repository's report may know its part.

Cells that were made leave less to be merged, so both rounds are repeated as long as they make cells: otherwise a run on
the same facts, which starts from these cells, would make others. Parts that pass in no round are in no cell, until a
later run has more to merge with them.

Repositories that share claims (forks) are one family and count as one repository here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from tokcost.history.privacy.cells import add, hides_everyone, is_safe, joined, weakness
from tokcost.history.privacy.dominance import PERCENT, Sums
from tokcost.history.privacy.suppression import to_blame
from tokcost.model.changes import FEWEST
from tokcost.model.dataset import ALL

Place = tuple[str, str]
"""Area and model of a cell; its month is that of its parts."""
Numbers = list[int]
"""The positions of some shares in the list of all."""
Test = Callable[[Numbers], bool]


class Share(NamedTuple):
    """The part of one contributor's claim in one area."""

    who: int
    family: str
    """The repository, or the forks that share claims with it."""
    month: str
    area: str
    model: str
    list_cost: int
    tokens: int
    least: int
    """Contributors that its repository requires for a figure."""
    beside: tuple[str, ...] = ()
    """The cells of the reports of its family in which it is counted."""
    known: str = ""
    """The cell in which it was published before; empty while it is in none."""


def safe_cells(shares: Sequence[Share]) -> dict[int, Place]:
    """The cell of each share that may be published now, by its number in `shares`."""
    found: dict[int, Place] = {}
    known = [share.known for share in shares]
    names: dict[str, str] = {}
    while new := _more_cells(shares, known):
        found |= new
        for number, place in new.items():
            name = known_name(shares[number].month, *place)
            known[number] = names.setdefault(name, name)
    return found


def known_name(month: str, area: str | None, model: str | None) -> str:
    """The name of a cell that was published before; it differs from the name of a new cell in the same place."""
    return repr((month, area, model, "published"))


def _more_cells(shares: Sequence[Share], known: Sequence[str]) -> dict[int, Place]:
    """The cells that can be added to the known ones, in one pass through both rounds."""
    found: dict[int, Place] = {}
    for numbers in _sorted_by(range(len(shares)), lambda number: (shares[number].family,)):
        found |= _of_family(shares, known, numbers)
    rest = [number for number, name in enumerate(known) if not name and number not in found]
    for numbers in _sorted_by(rest, lambda number: (shares[number].month,)):
        found |= _closed(shares, numbers, lambda some: _outlives_each_family(shares, some))
    return found


def _of_family(shares: Sequence[Share], known: Sequence[str], numbers: Numbers) -> dict[int, Place]:
    places: dict[int, Place] = {}
    new = [number for number in numbers if not known[number]]
    for month in _sorted_by(new, lambda number: (shares[number].month,)):
        places |= _closed(shares, month, lambda some: _is_safe(shares, some))
    if any(shares[number].beside for number in numbers):
        least = _least(shares, numbers)
        while places and (blamed := _blamed(shares, known, numbers, places, least)) is not None:
            places = _coarser(shares, places, blamed)
    return places


def _closed(shares: Sequence[Share], numbers: Numbers, passes: Test) -> dict[int, Place]:
    """Cells for all of these, or for none."""
    cells: dict[Place, Numbers] = {}
    rest = numbers
    steps: tuple[Callable[[Share], Place], ...] = (
        lambda share: (share.area, share.model),
        lambda share: (share.area, ALL),
        lambda _: (ALL, ALL),
    )
    for step in steps:
        failed: Numbers = []
        for some in _sorted_by(rest, lambda number, step=step: step(shares[number])):
            place = step(shares[some[0]])
            if passes(some) and place not in cells:
                cells[place] = some
            else:
                failed += some
        rest = failed
    while rest and cells and not passes(rest):
        rest += cells.pop(_weakest(shares, cells))
        if cells and (ALL, ALL) in cells:
            rest += cells.pop((ALL, ALL))
    if rest and not passes(rest):
        return {}
    cells.setdefault((ALL, ALL), []).extend(rest)
    return {number: place for place, some in cells.items() for number in some}


def _weakest(shares: Sequence[Share], cells: Mapping[Place, Numbers]) -> Place:
    return min(cells, key=lambda place: weakness(repr(place), _sums(shares, cells[place])))


def _sums(shares: Sequence[Share], numbers: Iterable[int]) -> Sums:
    found: Sums = {}
    for share in map(shares.__getitem__, numbers):
        add(found, share.who, share.list_cost, share.tokens)
    return found


def _least(shares: Sequence[Share], numbers: Iterable[int]) -> int:
    return max(FEWEST, max(shares[number].least for number in numbers))


def _is_safe(shares: Sequence[Share], numbers: Numbers) -> bool:
    return is_safe(_sums(shares, numbers), _least(shares, numbers))


def _outlives_each_family(shares: Sequence[Share], numbers: Numbers) -> bool:
    """Whether the rest without any one family is safe as well. This implies that several have a part in it, or that
    nobody has."""
    parts = [_sums(shares, some) for some in _sorted_by(numbers, lambda number: (shares[number].family,))]
    whole, least = joined(parts), _least(shares, numbers)
    return is_safe(whole, least) and all(
        not part or _stays_safe(whole, part, least) or hides_everyone(_without(whole, part), least) for part in parts
    )


def _stays_safe(whole: Sums, part: Sums, least: int) -> bool:
    """Whether that can be determined without sorting everything again, as is usual with many families."""
    for measure in (0, 1):
        amounts = sorted((one[measure] for one in whole.values() if one[measure]), reverse=True)
        gone = sum(one[measure] for one in part.values())
        largest = amounts[0] if amounts else 0
        # A lower bound for the rest, as if all of the part were in it, against an upper bound for its largest amount.
        if len(amounts) - len(part) < least or 100 * (sum(amounts[2:]) - gone) < PERCENT * largest:
            return False
    return True


def _without(whole: Sums, part: Sums) -> Sums:
    found = dict(whole)
    for who, (cost, tokens) in part.items():
        left = found[who][0] - cost, found[who][1] - tokens
        if any(left):
            found[who] = left
        else:
            del found[who]
    return found


def _blamed(
    shares: Sequence[Share], known: Sequence[str], numbers: Numbers, places: Mapping[int, Place], least: int
) -> set[str] | None:
    """The cells by which something could be revealed beside the family's own reports; `None` if there is nothing."""
    classes: dict[tuple[str, ...], Sums] = {}
    for number in numbers:
        share = shares[number]
        name = known[number] or (_name(share.month, places[number]) if number in places else "")
        add(classes.setdefault((*share.beside, name), {}), share.who, share.list_cost, share.tokens)
    return to_blame(classes, len(next(iter(classes))) - 1, least)


def _name(month: str, place: Place) -> str:
    return repr((month, *place))


def _coarser(shares: Sequence[Share], places: Mapping[int, Place], blamed: set[str]) -> dict[int, Place]:
    """Fewer cells: each violating one is merged with another of its month, or the month is left out if there is no
    other; if none is known, the weakest quarter is treated as violating."""
    cells: dict[str, Numbers] = {}
    for number, place in places.items():
        cells.setdefault(_name(shares[number].month, place), []).append(number)
    weakest = sorted(cells, key=lambda name: weakness(name, _sums(shares, cells[name])))
    chosen = [name for name in weakest if name in blamed] or weakest[: max(1, len(weakest) // 4)]
    for name in chosen:
        if name not in cells:
            continue  # another one was merged with it already
        numbers = cells.pop(name)
        month = shares[numbers[0]].month
        others = [one for one in weakest if one in cells and shares[cells[one][0]].month == month]
        if others:
            common = _name(month, (ALL, ALL))
            partners = {others[0], common} & cells.keys()
            cells[common] = numbers + [number for one in sorted(partners) for number in cells.pop(one)]
            weakest = [common, *(one for one in weakest if one != common)]
    found: dict[int, Place] = {}
    for name, numbers in cells.items():
        place = places[numbers[0]]
        is_own = name == _name(shares[numbers[0]].month, place)
        found |= dict.fromkeys(numbers, place if is_own else (ALL, ALL))
    return found


def _sorted_by(numbers: Iterable[int], key: Callable[[int], tuple[str, ...]]) -> list[Numbers]:
    """The numbers with the same key, in the order of the keys."""
    found: dict[tuple[str, ...], Numbers] = {}
    for number in numbers:
        found.setdefault(key(number), []).append(number)
    return [found[one] for one in sorted(found)]
