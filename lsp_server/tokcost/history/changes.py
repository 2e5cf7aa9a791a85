"""Assigns the claims of a range to the changes that introduced them, and finds what was reverted later.

An id counts once, at the highest version found anywhere in the range and at the first change in the range that
introduced it: backports and cherry-picks add nothing.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tokcost.model.changes import Carrier, Change, ChangeTitle
from tokcost.model.trailer import highest


class Placed(NamedTuple):
    """A carrier, the step that introduced it, and the number of steps before."""

    carrier: Carrier
    step: str
    position: int


def changes_of(placed: Iterable[Placed], titles: Mapping[str, ChangeTitle]) -> list[Change]:
    """The changes that carry claims, newest first."""
    order = sorted(placed, key=lambda one: (one.position, one.carrier.commit))
    best = highest(line for one in order for line in one.carrier.lines)
    changes: dict[str, Change] = {}
    for one in order:
        for line in one.carrier.lines:
            if line.id in best:
                change = changes.setdefault(one.step, Change(one.step, titles[one.step]))
                change.lines.append(best.pop(line.id))  # removed: an id counts once
                change.carriers.append(one.carrier.commit)
    _mark_reverted(changes.values(), order, titles)
    return list(changes.values())[::-1]


def _mark_reverted(changes: Iterable[Change], order: list[Placed], titles: Mapping[str, ChangeTitle]) -> None:
    undone = _Undone(order, titles)
    carried_by: dict[str, list[Placed]] = {}
    for one in order:
        for line in one.carrier.lines:
            carried_by.setdefault(line.id, []).append(one)
    for change in changes:
        lost = [line for line in change.lines if undone.is_lost(carried_by[line.id])]
        if lost:
            change.state = "reverted" if len(lost) == len(change.lines) else "partly reverted"
            change.reverted_cost = sum(line.cost or 0 for line in lost)
        elif change.commit in undone.partly or undone.partly.intersection(change.carriers):
            change.state, change.reverted_cost = "partly reverted", change.list_cost


class _Undone:
    """The commits that reverts took back, unless a revert of the revert restored them. Newest first, so that a
    revert is judged after everything that could have reverted it."""

    def __init__(self, order: list[Placed], titles: Mapping[str, ChangeTitle]) -> None:
        self.whole: set[str] = set()
        self.partly: set[str] = set()
        self._by: dict[str, set[str]] = {}
        """The commits that each valid revert took back."""
        self._order = order
        self._names = sorted({name for one in order for name in (one.carrier.commit, one.step)})
        self._numbered: dict[int, list[tuple[int, str]]] = {}
        for step, position in dict.fromkeys((one.step, one.position) for one in order):
            number = titles[step].number
            if number is not None:
                self._numbered.setdefault(number, []).append((position, step))
        for one in reversed(order):
            if not self.is_gone(one):
                self._take_back(one)

    def is_gone(self, one: Placed) -> bool:
        """Whether a commit, or the change that introduced it, was reverted."""
        return one.carrier.commit in self.whole or one.step in self.whole

    def is_lost(self, carried_by: list[Placed]) -> bool:
        """Whether none of these commits introduces anything any more: a revert that quotes the reverted commit does
        not."""
        if not self.whole:
            return False
        names = {name for one in carried_by for name in (one.carrier.commit, one.step)}
        taken = (self._by.get(one.carrier.commit, set[str]()) for one in carried_by)
        return all(self.is_gone(one) or names & targets for one, targets in zip(carried_by, taken, strict=True))

    def _take_back(self, one: Placed) -> None:
        for revert in one.carrier.reverts:
            target = self._found(revert.target, one)
            if target is not None and target not in (one.carrier.commit, one.step):
                (self.partly if revert.partial else self.whole).add(target)
                if not revert.partial:
                    self._by.setdefault(one.carrier.commit, set()).add(target)

    def _found(self, target: str, by: Placed) -> str | None:
        if target[0] in "#!":
            known = self._numbered.get(int(target[1:]), [])
            # A pair without its second part is less than each whole one of this position: only earlier steps are found.
            before = bisect_left(known, (by.position,))
            return known[before - 1][1] if before else None
        # The target may be abbreviated: the first name that is not less begins with it, or none does.
        at = bisect_left(self._names, target)
        return self._names[at] if at < len(self._names) and self._names[at].startswith(target) else None
