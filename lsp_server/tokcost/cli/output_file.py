"""Files that a command writes (`-o FILE`): atomically, or to standard output for `-`."""

import os
import stat
from collections.abc import Iterable

from tokcost.cli import screen
from tokcost.errors import UsageError, of_file
from tokcost.files.private import PRIVATE_FILE, is_our_file, write_pieces
from tokcost.settings import tokcost_cache, tokcost_home

STDOUT = "-"
_MOST_HEADER = 64 << 10


def write_file(name: str, pieces: Iterable[bytes], mode: int = PRIVATE_FILE) -> None:
    """Write the user's output file.

    An existing file is replaced once the new one is complete, and keeps its mode; a link stays a link. A pipe or a
    device is written to. Raises `EnvironmentProblem`, and `UsageError` for a file of tokcost's own.
    """
    if name == STDOUT:
        screen.send(pieces)
        return
    refuse_our_files(name)
    try:
        if os.path.exists(name) and not stat.S_ISREG(os.stat(name).st_mode):
            # A pipe or a device cannot be replaced: `-o /dev/null` would become a file.
            with open(name, "wb") as stream:
                stream.writelines(pieces)
        else:
            write_pieces(os.path.realpath(name), pieces, mode, keeps_mode=True)
    except OSError as error:
        raise of_file(name, "cannot be written", error) from error


def refuse_our_files(name: str) -> None:
    """Raises `UsageError` if an output file would replace a file of tokcost's own, for example the ledger."""
    path = os.path.realpath(name)
    for folder in (tokcost_home(os.environ), tokcost_cache(os.environ)):
        if is_our_file(os.path.realpath(folder), path):
            raise UsageError(f"{name} is a file of tokcost's own, or would become one", "Name another file.")


def begins_with(name: str, begins: bytes) -> bool:
    """Whether a regular file begins with these bytes."""
    try:
        if not stat.S_ISREG(os.lstat(name).st_mode):
            return False
        with open(name, "rb") as stream:
            return stream.read(_MOST_HEADER).startswith(begins)
    except OSError:
        return False
