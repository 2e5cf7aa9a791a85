"""Recent commits, read from their loose object files: a hook needs the last one at every commit, and starting git would
take as long as everything else.

A loose object is a file `objects/ab/cdef…`: zlib around `commit SIZE`, a NUL and the commit (gitformat-loose(5),
gitformat-commit in the sources). Packed objects are left to git.
"""

import os
import zlib
from collections.abc import Collection, Iterable
from typing import NamedTuple

from tokcost.files.foreign import read_bounded

MOST_WALKED = 30
"""The maximum number of commits read one by one before git is asked instead."""
_MOST_BYTES = 1 << 20
"""The maximum size of a commit read here, compressed or not: a file of one megabyte can expand to a gigabyte."""


class Commit(NamedTuple):
    """The parts of a commit that may contain a line or lead to other commits."""

    id: str
    parents: tuple[str, ...]
    message: str


class NewCommits(NamedTuple):
    """The commits between some tips and the commits that were known before."""

    commits: list[Commit]
    """New commits."""
    reached: set[str]
    """Known commits that the new ones are based on."""


def walk(common_dir: str, tips: Iterable[str], known: Collection[str]) -> NewCommits | None:
    """Every commit reachable from `tips` and not from `known`; `None` if loose objects alone do not show that."""
    waiting, seen = list(tips), set[str]()
    found = NewCommits([], set())
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
    """A commit that is a loose object; `None` for everything else, and if it is too large or damaged."""
    try:
        packed = read_bounded(os.path.join(common_dir, "objects", name[:2], name[2:]), _MOST_BYTES)
        whole = zlib.decompressobj()
        header, _, data = whole.decompress(packed, _MOST_BYTES).partition(b"\0")
        # Not at its end: the commit is larger than the limit, or the file was cut off.
        if not whole.eof or not header.startswith(b"commit "):
            return None
        head, _, message = data.partition(b"\n\n")
        message = message.partition(b"\0")[0]  # nobody, including git, shows anything after it
        parents = tuple(line[7:].decode("ascii") for line in head.split(b"\n") if line.startswith(b"parent "))
    except (OSError, ValueError, zlib.error):
        return None
    return Commit(name, parents, message.decode("utf-8", "surrogateescape"))
