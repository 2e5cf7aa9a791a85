"""Support for a server that does the work of hooks and commands in the place of other processes."""

from collections.abc import MutableMapping
from typing import Any

from tokcost.repo.run import on_behalf_of

__all__ = ["forget_caller", "load", "on_behalf_of"]


def load() -> Any:
    """Load what they need, before the first one asks."""
    from tokcost.usage import importing

    return importing


def forget_caller(environ: MutableMapping[str, str]) -> None:
    """Take out what git says to the one program that it starts: an editor may be that program, and goes on to work in
    other folders."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_PARAMETERS"):
        environ.pop(name, None)
