"""A commit as far as claims are concerned."""

from typing import NamedTuple


class Commit(NamedTuple):
    """What git keeps of it that a line can be in, or that leads to others."""

    id: str
    parents: tuple[str, ...]
    message: str
