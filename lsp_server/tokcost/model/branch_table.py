"""All branches of a repository as an editor's page shows them."""

from collections.abc import Mapping
from typing import NamedTuple

from tokcost.model.figures import BranchRow, Conservation, Figures


class UnplacedRow(NamedTuple):
    """The usage of one session on no branch."""

    session: str
    short_id: str
    """The beginning that names no other session."""
    assistant: str
    figures: Figures
    reasons: tuple[str, ...]
    """Each of `placement.reason.Reason` that holds for a part of it."""
    directories: tuple[str, ...]


class BranchTable(NamedTuple):
    """Rows for all branches with usage, and for the one that is checked out; and what is on none of them."""

    rows: tuple[BranchRow, ...] = ()
    pending: Mapping[str, Figures] = {}
    """The part that no commit carries yet, by branch."""
    unplaced: tuple[UnplacedRow, ...] = ()
    total: Figures = Figures()
    parts: Conservation = Conservation()
