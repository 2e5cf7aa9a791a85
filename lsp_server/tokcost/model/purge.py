"""The scope of a purge, and the size of the usage in it: plain values."""

from typing import NamedTuple


class PurgeScope(NamedTuple):
    """The usage to purge: everything that matches all given conditions. If all are `None`, it is everything."""

    before_ms: int | None = None
    """Usage before this moment, in milliseconds UTC."""
    repositories: tuple[int, ...] | None = None
    """Row ids; empty for a repository that is not in the ledger."""
    directory: str | None = None
    """The folder by which `repositories` were named: usage there outside repositories is included."""
    branch: str | None = None
    session: str | None = None
    """The complete id of a session."""
    assistant: str | None = None
    """The name of an assistant's reader."""


class Purged(NamedTuple):
    """The size of the usage in a scope. The amount is in nano-dollars."""

    usage: int = 0
    tokens: int = 0
    list_cost: int = 0
    sessions: int = 0
    claims: int = 0
    """Claims that hold any of it."""
    published: int = 0
    """The claims whose line some commit carries."""
    closed: int = 0
    """The claims that hold other usage, too."""
    replaced: tuple[str, ...] = ()
    """Paths where another repository is by now: usage of the one that was there before is included."""
    beside: tuple[str, ...] = ()
    """Paths where another repository was before: its usage on a branch of the same name is not included."""
