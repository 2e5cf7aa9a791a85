"""A rescue of a damaged ledger."""

from collections.abc import Mapping
from typing import NamedTuple


class Rescue(NamedTuple):
    """A ledger that was damaged, and the result of its rescue."""

    stamp: str
    """The time, as in the name of the damaged file."""
    damaged_file: str
    """The present path of the damaged file."""
    what: str
    """The damage."""
    rows: Mapping[str, int]
    """Rows saved, by table."""
    from_backup: Mapping[str, int]
    """The saved rows that only a backup had."""
    unreadable_pages: int
    """Pages that cannot be read completely; -1 if only indexes were damaged."""
    lost: Mapping[str, int]
    """Rows known to be lost, by table."""
    before: tuple[int, int] | None
    """Usage and tokens according to the damaged file; `None` if it could not be read for that."""
    after: tuple[int, int]
    """Usage and tokens saved, before logs were read again."""
    acknowledged: bool = False
    said: bool = False
    """Whether a hook has reported it."""
