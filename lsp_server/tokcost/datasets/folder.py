"""The folder of a dataset: `claims/` for those who may read the repositories, `cells/` for everyone.

A file is named by a digest of its bytes and never changes. So a job that runs again writes the files that are there
already, jobs need no server, and what was copied half is recognised. A file that compaction made says in its metadata
which files it replaces; those count no more, whether they are still there or come back.
"""

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tokcost.errors import EnvironmentProblem
from tokcost.private_files import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    PUBLIC_FILE,
    PUBLIC_FOLDER,
    make_folders,
    write_whole,
)

Kind = Literal["claims", "cells"]
KINDS: tuple[Kind, ...] = ("claims", "cells")
COMPACT = "compact-"
REPLACES = "tokcost.replaces"
_ENDING = ".parquet"
_UNFINISHED = ".tokcost-new"
_MODES: dict[Kind, tuple[int, int]] = {
    "claims": (PRIVATE_FOLDER, PRIVATE_FILE),
    "cells": (PUBLIC_FOLDER, PUBLIC_FILE),
}


class Files(NamedTuple):
    """The files of one kind that count, and those that were replaced."""

    counted: list[str]
    """Paths, sorted."""
    replaced: list[str]


def make_dataset(folder: Path) -> None:
    """Make the folders that are missing. Raises `EnvironmentProblem` where the folder holds something else."""
    try:
        if folder.is_dir():
            others = [name for name in os.listdir(folder) if name not in (*KINDS, ".lock")]
            if others and not any((folder / kind).is_dir() for kind in KINDS):
                raise EnvironmentProblem(
                    f"{folder} is no dataset: it holds {sorted(others)[0]}", "Name a folder that is new or empty."
                )
        make_folders(str(folder), PUBLIC_FOLDER)
        for kind, (mode, _) in _MODES.items():
            make_folders(str(folder / kind), mode)
    except OSError as error:
        raise _unwritable(folder, error) from error


def check_dataset_folder(folder: Path) -> None:
    """Raise `EnvironmentProblem` where there is no dataset."""
    if not (folder / "cells").is_dir():
        raise EnvironmentProblem(f"{folder} is no dataset", "`tokcost collect REPO --into DATASET` makes one.")


def read_files(folder: Path, kind: Kind) -> Files:
    """The files of a kind. Raises `EnvironmentProblem`."""
    place = folder / kind
    try:
        names = sorted(name for name in os.listdir(place) if name.endswith(_ENDING) and not name.startswith("."))
    except FileNotFoundError:
        return Files([], [])
    except OSError as error:
        raise EnvironmentProblem(f"{place} cannot be read: {error.strerror or error}") from error
    gone: set[str] = set()
    for name in names:
        if name.startswith(COMPACT):
            gone.update(_replaced_by(place / name))
    counted = [str(place / name) for name in names if name not in gone]
    return Files(counted, [str(place / name) for name in names if name in gone])


def _replaced_by(path: Path) -> list[str]:
    parquet: Any = import_module("pyarrow.parquet")
    try:
        found: dict[bytes, bytes] = parquet.read_metadata(path).metadata or {}
    except (OSError, ValueError):
        return []  # `check` names it; what it replaced counts again
    return found.get(REPLACES.encode(), b"").decode("utf-8", "replace").split()


def write_file(folder: Path, kind: Kind, data: bytes, compact: bool = False) -> str:
    """Write a file under the name of its content; that name. Nothing is written where it is there already. Raises
    `EnvironmentProblem`."""
    name = f"{COMPACT if compact else ''}{digest(data)}{_ENDING}"
    path = folder / kind / name
    try:
        if not path.exists():
            write_whole(str(path), data, _MODES[kind][1])
    except OSError as error:
        raise _unwritable(path, error) from error
    return name


def is_whole(path: str) -> bool:
    """Whether the bytes of a file are those that its name says."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        return False
    return os.path.basename(path).removeprefix(COMPACT) == digest(data) + _ENDING


def remove(paths: Iterable[str]) -> None:
    """Remove files that count no more."""
    for path in paths:
        with suppress(FileNotFoundError):
            os.unlink(path)


def digest(data: bytes) -> str:
    """The digest that names a file."""
    return blake2b(data, digest_size=16).hexdigest()


@contextmanager
def one_at_a_time(folder: Path) -> Generator[None]:
    """Within this, no other job of this machine decides what is new: two jobs that have claims in common would publish
    them twice. The system lets go of it whenever a process ends. Where files cannot be locked, jobs go on without."""
    try:
        number = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        if _locked(number):
            _remove_unfinished(folder)
        yield
    finally:
        os.close(number)


def _locked(number: int) -> bool:
    try:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX)
    except (ImportError, OSError):
        return False
    return True


def _remove_unfinished(folder: Path) -> None:
    """Remove what jobs left that were killed while they wrote."""
    for kind in KINDS:
        with suppress(OSError):
            for name in os.listdir(folder / kind):
                if name.endswith(_UNFINISHED):
                    os.unlink(folder / kind / name)


def _unwritable(path: Path, error: OSError) -> EnvironmentProblem:
    return EnvironmentProblem(f"{path} cannot be written: {error.strerror or error}")
