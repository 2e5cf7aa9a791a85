"""Support for a server that does the work of hooks and commands for other processes."""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from tokcost.ledger.open import close_left_open
from tokcost.repo.run import on_behalf_of


def load() -> Any:
    """Import everything needed, before the first request."""
    from tokcost.usage import importing

    return importing


def work_for(environ: Mapping[str, str], work: Callable[[], None]) -> None:
    """Do some work in this thread as the process with that environment would: git runs with its variables and
    settings."""
    with on_behalf_of(environ):
        work()


def end_work() -> None:
    """Close what the work of this thread for others left open, as a hook's own process leaves it to its end. Not at
    once: closing the ledger waits for the disk, and the next hook of the same commit may be waiting."""
    close_left_open()


def forget_caller(environ: MutableMapping[str, str]) -> None:
    """Remove the variables that git sets for the one program it starts: an editor may be that program, and continues
    to work in other folders."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_PARAMETERS"):
        environ.pop(name, None)
