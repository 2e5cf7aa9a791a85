"""Files that nobody else may write, and files that are written whole.

Other people have accounts on the same machine. What we make has a mode of its own whatever the umask is, what we read
belongs to us, and a temporary file is one that was not there before, so nobody can put a link in its place.
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from typing import BinaryIO

from tokcost.errors import EnvironmentProblem

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
MOST_BYTES = 64 << 20
"""The largest file that is read whole."""
SCRIPT, PUBLIC_FILE, PUBLIC_FOLDER = 0o755, 0o644, 0o755
_NEW = ".tokcost-new"
_ABANDONED_SECONDS = 3600.0
"""The age from which on an unfinished file is abandoned: no process takes longer between two pieces of one."""
_OURS = (
    *("ledger", "history", "crash-", "reports", "prices", "consents", "config", "server", "backup", "tokcost", "plans"),
    "clones",
    "rescues",
    "otel",
    "received",
    "l10n",
)
"""The beginnings of the names of our files in `TOKCOST_HOME`."""
_NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT: int = getattr(os, "O_NONBLOCK", 0)
"""Opens without waiting: a pipe would wait for its other end."""
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_HINT = "Set TOKCOST_HOME to a folder that is yours and holds nothing else; it need not exist."


def is_ours(status: os.stat_result) -> bool:
    """Whether a file belongs to the user we act for. Where there are no users everything does."""
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def write_whole(path: str, data: bytes, mode: int = PRIVATE_FILE, *, keeps_mode: bool = False) -> None:
    """Write all of a file or leave the one that is there. A link at `path` is replaced, not followed. `keeps_mode`:
    the mode of the file that is there goes on, and its owner where root writes; `mode` is for a new one. Raises
    `OSError`."""
    write_pieces(path, (data,), mode, keeps_mode=keeps_mode)


def write_pieces(path: str, pieces: Iterable[bytes], mode: int = PRIVATE_FILE, *, keeps_mode: bool = False) -> None:
    """Write all of a file as `write_whole` does, piece by piece. Raises `OSError`, and what making a piece raises."""
    owner = None
    if keeps_mode:
        with suppress(OSError):
            before = os.stat(path)
            mode, owner = stat.S_IMODE(before.st_mode), before
    remove_unfinished(path, _ABANDONED_SECONDS)
    new = f"{path}.{os.urandom(8).hex()}{_NEW}"
    number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | getattr(os, "O_BINARY", 0), PRIVATE_FILE)
    try:
        try:
            for piece in pieces:
                _write_all(number, piece)
            if owner is not None and not is_ours(owner):
                with suppress(PermissionError):
                    os.chown(number, owner.st_uid, owner.st_gid)
            if mode != PRIVATE_FILE:
                os.chmod(number if os.chmod in os.supports_fd else new, mode)
        finally:
            os.close(number)
        os.replace(new, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(new)
        raise


def remove_unfinished(path: str, seconds: float | None = None) -> None:
    """Remove what a process left that was killed while it wrote this file; with `seconds`, only what was not written to
    for so long, since another process may be writing."""
    folder, name = os.path.split(path)
    with suppress(OSError):
        for found in os.listdir(folder or "."):
            if found.startswith(f"{name}.") and found.endswith(_NEW):
                left = os.path.join(folder, found)
                if seconds is None or abs(time.time() - os.lstat(left).st_mtime) > seconds:
                    os.unlink(left)


@contextmanager
def alone_in(path: str) -> Generator[bool]:
    """Within this, no other process of this machine is behind the same lock file; whether that is sure, since some file
    systems have no locks. The system lets go of it whenever a process ends. Raises `OSError`."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, PRIVATE_FILE)
    try:
        yield _is_locked(number)
    finally:
        os.close(number)


def _is_locked(number: int) -> bool:
    try:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX)
    except (ImportError, OSError):
        return False
    return True


def open_ours(path: str) -> BinaryIO | None:
    """A regular file that belongs to us, opened for reading; `None` where there is none. A link is not followed."""
    with suppress(OSError):
        return open_own(path)
    return None


def open_own(path: str) -> BinaryIO | None:
    """A regular file that belongs to us, opened for reading; `None` where it is not ours or no regular file. A link is
    not followed. Raises `OSError`."""
    number = os.open(path, os.O_RDONLY | _NO_LINK | _NO_WAIT | getattr(os, "O_BINARY", 0))
    status = os.fstat(number)
    if stat.S_ISREG(status.st_mode) and is_ours(status):
        return open(number, "rb")
    os.close(number)
    return None


def read_ours(path: str, most: int = MOST_BYTES) -> bytes | None:
    """The bytes of a regular file that belongs to us; `None` where there is none, or it is larger than `most`."""
    stream = open_ours(path)
    if stream is None:
        return None
    with stream:
        try:
            data = stream.read(most + 1)
        except OSError:
            return None
    return data if len(data) <= most else None


def append_ours(path: str, data: bytes) -> None:
    """Append to a private file of ours, which is made where there is none. Raises `OSError`, also where the file is a
    link or a pipe, or belongs to another user."""
    while not _appended(path, data):
        pass  # `rewrite_lines` put another one in its place


def _appended(path: str, data: bytes) -> bool:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK | _NO_WAIT, PRIVATE_FILE)
    try:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, f"it is {_kind(status)}, not a file", path)
        if not is_ours(status):
            raise PermissionError(errno.EPERM, "it belongs to another user", path)
        if data and _is_locked(number) and not _is_at(path, status):
            return False
        _write_all(number, data)
    finally:
        os.close(number)
    return True


def _is_at(path: str, status: os.stat_result) -> bool:
    """Whether a file that is open is still the one at its path."""
    with suppress(OSError):
        return os.path.samestat(os.lstat(path), status)
    return False


_LONGEST_LINE = 1 << 25


def rewrite_lines(path: str, edit: Callable[[bytes], bytes]) -> None:
    """Replace a private file of ours by what `edit` makes of each of its lines; where that is nothing, the line goes.
    What others append meanwhile is kept, edited too. A line longer than 32 MB is taken in pieces. Raises `OSError`."""
    remove_unfinished(path)
    while not _rewritten(path, edit):
        pass  # another process did it in between


def _rewritten(path: str, edit: Callable[[bytes], bytes]) -> bool:
    stream = open_ours(path)
    if stream is None:
        return True
    with stream:
        new = f"{path}.{os.urandom(8).hex()}{_NEW}"
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, PRIVATE_FILE), "wb") as target:
                _copy_lines(stream, target, edit)
                # Whoever appends waits from here on, and no longer than what came meanwhile takes.
                if _is_locked(stream.fileno()) and not _is_at(path, os.fstat(stream.fileno())):
                    os.unlink(new)
                    return False
                _copy_lines(stream, target, edit, is_end=True)
                target.flush()
                os.fsync(target.fileno())
            os.replace(new, path)
        except FileNotFoundError:  # another process that rewrites took it for one that was left
            return False
        except BaseException:
            with suppress(OSError):
                os.unlink(new)
            raise
        while late := stream.readline(_LONGEST_LINE):  # where files cannot be locked
            append_ours(path, edit(late))
    return True


def _copy_lines(source: BinaryIO, target: BinaryIO, edit: Callable[[bytes], bytes], *, is_end: bool = False) -> None:
    """Copy lines, and at the end of the file one that is not finished; before that, somebody may be writing it."""
    while line := source.readline(_LONGEST_LINE):
        if not (is_end or line.endswith(b"\n") or len(line) == _LONGEST_LINE):
            source.seek(-len(line), os.SEEK_CUR)
            return
        target.write(edit(line))


def make_folders(path: str, mode: int = PRIVATE_FOLDER) -> None:
    """Make a folder and those above it that are missing, each with this mode whatever the umask is. Raises
    `OSError`."""
    if os.path.isdir(path):
        return
    above = os.path.dirname(path)
    if above and above != path:
        make_folders(above, mode)
    with suppress(FileExistsError):
        os.mkdir(path, PRIVATE_FOLDER)
        if mode != PRIVATE_FOLDER:
            os.chmod(path, mode)
    if not os.path.isdir(path):
        raise FileExistsError(17, "there is a file where a folder is needed", path)


def private_folder(path: str) -> None:
    """Make a folder for what only we may read and write, or check the one that is there. One that holds nothing but
    files of ours is closed to others; one that is shared is left as it is.

    Raises `EnvironmentProblem` for a folder that is shared, and `OSError`.
    """
    make_folders(path)
    if _must_be_closed(path):
        os.chmod(path, PRIVATE_FOLDER)


def check_private(path: str) -> None:
    """Check a folder as `private_folder` does, for whoever only reads: nothing is made or changed. Raises
    `EnvironmentProblem`."""
    with suppress(OSError):
        _must_be_closed(path)


def _must_be_closed(path: str) -> bool:
    status = os.stat(path)
    if not hasattr(os, "geteuid"):
        return False
    if not is_ours(status):
        raise EnvironmentProblem(f"the folder {path} belongs to another user (uid {status.st_uid})", _HINT)
    if not status.st_mode & 0o077:
        return False
    if status.st_mode & stat.S_ISVTX:
        raise EnvironmentProblem(f"the folder {path} is for all users of this machine (sticky)", _HINT)
    with os.scandir(path) as entries:
        for entry in entries:
            if not entry.name.startswith(_OURS):
                said = f"others may look into the folder {path}, and it holds more than tokcost's files ({entry.name})"
                raise EnvironmentProblem(said, _HINT)
            if not is_ours(entry.stat(follow_symlinks=False)):
                raise EnvironmentProblem(f"the folder {path} holds files of another user ({entry.name})", _HINT)
    return True


BESIDE_DATABASE = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite opens with one of its own."""


def check_our_database(path: str) -> bool:
    """The same as `check_ours` for a file of SQLite, with the files that SQLite keeps beside it."""
    is_there = check_ours(path)
    for suffix in BESIDE_DATABASE if is_there else ():
        check_ours(f"{path}{suffix}")
    return is_there


def check_ours(path: str) -> bool:
    """Whether a file is there. Raises `EnvironmentProblem` where it belongs to another user, since what it says would
    be believed, and where it is none: whoever opens a pipe waits for ever, and a link leads elsewhere."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    if not stat.S_ISREG(status.st_mode):
        raise EnvironmentProblem(f"{path} is {_kind(status)}, not a file", f"Remove it. {_HINT}")
    if not is_ours(status):
        raise EnvironmentProblem(
            f"{path} belongs to another user (uid {status.st_uid})", f"Give it back with chown, or remove it. {_HINT}"
        )
    return True


def _kind(status: os.stat_result) -> str:
    return _KINDS.get(stat.S_IFMT(status.st_mode), "something else")


def writable_by_others(path: str) -> str:
    """The file, or the folder around it, that somebody beside us and root may change; empty when nobody may."""
    here = os.path.realpath(path)
    below: Callable[[os.stat_result], bool] = _is_open
    while True:
        with suppress(OSError):
            if below(os.stat(here)):
                return here
        here, before = os.path.dirname(here), here
        if here == before:
            return ""
        below = _is_open_around


def _is_open(status: os.stat_result) -> bool:
    return (status.st_uid != 0 and not is_ours(status)) or has_open_mode(status)


def has_open_mode(status: os.stat_result) -> bool:
    """Whether its mode lets others than its owner write."""
    # Groups below 100 are the system's; a user's own group has the user's number.
    of_many = status.st_mode & stat.S_IWGRP and status.st_gid >= 100 and status.st_gid != status.st_uid
    return bool(status.st_mode & stat.S_IWOTH or of_many)


def _is_open_around(status: os.stat_result) -> bool:
    """In a sticky folder nobody may replace what belongs to somebody else."""
    is_sticky = bool(status.st_mode & stat.S_ISVTX) and (status.st_uid == 0 or is_ours(status))
    return _is_open(status) and not is_sticky


def _write_all(number: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(number, view) :]
