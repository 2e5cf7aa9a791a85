"""A selection of usage."""

from typing import NamedTuple


class Selection(NamedTuple):
    """A selection of usage: everything that matches all given conditions."""

    from_branch: str | None = None
    """A branch of this repository; the empty string selects usage without a branch."""
    session: str | None = None
    """A session id or its beginning."""
    directory: str | None = None
    """A working directory with everything below it; it may be outside repositories."""
    since_ms: int = 0
    until_ms: int = 1 << 62
