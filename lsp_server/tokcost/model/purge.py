"""The scope of a purge, and the size of what agrees with it: plain values."""

from typing import NamedTuple


class Scope(NamedTuple):
    """The usage to purge: everything that agrees with all that is given. All `None` is everything."""

    before_ms: int | None = None
    """Usage before this moment, in milliseconds UTC."""
    repository: int | None = None
    """Row id of a repository; -1 for one that the ledger does not know."""
    directory: str | None = None
    """The folder that `repository` was named by: what was made there outside of any repository is meant, too."""
    branch: str | None = None
    session: str | None = None
    """The whole id of a session."""
    assistant: str | None = None
    """The name of an assistant's reader."""


class Purged(NamedTuple):
    """The size of what agrees with a scope. The amount is in nano-dollars."""

    usage: int = 0
    tokens: int = 0
    list_cost: int = 0
    sessions: int = 0
    claims: int = 0
    """Claims that hold any of it."""
    published: int = 0
    """Those of them whose line some commit carries."""
    closed: int = 0
    """Those of them that hold other usage, too."""
