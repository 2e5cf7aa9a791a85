"""Combinations of figures, from several groupings together, that depend on one or two contributors only.

All figures together are a table: a row for each cell, a column for each class of amounts that no figure distinguishes.
A combination that is zero for everyone else's amounts, and not for theirs, exists exactly if one of their columns is no
linear combination of the others' columns. Numbers are taken modulo a prime, so that they stay small.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import TypeVar

from tokcost.history.privacy.dominance import Sums

_PRIME = (1 << 61) - 1
_MOST_PEOPLE = 40
"""The maximum number of people for whom each pair is examined."""

Place = tuple[int, str]
Column = dict[Place, int]
"""The cells of the groupings in which an amount is counted: one column of the table that an attacker would solve."""
Basis = dict[Place, Column]
_Key = TypeVar("_Key", Place, int)


def lonely(classes: Mapping[tuple[str, ...], Sums], newest: int) -> set[str]:
    """Cells of the newest grouping in which a combination of figures depends on one or two contributors only.
    Columns of three people or more remain whoever is left out."""
    for measure in (0, 1):
        basis: Basis = {}
        few: list[tuple[tuple[str, ...], frozenset[int]]] = []
        for key, sums in classes.items():
            who = frozenset(one for one, amounts in sums.items() if amounts[measure])
            if len(who) > 2:
                _extend(basis, _column(key))
            elif who:
                few.append((key, who))
        left = [(key[newest], who, rest) for key, who in few if (rest := _reduced(basis, _column(key)))]
        if blamed := _lonely_among(left):
            return blamed
    return set()


def _lonely_among(left: Sequence[tuple[str, frozenset[int], Column]]) -> set[str]:
    people = sorted({one for _, who, _ in left for one in who})
    if len(people) > _MOST_PEOPLE:
        # Blaming too many cells merges more than it must, and reveals nothing.
        return {cell for cell, _, _ in left}
    # Once for all pairs: solving the table anew for each of 465 pairs took minutes for 400 changes of 30 people.
    parts = _Parts(rest for _, _, rest in left)
    of: dict[frozenset[int], set[int]] = {}
    for number, (_, who, _) in enumerate(left):
        of.setdefault(who, set()).add(number)
    for pair in combinations_with_replacement(people, 2):
        gone = set[int]().union(*(of.get(frozenset(some), ()) for some in (pair[:1], pair[1:], pair)))
        if not parts.are_made_without(gone):
            return _not_made_of_others(left, gone)
    return set()


def _not_made_of_others(left: Sequence[tuple[str, frozenset[int], Column]], gone: set[int]) -> set[str]:
    """The cells of the columns that are no combination of the others."""
    basis: Basis = {}
    for number, (_, _, column) in enumerate(left):
        if number not in gone:
            _extend(basis, column)
    return {left[number][0] for number in gone if _reduced(basis, left[number][2])}


class _Parts:
    """The independent columns of which all others are combinations. Leaving out some of them is then a question
    about few numbers, which is asked for each pair of people."""

    def __init__(self, columns: Iterable[Column]) -> None:
        rows: dict[Place, tuple[Column, dict[int, int]]] = {}
        """Sums of independent columns, with the coefficient of each."""
        self._parts: dict[int, dict[int, int]] = {}
        """For each independent column the others in which it occurs, with the coefficient."""
        for number, column in enumerate(columns):
            rest, made_of = _divided(rows, column)
            if not rest:
                for one, part in made_of.items():
                    self._parts[one][number] = part
                continue
            pivot = min(rest)
            inverse = pow(rest[pivot], -1, _PRIME)
            made_of = {one: -part * inverse % _PRIME for one, part in made_of.items()}
            rows[pivot] = _scaled(rest, inverse), made_of | {number: inverse}
            self._parts[number] = {}

    def are_made_without(self, gone: set[int]) -> bool:
        """Whether all columns are combinations of the remaining ones: each removed independent column can be derived
        from the others of which it is a part."""
        basis: dict[int, dict[int, int]] = {}
        lost = (self._parts[one] for one in gone if one in self._parts)
        return all(_extend(basis, {one: part for one, part in parts.items() if one not in gone}) for parts in lost)


def _divided(rows: Mapping[Place, tuple[Column, dict[int, int]]], column: Column) -> tuple[Column, dict[int, int]]:
    """A column as a combination of rows, expressed in the columns of which these consist, and the remainder."""
    todo, rest, made_of = dict(column), Column(), dict[int, int]()
    while todo:
        place = min(todo)
        factor = todo.pop(place)
        if place not in rows:
            rest[place] = factor
            continue
        row, parts = rows[place]
        _add(todo, row, -factor, but=place)
        _add(made_of, parts, factor)
    return rest, made_of


def _column(key: tuple[str, ...]) -> Column:
    return dict.fromkeys(enumerate(key), 1)


def _extend(basis: dict[_Key, dict[_Key, int]], column: dict[_Key, int]) -> bool:
    """Add a column to a basis, unless it is a combination of the existing ones; returns whether it was added."""
    rest = _reduced(basis, column)
    if rest:
        pivot = min(rest)
        basis[pivot] = _scaled(rest, pow(rest[pivot], -1, _PRIME))
    return bool(rest)


def _reduced(basis: Mapping[_Key, dict[_Key, int]], column: dict[_Key, int]) -> dict[_Key, int]:
    """The remainder of a column without everything that the basis explains. A row of the basis has nothing before
    its pivot, so one pass from the first place to the last is enough."""
    todo, rest = dict(column), dict[_Key, int]()
    while todo:
        place = min(todo)
        factor = todo.pop(place)
        if place in basis:
            _add(todo, basis[place], -factor, but=place)
        else:
            rest[place] = factor
    return rest


def _scaled(column: dict[_Key, int], factor: int) -> dict[_Key, int]:
    return {place: value * factor % _PRIME for place, value in column.items()}


def _add(sums: dict[_Key, int], column: Mapping[_Key, int], factor: int, but: _Key | None = None) -> None:
    """Add a multiple of a column, without one of its places; zeros are removed."""
    for place, value in column.items():
        if place != but:
            changed = (sums.pop(place, 0) + factor * value) % _PRIME
            if changed:
                sums[place] = changed
