"""A history as the first-parent steps of a branch, and the commits that each step introduced.

A step is a commit of the first-parent line: a merge introduces what its other parents reach and its first does not, any
other commit introduces itself. An octopus merge introduces the commits of all its branches. With several tips, the
commits reachable from the first belong to its steps, the remaining ones to those of the next, and so on.

A commit thus belongs to the oldest step of the first tip that reaches it. If children are read before parents, that is
the oldest step of its children: one pass, with a dozen bytes besides the id of each of a million commits.
"""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence

from tokcost.model.changes import Introduced, Node

_BITS = 32
_NEWEST = (1 << _BITS) - 1


class Steps:
    """The place of each commit of a history. A place is one number, smaller for earlier ones: the number of the tip,
    and the number of its newer steps, counted down."""

    def __init__(self, nodes: Iterable[Node], tips: Sequence[str], before: int = 0) -> None:
        self.commits = 0
        """Without merges."""
        self._before = before
        # Arrays instead of strings in dicts: with them, a report on a million commits was measured at 220 MB.
        self._ids = bytearray()
        self._places = array("q")
        self._steps = [array("I") for _ in tips]
        """For each tip the numbers of its steps, newest first."""
        self._next: dict[str, int] = {}
        """First parents of steps that were read, with their place unless something earlier reaches them."""
        for number, tip in enumerate(tips):
            self._next.setdefault(tip, _place(number, 0))
        self._read(nodes)

    @property
    def steps(self) -> int:
        """The number of steps, including earlier ones."""
        return self._before + sum(map(len, self._steps))

    def leads_to(self, commit: str) -> bool:
        """Whether the line of steps leaves this history at a commit outside of it."""
        return commit in self._next

    def introduced(self, commits: Collection[str]) -> dict[str, Introduced]:
        """The places of the commits that are in this history."""
        starts = [self._before]
        for steps in self._steps:
            starts.append(starts[-1] + len(steps))
        found: dict[str, Introduced] = {}
        for number, commit in enumerate(self._each()):
            if commit in commits:
                tip, distance = divmod(self._places[number], 1 << _BITS)
                distance = _NEWEST - distance
                step = self._id(self._steps[tip][distance])
                found[commit] = Introduced(step, starts[tip + 1] - 1 - distance)
        return found

    def _read(self, nodes: Iterable[Node]) -> None:
        reached: dict[str, int] = {}
        nowhere = _place(len(self._steps), 0)
        line, places, ids, steps = self._next, self._places, self._ids, self._steps
        for number, (commit, parents) in enumerate(nodes):
            place = reached.pop(commit, nowhere)
            own = line.pop(commit, nowhere)
            others = parents
            # Otherwise something earlier reaches this commit, and the line of this tip ends before it.
            if own <= place:
                place = own
                steps[own >> _BITS].append(number)
                if parents:
                    line[parents[0]] = min(own - 1, line.get(parents[0], nowhere))
                    others = parents[1:]
            for parent in others:
                if place < reached.get(parent, nowhere):
                    reached[parent] = place
            self.commits += len(parents) < 2
            places.append(place)
            ids += bytes.fromhex(commit)

    def _each(self) -> Iterator[str]:
        count = len(self._places)
        width = len(self._ids) // count if count else 0
        return (self._ids[at : at + width].hex() for at in range(0, count * width, width or 1))

    def _id(self, number: int) -> str:
        width = len(self._ids) // len(self._places)
        return self._ids[number * width : (number + 1) * width].hex()


def _place(tip: int, distance: int) -> int:
    return (tip << _BITS) + _NEWEST - distance
