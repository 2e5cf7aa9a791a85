"""A commit as far as claims are concerned."""

from typing import NamedTuple


class Commit(NamedTuple):
    """The parts of a commit that a line can be in, or that lead to other commits."""

    id: str
    parents: tuple[str, ...]
    message: str
