"""Traces that tokcost leaves in clones and on a machine, as somebody sees them who is about to leave."""

from typing import NamedTuple

from tokcost.model.worktree import Worktree


class Traces(NamedTuple):
    """The traces in one clone."""

    worktree: Worktree
    hooks: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Notes and the journal of claims, below the git folder."""
    is_shared: bool = False
    """Whether another user agreed here too: hooks and settings stay then."""
    problem: str = ""
    """The reason why it could not be looked at."""

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to take away."""
        return not (self.hooks or self.settings or self.files or self.problem)


class Clones(NamedTuple):
    """Every clone that something is known of."""

    found: tuple[Traces, ...]
    gone: tuple[str, ...]
    """Roots of clones that are not where they were."""
    unknown: int = 0
    """The number of clones in which cost lines were agreed to, and of which nothing else is known any more."""


class Remaining(NamedTuple):
    """Something that stays, and how to remove it."""

    what: str
    where: str
    how: str
