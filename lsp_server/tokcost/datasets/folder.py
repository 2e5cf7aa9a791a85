"""The folder of a dataset: `claims/` for those who may read the repositories, `cells/` for everyone.

A file is named by a digest of its bytes and never changes. A repeated job therefore writes files that exist already,
jobs need no server, and an incomplete copy is recognised. A file created by compaction lists in its metadata which
files it replaces; those are no longer valid, whether they still exist or reappear.
"""

import errno
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tokcost.errors import EnvironmentProblem, of_file
from tokcost.files.private import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    PUBLIC_FILE,
    PUBLIC_FOLDER,
    alone_in,
    make_folders,
    write_pieces,
    write_whole,
)

Kind = Literal["claims", "cells"]
KINDS: tuple[Kind, ...] = ("claims", "cells")
COMPACT = "compact-"
REPLACES = "tokcost.replaces"
"""The entry of a file's metadata with the names of the files that it replaces."""
CELLS_OF = "tokcost.cells"
"""The entry of claims that names the file of their cells."""
CLAIMS_OF = "tokcost.claims"
"""The entry of cells with a digest of the claims from which they follow."""
_ENDING = ".parquet"
_DIGEST = 16
UNFINISHED = ".tokcost-new"
_MODES: dict[Kind, tuple[int, int]] = {
    "claims": (PRIVATE_FOLDER, PRIVATE_FILE),
    "cells": (PUBLIC_FOLDER, PUBLIC_FILE),
}


class Files(NamedTuple):
    """The valid files of one kind, and the replaced ones."""

    counted: list[str]
    """Paths, sorted."""
    replaced: list[str]
    """Paths of replaced files that still exist."""
    gone: frozenset[str] = frozenset()
    """Names of all replaced files."""


def make_dataset(folder: Path) -> None:
    """Create missing folders. Raises `EnvironmentProblem` if the folder contains something else, or cannot be read
    later because of its path."""
    require_utf8(folder)
    try:
        if folder.is_dir():
            others = [name for name in os.listdir(folder) if name not in (*KINDS, ".lock")]
            if others and not any((folder / kind).is_dir() for kind in KINDS):
                raise EnvironmentProblem(
                    f"{folder} is not a dataset: it has {sorted(others)[0]}", "Name a new or an empty folder."
                )
        make_folders(str(folder), PUBLIC_FOLDER)
        for kind, (mode, _) in _MODES.items():
            make_folders(str(folder / kind), mode)
    except OSError as error:
        raise _unwritable(folder, error) from error


def require_utf8(folder: Path) -> None:
    """Raise `EnvironmentProblem` for a path that is not UTF-8: DuckDB opens no file there."""
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        hint = "Use a folder with another path."
        raise EnvironmentProblem(f"the path {folder} is not UTF-8, so a dataset cannot be read there", hint) from error


def check_dataset_folder(folder: Path) -> None:
    """Raise `EnvironmentProblem` if there is no dataset. One that lost a kind of its files still counts."""
    if not any((folder / kind).is_dir() for kind in KINDS):
        raise EnvironmentProblem(f"{folder} is not a dataset", "`tokcost collect REPO --into DATASET` creates one.")


def read_files(folder: Path, kind: Kind) -> Files:
    """The files of a kind. Raises `EnvironmentProblem`."""
    place = folder / kind
    try:
        names = sorted(_names(place))
    except FileNotFoundError:
        return Files([], [])
    except OSError as error:
        raise of_file(place, "cannot be read", error) from error
    gone: set[str] = set()
    for name in names:
        if name.startswith(COMPACT):
            # Each file says what it replaces: a list for the whole folder would be wrong after a partial copy.
            gone.update(name for name in read_note(str(place / name), REPLACES).split())
    counted = [str(place / name) for name in names if name not in gone]
    return Files(counted, [str(place / name) for name in names if name in gone], frozenset(gone))


def _names(place: Path) -> Iterator[str]:
    """The names of files in a folder of a dataset. Raises `OSError`, and `EnvironmentProblem` for a pipe, a device
    or a folder with such a name: opening it could wait for ever."""
    for name in os.listdir(place):
        if name.endswith(_ENDING) and not name.startswith("."):
            path = place / name
            if not os.path.lexists(path):
                continue  # removed meanwhile by a compaction
            if not os.path.isfile(path):
                raise EnvironmentProblem(f"{path} is not a file", "Remove it from the dataset.")
            yield name


def claims_without_cells(folder: Path) -> list[str]:
    """Paths of claims whose file of cells is missing, because a run was killed or the file was lost. Those of a
    compaction name no file. Raises `EnvironmentProblem`."""
    cells = read_files(folder, "cells")
    there = {os.path.basename(path) for path in (*cells.counted, *cells.replaced)} | cells.gone | {""}
    return [path for path in read_files(folder, "claims").counted if read_note(path, CELLS_OF) not in there]


def read_note(path: str, name: str) -> str:
    """An entry of a file's metadata; empty if there is none, or the file cannot be read."""
    parquet: Any = import_module("pyarrow.parquet")
    try:
        found: dict[bytes, bytes] = parquet.read_metadata(path).metadata or {}
    except (OSError, ValueError):
        return ""  # `check` reports it
    return found.get(name.encode(), b"").decode("utf-8", "replace")


def write_file(folder: Path, kind: Kind, data: bytes) -> str:
    """Write a file named by its content; returns that name. Nothing is written if it exists already. Raises
    `EnvironmentProblem`."""
    name = name_of(data)
    path = folder / kind / name
    try:
        if not path.exists():
            write_whole(str(path), data, _MODES[kind][1])
    except OSError as error:
        raise _unwritable(path, error) from error
    return name


def write_file_in_pieces(folder: Path, kind: Kind, pieces: Iterable[bytes]) -> str:
    """Write a file as `write_file` does, piece by piece: it is never completely in memory."""
    path = folder / kind / f"{os.urandom(8).hex()}{UNFINISHED}"
    try:
        write_pieces(str(path), pieces, _MODES[kind][1])
        name = file_digest(path) + _ENDING
        return name if (folder / kind / name).exists() else adopt(folder, kind, path, name)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            path.unlink()


def adopt(folder: Path, kind: Kind, path: Path, name: str) -> str:
    """Give a finished file its name and return the name, once both are on the disk, so that the files it replaces
    may be removed. Some file systems report only at this point that they are full. Raises `OSError`."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
    # Before the file gets its name, so that it is never visible under it with another mode.
    os.chmod(path, _MODES[kind][1])
    os.replace(path, folder / kind / name)
    if hasattr(os, "O_DIRECTORY"):
        _sync_folder(folder / kind)
    return name


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # folders of this file system cannot be synced
            raise
    finally:
        os.close(number)


def is_whole(path: str) -> bool:
    """Whether a file's bytes match its name."""
    try:
        return os.path.basename(path).removeprefix(COMPACT) == file_digest(Path(path)) + _ENDING
    except OSError:
        return False


def remove(paths: Iterable[str]) -> None:
    """Remove files that are no longer valid."""
    for path in paths:
        with suppress(FileNotFoundError):
            os.unlink(path)


def name_of(data: bytes) -> str:
    """The name of a file with this content."""
    return blake2b(data, digest_size=_DIGEST).hexdigest() + _ENDING


def file_digest(path: Path) -> str:
    """The digest that names a file. Raises `OSError`."""
    found = blake2b(digest_size=_DIGEST)
    with path.open("rb") as stream:
        while data := stream.read(1 << 20):
            found.update(data)
    return found.hexdigest()


@contextmanager
def one_at_a_time(folder: Path) -> Generator[None]:
    """Hold the lock under which a job decides what is new: two jobs on this machine with common claims would publish
    them twice. The system releases it when a process ends. If files cannot be locked, jobs continue without it."""
    try:
        with alone_in(str(folder / ".lock")) as is_alone:
            # Without the lock, an unfinished file may belong to a job that is writing it.
            if is_alone:
                _remove_unfinished(folder)
            yield
    except OSError as error:
        raise _unwritable(folder, error) from error


def _remove_unfinished(folder: Path) -> None:
    """Remove what killed jobs left while they wrote."""
    for kind in KINDS:
        with suppress(OSError):
            for name in os.listdir(folder / kind):
                if name.endswith(UNFINISHED):
                    os.unlink(folder / kind / name)


def _unwritable(path: Path, error: OSError) -> EnvironmentProblem:
    return of_file(path, "cannot be written", error)
