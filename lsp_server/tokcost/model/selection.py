"""A selection of usage."""

from typing import NamedTuple


class Selection(NamedTuple):
    """A selection of usage: everything that agrees with all that is given."""

    from_branch: str | None = None
    """A branch of this repository; the empty string is usage without a branch."""
    session: str | None = None
    """A session id or its beginning."""
    directory: str | None = None
    """A working directory, and everything below it; also one that lies in no repository."""
    since_ms: int = 0
    until_ms: int = 1 << 62
