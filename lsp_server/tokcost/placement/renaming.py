"""The present names of branches that were renamed. Pure: no file, no clock."""

from bisect import bisect_left
from collections.abc import Sequence

from tokcost.model.history import Rename


class PresentNames:
    """The renames of a repository, each resolved once: a reflog may hold hundreds of thousands, and each move of HEAD
    and each usage asks."""

    def __init__(self, renames: Sequence[Rename] = ()) -> None:
        """`renames` in their order: ascending, and those of one second as they were done."""
        self._seconds = [rename.second for rename in renames]
        self._after = [rename.after for rename in renames]
        self._renamed: dict[str, list[int]] = {}
        """For each name the renames that took it away."""
        for number in range(len(renames) - 1, -1, -1):  # the last one first: what follows each is known then
            if later := self._renamed.get(renames[number].after):
                self._after[number] = self._after[later[-1]]
            self._renamed.setdefault(renames[number].before, []).append(number)
        for numbers in self._renamed.values():
            numbers.reverse()

    def of(self, name: str, second: int) -> str:
        """The present name of the branch that was called `name` at a moment."""
        taken = self._renamed.get(name, ())
        next_one = bisect_left(taken, bisect_left(self._seconds, second)) if taken else 0
        return self._after[taken[next_one]] if next_one < len(taken) else name
