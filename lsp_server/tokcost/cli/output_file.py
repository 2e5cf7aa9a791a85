"""Files that a command writes (`-o FILE`): atomically, or to standard output for `-`."""

import os
import stat
from collections.abc import Iterable

from tokcost.cli import screen
from tokcost.errors import of_file
from tokcost.files.private import PRIVATE_FILE, write_pieces

STDOUT = "-"
_MOST_HEADER = 64 << 10


def write_file(name: str, pieces: Iterable[bytes], mode: int = PRIVATE_FILE) -> None:
    """Write the user's output file.

    An existing file is replaced once the new one is complete, and keeps its mode; a link stays a link. A pipe or a
    device is written to. Raises `EnvironmentProblem`.
    """
    if name == STDOUT:
        screen.send(pieces)
        return
    try:
        if os.path.exists(name) and not stat.S_ISREG(os.stat(name).st_mode):
            with open(name, "wb") as stream:
                stream.writelines(pieces)
        else:
            write_pieces(os.path.realpath(name), pieces, mode, keeps_mode=True)
    except OSError as error:
        raise of_file(name, "cannot be written", error) from error


def begins_with(name: str, begins: bytes) -> bool:
    """Whether a regular file begins with these bytes."""
    try:
        if not stat.S_ISREG(os.lstat(name).st_mode):
            return False
        with open(name, "rb") as stream:
            return stream.read(_MOST_HEADER).startswith(begins)
    except OSError:
        return False
