"""The places where logs are looked for, and logs that no reader reads: for screens that have nothing else to show."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tokcost.estimates.switch import is_on
from tokcost.model.received import FROM_TEXT
from tokcost.readers.registry import readers
from tokcost.readers.unread import unread_logs
from tokcost.services.look_at_clone import find_here


class LogPlaces(NamedTuple):
    """The result of searching for logs."""

    read: dict[str, list[str]]
    """Each assistant that is read, and the places where its logs are looked for."""
    unread: list[tuple[str, str]]
    """Assistants whose logs exist and are not read, with one place of each."""


def find_logs(environ: Mapping[str, str], cwd: Path) -> LogPlaces:
    """Search for logs, read and unread. A failing reader has no places; `tokcost doctor` reports it."""
    read: dict[str, list[str]] = {}
    for reader in readers():
        if reader.name in FROM_TEXT and not is_on(environ):
            continue
        read[reader.name] = []
        with suppress(Exception):
            read[reader.name] = list(dict.fromkeys(location.path for location in reader.locations(environ)))
    here = find_here(cwd)
    found = unread_logs(environ, here.root if here else str(cwd), readers())
    return LogPlaces(read, [(one.assistant, one.path) for one in found])
