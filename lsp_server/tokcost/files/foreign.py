"""Files written by others. A clone brings them along, so they may be links, pipes, devices, or endless.

Every such file is opened here. It is read if it is a regular file of a bounded size, and refused with an `OSError`
otherwise: nothing waits for a pipe, and no device is ever opened.
"""

import errno
import os
import stat
from typing import BinaryIO

from tokcost.errors import EnvironmentProblem, of_file

MOST = 256 * 1024
"""The largest file that people write by hand, in bytes: settings, CODEOWNERS, configuration of hook managers."""
MOST_OF_GIT = 64 * 1024 * 1024
"""The largest file that git writes, in bytes: messages, reflogs, packed refs. 64 MiB are some 350,000 entries of a
reflog."""

# Windows has neither; no file in a folder there is a pipe or a device.
_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_PART = 1 << 16
_PLAIN = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class DiskFailed(EnvironmentProblem):
    """The system failed to read a file, so its content and its existence are unknown."""


_FAILING = frozenset(
    getattr(errno, name)
    for name in ("EIO", "ESTALE", "ENOMEM", "EMFILE", "ENFILE", "ETIMEDOUT")
    if hasattr(errno, name)
)


def require_answer(error: OSError, path: str) -> None:
    """Raises `DiskFailed` for an error that leaves a file's content or existence unknown: continuing as if there was
    no file would lose what it contains."""
    if error.errno in _FAILING:
        raise of_file(path, "cannot be read", error, DiskFailed) from error


def open_regular(path: str) -> BinaryIO:
    """A regular file, opened for reading; links are followed. Raises `OSError`, also for an impossible name."""
    # Merely opening a device can have effects, so its type is checked first, and checked again once it is open.
    _require_regular(_status(path), path)
    number = os.open(path, _PLAIN | _WITHOUT_WAITING)
    try:
        _require_regular(os.fstat(number), path)
        return open(number, "rb")
    except BaseException:
        os.close(number)
        raise


def read_bounded(path: str, most: int = MOST) -> bytes:
    """The content of a regular file of at most `most` bytes; links are followed. Raises `OSError`."""
    with open_regular(path) as stream:
        data = stream.read(most + 1)  # a size determined earlier may be out of date
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {_size(most)}", path)
    return data


def read_listed(entry: os.DirEntry[str], most: int = MOST) -> bytes:
    """The content of a directory entry, read like `read_bounded` in a third of the time: reading a clone may involve
    a reflog of each branch."""
    if not entry.is_file():  # known from the listing, except for a link
        raise OSError(errno.EINVAL, "it is not a regular file", entry.path)
    # A link may have taken its place since the listing; a pipe must not be waited for, so what is open is checked.
    number = os.open(entry.path, _PLAIN | _WITHOUT_WAITING)
    try:
        status = os.fstat(number)
        _require_regular(status, entry.path)
        data = os.read(number, min(status.st_size, most) + 1)
        while len(data) <= most and (more := os.read(number, _PART)):  # it grew, or came in parts
            data += more
    finally:
        os.close(number)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {_size(most)}", entry.path)
    return data


def read_inside(folder: str, name: str, most: int = MOST) -> bytes:
    """The content of a file of a repository, read like `read_bounded`: `name` may be a link, or be behind one, but
    must not lead out of `folder`."""
    path = os.path.join(folder, name)
    if os.path.dirname(name) or os.path.islink(path):
        real = os.path.realpath(path)
        if not real.startswith(os.path.join(os.path.realpath(folder), "")):
            raise OSError(errno.ELOOP, "it is a link to a place outside the repository", path)
        path = real
    return read_bounded(path, most)


def shown(value: object) -> str:
    """A value from such a file as quoted in a sentence: short, on one line, in printable ASCII."""
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of many digits"  # Python refuses to format it
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    text = ascii(value[:61] if isinstance(value, str) else value)
    return text if len(text) <= 64 else f"{text[:60]}…"


def _status(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except ValueError as error:  # a NUL, or a lone surrogate
        raise FileNotFoundError(errno.ENOENT, "this is not a valid file name", path) from error


def _require_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", path)


def _size(most: int) -> str:
    return f"{most >> 20} MiB" if most >= 1 << 20 else f"{most >> 10} KiB"
