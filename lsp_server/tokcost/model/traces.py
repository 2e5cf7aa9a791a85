"""Traces of tokcost in clones and on a machine, as listed for uninstallation."""

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
    """Whether another user agreed here too: hooks and settings then stay."""
    problem: str = ""
    """The reason why the clone could not be examined."""

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to remove."""
        return not (self.hooks or self.settings or self.files or self.problem)


class Clones(NamedTuple):
    """All known clones."""

    found: tuple[Traces, ...]
    gone: tuple[str, ...]
    """Roots of clones that are no longer in their place."""
    unknown: int = 0
    """The number of clones where cost lines were agreed to, and which the ledger does not know."""


class Remaining(NamedTuple):
    """Something that stays, and how to remove it."""

    what: str
    where: str
    how: str
