"""All branches of a repository as shown on an editor's page."""

from collections.abc import Mapping
from typing import NamedTuple

from tokcost.model.figures import BranchRow, Conservation, Figures


class UnplacedRow(NamedTuple):
    """The usage of one session on no branch."""

    session: str
    short_id: str
    """The shortest unambiguous beginning of the session id."""
    assistant: str
    figures: Figures
    reasons: tuple[str, ...]
    """Each `placement.reason.Reason` that applies to a part of the usage."""
    directories: tuple[str, ...]


class BranchTable(NamedTuple):
    """Rows for all branches with usage and the one that is checked out, and the unplaced usage."""

    rows: tuple[BranchRow, ...] = ()
    pending: Mapping[str, Figures] = {}
    """The usage that no commit carries yet, by branch."""
    unplaced: tuple[UnplacedRow, ...] = ()
    total: Figures = Figures()
    parts: Conservation = Conservation()
