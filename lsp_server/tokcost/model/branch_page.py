"""A branch as an editor's page shows it."""

from collections.abc import Mapping
from typing import NamedTuple

from tokcost.model.drivers import Explanation
from tokcost.model.figures import BranchRow, Figures


class BranchPage(NamedTuple):
    """A branch as its page shows it."""

    name: str
    """Empty where no branch is checked out and nothing was ever spent."""
    names: tuple[str, ...] = ()
    """All branches with usage, and the one that is checked out; that which was used last first."""
    row: BranchRow | None = None
    """`None` where nothing was spent on it."""
    parts: Mapping[str, Figures] = {}
    """Its figures by what became of them: `carried`, `withheld`, `bound`, `pending`."""
    explanation: Explanation | None = None
    takes_estimates: bool = False
