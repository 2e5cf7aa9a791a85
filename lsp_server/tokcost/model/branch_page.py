"""A branch as shown on an editor's page."""

from collections.abc import Mapping
from typing import NamedTuple

from tokcost.model.drivers import Explanation
from tokcost.model.figures import BranchRow, Figures


class BranchPage(NamedTuple):
    """A branch as shown on its page."""

    name: str
    """Empty if no branch is checked out and nothing was ever spent."""
    names: tuple[str, ...] = ()
    """All branches with usage and the one that is checked out, most recently used first."""
    row: BranchRow | None = None
    """`None` if the branch has no usage."""
    parts: Mapping[str, Figures] = {}
    """Its figures by state: `carried`, `withheld`, `bound`, `pending`."""
    explanation: Explanation | None = None
    takes_estimates: bool = False
