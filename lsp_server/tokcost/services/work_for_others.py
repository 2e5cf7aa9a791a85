"""A server that does the work of hooks and commands which other processes were asked for."""

from typing import Any

from tokcost.repo.run import on_behalf_of

__all__ = ["load", "on_behalf_of"]


def load() -> Any:
    """Load what they need, before the first one asks."""
    from tokcost.usage import importing

    return importing
