"""Repositories as most tests begin with them: made by git and by our own installation once in each process, kept in
memory, and written from there for every test."""

import os
import re
import stat
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

_PLAIN = re.compile(r"[\w./+-]+", re.ASCII)
"""Paths that stand in a file of a repository as they are, wherever that is."""


class _Entry(NamedTuple):
    path: str
    mode: int
    data: bytes | None
    """`None` for a folder."""


def write_repository(path: Path, make: Callable[[Path], object]) -> None:
    """Write what `make` makes of a folder that does not exist yet. The path of that folder is replaced in all files.
    `make` is called once for each user and umask, and anew for a path that may be quoted somewhere."""
    if path.exists() or not _PLAIN.fullmatch(str(path)):
        make(path)
        return
    umask = os.umask(0o077)
    os.umask(umask)
    before, entries = _made(make, umask, os.geteuid())
    here = os.fsencode(path)
    path.mkdir(parents=True)
    for name, mode, data in entries:
        target = path / name
        if data is None:
            target.mkdir()
        else:
            target.write_bytes(data.replace(before, here))
        target.chmod(mode)


@cache
def _made(make: Callable[[Path], object], umask: int, user: int) -> tuple[bytes, tuple[_Entry, ...]]:
    del umask, user  # they decide about owners and rights of what is made
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch).resolve() / "template"
        make(path)
        found = [_Entry(str(one.relative_to(path)), stat.S_IMODE(one.lstat().st_mode), _data(one)) for one in _in(path)]
        return os.fsencode(path), tuple(found)


def _in(path: Path) -> list[Path]:
    """Everything but git's samples of hooks, folders before what is in them."""
    return [one for one in sorted(path.rglob("*")) if one.suffix != ".sample"]


def _data(path: Path) -> bytes | None:
    return None if path.is_dir() else path.read_bytes()
