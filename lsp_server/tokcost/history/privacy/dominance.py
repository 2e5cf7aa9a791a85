"""Whether a colleague who knows his own part can tell anyone's total within 15 % from everything that is shown
together.

He cannot if there is another history with the same figures in which that total is 15 % higher. Such a history is looked
for in two ways. The simple one moves amounts between people in the same cells of every grouping (a class). The other
raises an amount in one class, and lowers and raises those of third people in other classes so that each cell keeps its
sum. Both leave the colleague's amounts unchanged, whoever that is.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TypeVar

PERCENT = 15

Sums = dict[int, tuple[int, int]]
"""List cost and tokens by contributor."""
Class = tuple[str, ...]
"""The cells in which an amount is counted, one for each grouping."""
# Exact: with rounded numbers, a remainder could pass for zero, or zero for a remainder.
Vector = dict[tuple[int, str], Fraction]
Parts = dict[Class, Fraction]
_Key = TypeVar("_Key")


def standing_out(classes: Mapping[Class, Sums]) -> set[Class]:
    """For everyone whose list cost or tokens are not hidden, the class that reveals most of their amount."""
    return {key for measure in (0, 1) for key in _exposing(classes, measure)}


def _exposing(classes: Mapping[Class, Sums], measure: int) -> Iterator[Class]:
    exposed = [who for who, total, spare in _spares(classes, measure) if 100 * spare < PERCENT * total]
    exposed = [who for who in exposed if not _is_hidden_in_classes(classes, who, measure)]
    if not exposed:
        return
    exchange = Exchange(classes, measure)
    for who in exposed:
        if exchange.raised(who) is None:
            yield _most_telling(classes, who, measure)


def _most_telling(classes: Mapping[Class, Sums], who: int, measure: int) -> Class:
    """The class in which the least of others accompanies the most of this contributor."""
    found: list[tuple[int, Class]] = []
    for key, sums in classes.items():
        if who in sums:
            others = sum(amounts[measure] for one, amounts in sums.items() if one != who)
            found.append((others - sums[who][measure], key))
    return min(found)[1]


def _spares(classes: Mapping[Class, Sums], measure: int) -> list[tuple[int, int, int]]:
    """For each contributor the total, and the minimum that third people have in the same classes."""
    totals: dict[int, int] = {}
    spare: dict[int, int] = {}
    for sums in classes.values():
        values = sorted((amounts[measure] for amounts in sums.values()), reverse=True)
        whole = sum(values)
        for who, amounts in sums.items():
            mine = amounts[measure]
            largest = 0 if len(values) < 2 else values[1] if mine == values[0] else values[0]
            totals[who] = totals.get(who, 0) + mine
            spare[who] = spare.get(who, 0) + whole - mine - largest
    return [(who, total, spare[who]) for who, total in totals.items()]


def _is_hidden_in_classes(classes: Mapping[Class, Sums], who: int, measure: int) -> bool:
    """The exact check for one contributor: the colleague is one person in all classes."""
    others: dict[int, int] = {}
    total = 0
    for sums in classes.values():
        if who in sums:
            total += sums[who][measure]
            for one, amounts in sums.items():
                if one != who:
                    others[one] = others.get(one, 0) + amounts[measure]
    return 100 * (sum(others.values()) - max(others.values(), default=0)) >= PERCENT * total


class Exchange:
    """The amounts that can make room for others. Third people's amount in a class is the rest without the two
    largest, so that it is theirs whoever is raised and whoever the colleague is."""

    def __init__(self, classes: Mapping[Class, Sums], measure: int) -> None:
        self._classes = classes
        self._measure = measure
        self._spare = {
            key: sum(sorted((amounts[measure] for amounts in sums.values()), reverse=True)[2:])
            for key, sums in classes.items()
        }
        self._basis: dict[tuple[int, str], tuple[Vector, Parts]] = {}
        # The roomiest classes come first and form the basis: only those of the basis can give way.
        for key in sorted(classes, key=lambda key: (-self._spare[key], key)):
            if self._spare[key] > 0:
                self._extend(key)

    def raised(self, who: int) -> tuple[Class, Fraction, Parts] | None:
        """The class in which this contributor's amount can be higher, by how much, and by how much third people's
        amounts in other classes are lower for it; `None` if no such exchange was found."""
        total = sum(sums[who][self._measure] for sums in self._classes.values() if who in sums)
        rise = Fraction(total * PERCENT, 100)
        for key in (key for key, sums in self._classes.items() if who in sums):
            rest, parts = self._reduced(_vector(key))
            if not rest and all(part * rise <= self._spare[one] for one, part in parts.items()):
                return key, rise, {one: part * rise for one, part in parts.items()}
        return None

    def _extend(self, key: Class) -> None:
        rest, parts = self._reduced(_vector(key))
        if rest:
            pivot = min(rest)
            scale = 1 / rest[pivot]
            made_of = {one: -part * scale for one, part in parts.items()}
            made_of[key] = made_of.get(key, Fraction(0)) + scale
            self._basis[pivot] = {place: value * scale for place, value in rest.items()}, made_of

    def _reduced(self, vector: Vector) -> tuple[Vector, Parts]:
        """A vector as a combination of classes, and the remainder."""
        todo, rest, parts = dict(vector), Vector(), Parts()
        while todo:
            place = min(todo)
            factor = todo.pop(place)
            if place not in self._basis:
                rest[place] = factor
                continue
            row, made_of = self._basis[place]
            for other, value in row.items():
                if other != place:
                    _add(todo, other, -factor * value)
            for one, part in made_of.items():
                _add(parts, one, factor * part)
        return rest, parts


def _vector(key: Class) -> Vector:
    return {(number, name): Fraction(1) for number, name in enumerate(key)}


def _add(sums: dict[_Key, Fraction], key: _Key, value: Fraction) -> None:
    changed = sums.pop(key, Fraction(0)) + value
    if changed:
        sums[key] = changed
