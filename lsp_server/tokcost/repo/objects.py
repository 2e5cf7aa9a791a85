"""Commits that were made a moment ago, read from their own files: a hook asks for the last one at every commit, and
starting git would cost it as much as everything else.

A loose object is a file `objects/ab/cdef…`: zlib around `commit SIZE`, a NUL and the commit (gitformat-loose(5),
gitformat-commit in the sources). Packed ones are left to git.
"""

import os
import zlib
from collections.abc import Collection, Iterable
from typing import NamedTuple

from tokcost.files.foreign import read_bounded

MOST_WALKED = 30
"""Commits read one by one before git is asked instead."""
_MOST_BYTES = 1 << 20
"""Of a commit that is read here, packed or not: a file of one megabyte can hold a gigabyte."""


class Commit(NamedTuple):
    """The parts of a commit that a line can be in, or that lead to other commits."""

    id: str
    parents: tuple[str, ...]
    message: str


class Walk(NamedTuple):
    """The commits between some tips and those that were known before."""

    commits: list[Commit]
    """New ones."""
    reached: set[str]
    """Known ones that the new ones stand on."""


def walk(common_dir: str, tips: Iterable[str], known: Collection[str]) -> Walk | None:
    """Every commit that `tips` reach and `known` do not; `None` when that cannot be told from loose objects alone."""
    waiting, seen = list(tips), set[str]()
    found = Walk([], set())
    while waiting:
        name = waiting.pop()
        if name in known:
            found.reached.add(name)
        elif name not in seen:
            seen.add(name)
            commit = read_loose_commit(common_dir, name) if len(seen) <= MOST_WALKED else None
            if commit is None:
                return None
            found.commits.append(commit)
            waiting.extend(commit.parents)
    return found


def read_loose_commit(common_dir: str, name: str) -> Commit | None:
    """A commit that has a file of its own; `None` for everything else, and for what is too large or damaged."""
    try:
        packed = read_bounded(os.path.join(common_dir, "objects", name[:2], name[2:]), _MOST_BYTES)
        whole = zlib.decompressobj()
        header, _, data = whole.decompress(packed, _MOST_BYTES).partition(b"\0")
        if not whole.eof or not header.startswith(b"commit "):
            return None
        head, _, message = data.partition(b"\n\n")
        message = message.partition(b"\0")[0]  # nobody, git included, shows what is behind it
        parents = tuple(line[7:].decode("ascii") for line in head.split(b"\n") if line.startswith(b"parent "))
    except (OSError, ValueError, zlib.error):
        return None
    return Commit(name, parents, message.decode("utf-8", "surrogateescape"))
