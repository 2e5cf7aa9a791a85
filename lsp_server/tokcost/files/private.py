"""Files that nobody else may write, and atomic writing.

Other people have accounts on the same machine. Files that we create have their mode whatever the umask is, files that
we read belong to us, and a temporary file is a new one, so nobody can put a link in its place.
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
"""The largest file that is read at once."""
SCRIPT, PUBLIC_FILE, PUBLIC_FOLDER = 0o755, 0o644, 0o755
_NEW = ".tokcost-new"
_ABANDONED_SECONDS = 3600.0
"""The age from which on an unfinished file is abandoned: no process takes longer between two pieces of one."""
_OURS = (
    *("ledger", "history", "crash-", "reports", "prices", "consents", "config", "server", "backup", "tokcost", "plans"),
    "clones",
    "guards",
    "rescues",
    "otel",
    "received",
    "l10n",
)
"""The prefixes of our files' names in `TOKCOST_HOME`."""
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
_HINT = "Set TOKCOST_HOME to a folder that belongs to you and has no other files; it need not exist."


def is_our_file(folder: str, path: str) -> bool:
    """Whether a path in a folder of tokcost's has the name of one of its files, or is below one of its folders."""
    return path.startswith(folder + os.sep) and path[len(folder) + 1 :].startswith(_OURS)


def is_ours(status: os.stat_result) -> bool:
    """Whether a file belongs to the user we act for. On systems without users everything does."""
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def write_whole(path: str, data: bytes, mode: int = PRIVATE_FILE, *, keeps_mode: bool = False) -> None:
    """Write a file atomically: all of it, or the existing one stays.

    A link at `path` is replaced, not followed. With `keeps_mode`, the new file gets the mode of the existing one, and
    its owner if root writes; `mode` is for a new file. Raises `OSError`.
    """
    write_pieces(path, (data,), mode, keeps_mode=keeps_mode)


def write_pieces(path: str, pieces: Iterable[bytes], mode: int = PRIVATE_FILE, *, keeps_mode: bool = False) -> None:
    """Write a file as `write_whole` does, piece by piece. Raises `OSError`, and what producing a piece raises."""
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
    """Remove what a killed process left while it wrote this file; with `seconds`, only files that were not written
    to for that long, since another process may be writing."""
    folder, name = os.path.split(path)
    with suppress(OSError):
        for found in os.listdir(folder or "."):
            if found.startswith(f"{name}.") and found.endswith(_NEW):
                left = os.path.join(folder, found)
                if seconds is None or abs(time.time() - os.lstat(left).st_mtime) > seconds:
                    os.unlink(left)


@contextmanager
def alone_in(path: str) -> Generator[bool]:
    """Hold an exclusive lock on this lock file; yields whether it is certain, since some file systems have no locks.
    The system releases it when a process ends. Raises `OSError`."""
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
    """A regular file that belongs to us, opened for reading; `None` if there is none. A link is not followed."""
    with suppress(OSError):
        return open_own(path)
    return None


def open_own(path: str) -> BinaryIO | None:
    """A regular file that belongs to us, opened for reading; `None` if it is not ours or no regular file. A link is
    not followed. Raises `OSError`."""
    number = os.open(path, os.O_RDONLY | _NO_LINK | _NO_WAIT | getattr(os, "O_BINARY", 0))
    # Asked of the open file: one at the path could be exchanged between the question and the opening.
    status = os.fstat(number)
    if stat.S_ISREG(status.st_mode) and is_ours(status):
        return open(number, "rb")
    os.close(number)
    return None


def read_ours(path: str, most: int = MOST_BYTES) -> bytes | None:
    """The bytes of a regular file that belongs to us; `None` if there is none, or it is larger than `most`."""
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
    """Append to a private file of ours, which is created if there is none. Raises `OSError`, also if the file is a
    link or a pipe, or belongs to another user."""
    while not _appended(path, data):
        pass  # `rewrite_lines` replaced it


def _appended(path: str, data: bytes) -> bool:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK | _NO_WAIT, PRIVATE_FILE)
    try:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, f"it is {_kind(status)}, not a file", path)
        if not is_ours(status):
            raise PermissionError(errno.EPERM, "it belongs to another user", path)
        # Without the lock, 3 of 40,000 lines were lost that were appended while a purge rewrote the file.
        if data and _is_locked(number) and not _is_at(path, status):
            return False
        _write_all(number, data)
    finally:
        os.close(number)
    return True


def _is_at(path: str, status: os.stat_result) -> bool:
    """Whether an open file is still the one at its path."""
    with suppress(OSError):
        return os.path.samestat(os.lstat(path), status)
    return False


_LONGEST_LINE = 1 << 25


def rewrite_lines(path: str, edit: Callable[[bytes], bytes]) -> None:
    """Replace a private file of ours by the result of `edit` for each of its lines; a line with an empty result is
    removed.

    Lines that others append meanwhile are kept, and edited too. A line longer than 32 MB is processed in pieces. Raises
    `OSError`.
    """
    remove_unfinished(path)
    while not _rewritten(path, edit):
        pass  # another process did it meanwhile


def _rewritten(path: str, edit: Callable[[bytes], bytes]) -> bool:
    stream = open_ours(path)
    if stream is None:
        return True
    with stream:
        new = f"{path}.{os.urandom(8).hex()}{_NEW}"
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, PRIVATE_FILE), "wb") as target:
                _copy_lines(stream, target, edit)
                # Other writers wait from here on, no longer than the newly appended lines take.
                if _is_locked(stream.fileno()) and not _is_at(path, os.fstat(stream.fileno())):
                    os.unlink(new)
                    return False
                _copy_lines(stream, target, edit, is_end=True)
                target.flush()
                os.fsync(target.fileno())
            os.replace(new, path)
        except FileNotFoundError:  # another rewriting process considered it abandoned
            return False
        except BaseException:
            with suppress(OSError):
                os.unlink(new)
            raise
        while late := stream.readline(_LONGEST_LINE):  # files cannot be locked there
            append_ours(path, edit(late))
    return True


def _copy_lines(source: BinaryIO, target: BinaryIO, edit: Callable[[bytes], bytes], *, is_end: bool = False) -> None:
    """Copy complete lines, and at the end of the file also an unfinished one; before the end, somebody may still be
    writing it."""
    while line := source.readline(_LONGEST_LINE):
        if not (is_end or line.endswith(b"\n") or len(line) == _LONGEST_LINE):
            source.seek(-len(line), os.SEEK_CUR)
            return
        target.write(edit(line))


def make_folders(path: str, mode: int = PRIVATE_FOLDER) -> None:
    """Create a folder and its missing parents, each with this mode whatever the umask is. Raises `OSError`."""
    if os.path.isdir(path):
        return
    above = os.path.dirname(path)
    if above and above != path:
        make_folders(above, mode)
    with suppress(FileExistsError):
        os.mkdir(path, PRIVATE_FOLDER)
        # The umask may narrow what mkdir gives, and chmod widens it only once the folder is ours.
        if mode != PRIVATE_FOLDER:
            os.chmod(path, mode)
    if not os.path.isdir(path):
        raise FileExistsError(17, "there is a file where a folder is needed", path)


def private_folder(path: str) -> None:
    """Create a folder that only we may read and write, or check the existing one.

    A folder with nothing but our files is closed to others; a shared one is left unchanged. Raises `EnvironmentProblem`
    for a shared folder, and `OSError`.
    """
    make_folders(path)
    if _must_be_closed(path):
        os.chmod(path, PRIVATE_FOLDER)


def check_private(path: str) -> None:
    """Check a folder as `private_folder` does, for callers that only read: nothing is created or changed. Raises
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
        raise EnvironmentProblem(f"the folder {path} is shared by all users of this machine (sticky bit)", _HINT)
    with os.scandir(path) as entries:
        for entry in entries:
            if not entry.name.startswith(_OURS):
                said = f"others may read the folder {path}, and it has files that are not tokcost's ({entry.name})"
                raise EnvironmentProblem(said, _HINT)
            if not is_ours(entry.stat(follow_symlinks=False)):
                raise EnvironmentProblem(f"the folder {path} has files of another user ({entry.name})", _HINT)
    return True


def try_to_write(folder: str) -> None:
    """Write a file in a folder, or in the nearest one above it if it is not there yet, and remove it. Where the system
    can make a file without a name, it never has one. Raises `OSError`, with the folder that was tried."""
    import tempfile  # for `doctor` only

    there = folder
    while not os.path.lexists(there) and os.path.dirname(there) != there:
        there = os.path.dirname(there)
    try:
        with tempfile.TemporaryFile(dir=there, prefix="tokcost", buffering=0) as stream:
            stream.write(b"\n")
            os.fsync(stream.fileno())  # a full disk may say so only now
    except OSError as error:
        number, why = error.errno, error.strerror
        if not os.path.isdir(there):
            number, why = errno.ENOTDIR, "there is a file where a folder is needed"
        raise OSError(number, why, there) from error


BESIDE_DATABASE = ("-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite opens together with a database."""


def check_our_database(path: str) -> bool:
    """Check a database like `check_ours`, together with the files that SQLite keeps beside it."""
    is_there = check_ours(path)
    for suffix in BESIDE_DATABASE if is_there else ():
        check_ours(f"{path}{suffix}")
    return is_there


def check_ours(path: str) -> bool:
    """Whether a file exists. Raises `EnvironmentProblem` if it belongs to another user, since its content would be
    trusted, and if it is no regular file: opening a pipe waits for ever, and a link leads elsewhere."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    if not stat.S_ISREG(status.st_mode):
        raise EnvironmentProblem(f"{path} is {_kind(status)}, not a file", f"Remove it. {_HINT}")
    if not is_ours(status):
        raise EnvironmentProblem(
            f"{path} belongs to another user (uid {status.st_uid})",
            f"Change its owner with chown, or remove it. {_HINT}",
        )
    return True


def _kind(status: os.stat_result) -> str:
    return _KINDS.get(stat.S_IFMT(status.st_mode), "something else")


def writable_by_others(path: str) -> str:
    """The file, or the folder around it, that somebody other than us and root may change; empty if nobody may."""
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


def writable_below(folder: str) -> str:
    """The folder, the first file or folder in it, or the folder around it, that somebody other than us and root may
    change; empty if nobody may. What is around the folder is checked only once."""
    here = os.path.realpath(folder)
    if found := writable_by_others(here):
        return found
    for top, folders, files in os.walk(here):
        for path in (os.path.join(top, name) for name in (*folders, *files)):
            with suppress(OSError):
                status = os.lstat(path)
                if stat.S_ISLNK(status.st_mode):  # its target has other folders around it
                    found = writable_by_others(path)
                elif _is_open(status):
                    found = path
            if found:
                return found
    return ""


def _is_open(status: os.stat_result) -> bool:
    return (status.st_uid != 0 and not is_ours(status)) or has_open_mode(status)


def has_open_mode(status: os.stat_result) -> bool:
    """Whether its mode lets users other than its owner write."""
    # Groups below 100 are the system's; a user's own group has the user's id.
    of_many = status.st_mode & stat.S_IWGRP and status.st_gid >= 100 and status.st_gid != status.st_uid
    return bool(status.st_mode & stat.S_IWOTH or of_many)


def _is_open_around(status: os.stat_result) -> bool:
    """Whether others may replace files in the folder. In a sticky folder nobody may replace another user's files."""
    is_sticky = bool(status.st_mode & stat.S_ISVTX) and (status.st_uid == 0 or is_ours(status))
    return _is_open(status) and not is_sticky


def _write_all(number: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(number, view) :]
