"""The present names of renamed branches. Pure: no file, no clock."""

from bisect import bisect_left
from collections.abc import Sequence

from tokcost.model.history import Rename


class PresentNames:
    """The renames of a repository, each resolved once. A reflog may hold hundreds of thousands of renames, and every
    move of HEAD and every usage needs a lookup."""

    def __init__(self, renames: Sequence[Rename] = ()) -> None:
        """`renames` is in chronological order; renames within one second are in the order in which they happened."""
        self._seconds = [rename.second for rename in renames]
        self._after = [rename.after for rename in renames]
        self._renamed: dict[str, list[int]] = {}
        """The renames that took each name away."""
        for number in range(len(renames) - 1, -1, -1):  # later renames are resolved first
            # Each is resolved once: a name that is taken through all renames at each look-up took two seconds with
            # 8,000 of them.
            if later := self._renamed.get(renames[number].after):
                self._after[number] = self._after[later[-1]]
            self._renamed.setdefault(renames[number].before, []).append(number)
        for numbers in self._renamed.values():
            numbers.reverse()

    def of(self, name: str, second: int) -> str:
        """The present name of the branch that was called `name` at a moment."""
        taken = self._renamed.get(name, ())
        # A rename within the same second counts: usage of that second is taken for usage before it.
        next_one = bisect_left(taken, bisect_left(self._seconds, second)) if taken else 0
        return self._after[taken[next_one]] if next_one < len(taken) else name
