"""The work of `tokcost status`, separate from its command: a prompt does not wait for click to be imported."""

import os
from pathlib import Path

from tokcost.cli import screen
from tokcost.errors import NotARepository, UsageError
from tokcost.model.status import Status
from tokcost.reports.status import PLACEHOLDERS, UnknownPlaceholder, formatted, status_line
from tokcost.services.read_status import fresh_status
from tokcost.settings import tokcost_home


def show_status(template: str | None = None, *, as_json: bool = False, quiet: bool = False, fresh: bool = True) -> int:
    """Print the line. With `quiet` there is none outside a repository; unless `fresh`, no logs are read."""
    try:
        status = fresh_status(tokcost_home(os.environ), os.environ, _current_folder(), fresh=fresh)
    except NotARepository:
        if quiet:
            return 0
        raise
    screen.show((_text(status, template, as_json), "\n"))
    return 0


def _current_folder() -> Path:
    """Raises `NotARepository` if it was deleted, as the folder of an agent's worktree may be."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise NotARepository(
            "the current folder was deleted", "Change to one that exists, for example with `cd ~`."
        ) from error


def _text(status: Status, template: str | None, as_json: bool) -> str:
    if as_json:
        from tokcost.reports.json import status_json

        return status_json(status)
    if template is None:
        return status_line(status)
    try:
        return screen.Ready(formatted(status, template))  # tabs and colours in it are the user's own choice
    except UnknownPlaceholder as unknown:
        known = ", ".join(PLACEHOLDERS)
        raise UsageError(f"--format: unknown placeholder {{{unknown}}}", f"The placeholders are {known}.") from unknown
