"""The files of assistants: which are at a location, in which state, and opening them."""

import io
import os
from collections.abc import Callable, Iterator
from errno import EINVAL
from stat import S_ISREG

from tokcost.model.logs import Batch, Location, Source

_COMPANIONS = ("-wal",)
"""Files beside the database with part of its content. `-shm` is an index of `-wal` and changes by reading."""

_INT64 = (1 << 63) - 1


def sources_in(location: Location, suffixes: tuple[str, ...]) -> Iterator[Source]:
    """The sources at a location: the file or store that it names, whatever its suffix, or all files below the folder
    that it names with one of `suffixes`. Anything unreadable is skipped, and so is anything that is no file."""
    if location.kind != "folder":
        source = store_source(location.path) if location.kind == "store" else source_at(location.path)
        if source is not None:
            yield source
        return
    walk = FolderWalk(location.path)
    for folder, _ in walk:
        for entry in walk.entries(folder):
            if entry.name.endswith(suffixes):
                try:
                    if entry.is_file():
                        yield file_source(entry.path, entry.stat())
                except OSError:
                    continue  # a dangling link, or one into a folder that we may not read


def file_source(path: str, status: os.stat_result) -> Source:
    """A file from its status. Some file systems have times of more than 64 bits."""
    return Source(path, status.st_size, max(-_INT64, min(status.st_mtime_ns, _INT64)))


def source_at(path: str) -> Source | None:
    """The file at a path in its present state; `None` if there is none, or a pipe, a device or a folder, which could
    block when opened."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # the latter for an impossible file name
        return None
    return file_source(path, status) if S_ISREG(status.st_mode) else None


def store_source(path: str) -> Source | None:
    """A store from the file system; `None` if there is none, or it is no file. Its size and time are those of all
    its files, so that a commit which only grows the WAL is noticed."""
    found = source_at(path)
    if found is None:
        return None
    real = os.path.realpath(path)  # SQLite keeps them beside the target of a link
    beside = [one for suffix in _COMPANIONS if (one := source_at(real + suffix)) is not None]
    files = [found, *beside]
    return Source(path, sum(one.size for one in files), max(one.mtime_ns for one in files))


class FolderWalk:
    """The folders below a root, each once, with its status from before it is listed: iterate, and read the `entries` of
    each folder before the next one.

    Links to folders are followed, since people keep logs elsewhere, also inside a linked folder, but none to a folder
    that contains the root or the link itself: a link to `/` is no log folder. Links come last, so that folders below
    the root are found under their own names.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._pending = [root]
        self._links: list[str] = []
        self._seen: set[tuple[int, int]] = set()

    def __iter__(self) -> Iterator[tuple[str, os.stat_result]]:
        while self._pending or self._links:
            folder = (self._pending or self._links).pop()
            try:
                # Before the folder is listed: whatever is added meanwhile changes its time, and it is listed again.
                status = os.stat(folder)
            except OSError:
                continue
            identity = (status.st_dev, status.st_ino)
            if identity not in self._seen:
                self._seen.add(identity)
                yield folder, status

    def entries(self, folder: str) -> Iterator["os.DirEntry[str]"]:
        """The entries of a folder that are no folders, one by one, since there may be millions. Empty if it cannot
        be read."""
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        self._pending.append(entry.path)
                    elif entry.is_symlink() and self._is_folder_elsewhere(folder, entry):
                        self._links.append(entry.path)
                    else:
                        yield entry
        except OSError:
            return

    def _is_folder_elsewhere(self, folder: str, entry: "os.DirEntry[str]") -> bool:
        try:
            if not entry.is_dir():
                return False
        except OSError:
            return False
        # With a separator at its end, `/logs` is not taken for a folder that contains `/logs-2`.
        target = os.path.join(os.path.realpath(entry.path), "")
        return not any(os.path.join(os.path.realpath(one), "").startswith(target) for one in (self._root, folder))


def open_log(path: str) -> io.FileIO:
    """A log file, opened for reading. If a pipe or a device has taken its place since it was listed, it is not
    waited for. Raises `OSError` if it cannot be read or is no file."""
    stream = io.FileIO(os.open(path, os.O_RDONLY | _NEVER_WAIT), "rb")
    if not S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(EINVAL, "not a regular file")
    return stream


# O_BINARY, because in Windows' text mode line ends would be translated, and the offsets in cursors would be wrong.
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def refuse_utf16(beginning: bytes) -> None:
    """Raises `OSError` if the first bytes of a file show that it is UTF-16 text: no assistant writes that, but a
    shell that copied a log may have."""
    # With either byte order mark, or a JSON object without one.
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff", b'{\0"\0', b'\0{\0"')):
        raise OSError("it is UTF-16 text; convert it to UTF-8 (`iconv -f UTF-16 -t UTF-8`)")


def in_portions(read: Callable[[Source, bytes | None], Batch], source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """Continue reading until a batch shows that there is no more."""
    while True:
        batch = read(source, cursor)
        yield batch
        if not batch.more:
            return
        cursor = batch.cursor
