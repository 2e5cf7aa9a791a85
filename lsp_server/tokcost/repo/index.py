"""Files that are not in a working tree: a sparse checkout has most files only in the index, a bare repository has all
of them in commits.

Every commit's hook needs this, so git is started only if the index contains such a name (gitformat-index(5)).
"""

import errno
import os

from tokcost.files.foreign import MOST, open_regular
from tokcost.model.worktree import Worktree
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.run import GitFailed, run_git

_ENOUGH = 256 * 1024
"""Bytes of an index that are examined: names are sorted, so a hidden file at the top level is among the first."""
_HEADER = 12
_STAT = 40
"""Bytes of an entry before the hash of its content."""
_EXTENDED = 0x4000
_LENGTH = 0x0FFF
_PREFIXED = 4
"""The version in which names are prefix-compressed."""
_LINK = "120000"
"""The mode of a symbolic link."""
_MOST_LINKS = 10
_BAD_LINKS = ("symlink", "dangling", "loop", "notdir")
"""The words of git for a link that leads to no file of the commit (git-cat-file(1))."""
_SPLIT = "sharedindex."
"""The prefix of the name of a split index's shared file."""


class _Unknown(Exception):
    """The index does not have the expected format, or none of the examined names decides."""


def read_staged(worktree: Worktree, name: str, hash_bytes: int = 20, most: int = MOST) -> bytes | None:
    """A file at the top level of a worktree as it is staged; `None` if there is none. A link leads to another staged
    file.

    `hash_bytes` is the length of the repository's hashes. Raises `OSError` if the file is larger than `most`, a partial
    clone lacks it, or the link leads elsewhere, and `EnvironmentProblem`.
    """
    if not _may_have(worktree.git_dir, os.fsencode(name), hash_bytes):
        return None
    path, folder = name, git_folder(worktree)
    # By hand: `git cat-file --follow-symlinks` works in a commit, and not yet in the index (git-cat-file(1)).
    for _ in range(_MOST_LINKS):
        mode, blob = _entry(folder, path)
        if mode != _LINK:
            if not blob and path != name:
                raise OSError(errno.ENOENT, f"it is a link to {path}, which is not staged", name)
            return _content(folder, blob, name, most) if blob else None
        target = os.fsdecode(_content(folder, blob, name, most))
        path = os.path.normpath(os.path.join(os.path.dirname(path), target))
        if os.path.isabs(target) or path.split(os.sep)[0] == os.pardir:
            break
    raise OSError(errno.ELOOP, "it is a link that leads out of the repository", name)


def is_tracked(worktree: Worktree, name: str, hash_bytes: int = 20) -> bool:
    """Whether a file at the top level of a worktree is tracked; True if that is unknown."""
    return _may_have(worktree.git_dir, os.fsencode(name), hash_bytes)


def read_committed(repository: str, name: str, most: int = MOST) -> bytes | None:
    """A file at the top level of the commit at a repository's HEAD; `None` if there is none. Raises as
    `read_staged`."""
    where = f"HEAD:{name}"
    try:
        run_git(["rev-parse", "--quiet", "--verify", where], repository)
    except GitFailed:
        return None
    form = "--batch-check=%(objecttype) %(objectname)"
    said = run_git(["cat-file", "--follow-symlinks", form], repository, feed=f"{where}\n").split("\n", 1)[0]
    kind, _, blob = said.partition(" ")
    if kind in _BAD_LINKS:
        raise OSError(errno.ELOOP, "it is a link that leads to no file of the repository", name)
    return _content(repository, blob if kind == "blob" else where, name, most)


def _entry(folder: str, path: str) -> tuple[str, str]:
    """Mode and blob of a path in the index; empty if it has none, is in conflict, or git cannot read the index."""
    try:
        said = run_git(["ls-files", "-z", "--stage", "--", f":(top,literal){path}"], folder)
    except GitFailed:
        return "", ""
    # For the name of a folder, git lists what is in it.
    found = [one.partition("\t")[0].split(" ") for one in said.split("\0") if one.partition("\t")[2] == path]
    return (found[0][0], found[0][1]) if len(found) == 1 and found[0][2] == "0" else ("", "")


def _content(folder: str, blob: str, name: str, most: int) -> bytes:
    said = run_git(["cat-file", "--batch-check=%(objecttype) %(objectsize)"], folder, feed=f"{blob}\n").split()
    if said[:1] != ["blob"]:
        raise OSError(errno.ENOENT, "git has its name, and its content was not fetched", name)
    if int(said[1]) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most >> 10} KiB", name)
    return os.fsencode(run_git(["cat-file", "blob", blob], folder))


def _may_have(git_dir: str, name: bytes, hash_bytes: int) -> bool:
    """Whether a name may be in the index."""
    try:
        with open_regular(os.path.join(git_dir, "index")) as stream:
            data = stream.read(_ENOUGH)
        return _has(data, name, hash_bytes) or any(one.startswith(_SPLIT) for one in os.listdir(git_dir))
    except OSError:
        return False
    except _Unknown:
        return True


def _has(data: bytes, name: bytes, hash_bytes: int) -> bool:
    """Whether an index that begins with `data` has a name. Raises `_Unknown`."""
    version, count = (int.from_bytes(data[at : at + 4], "big") for at in (4, 8))
    if data[:4] != b"DIRC" or version not in (2, 3, _PREFIXED):
        raise _Unknown
    at, before = _HEADER, b""
    for _ in range(count):
        if version == _PREFIXED:
            found, at = _prefixed(data, at, _STAT + hash_bytes, before)
        else:
            found, at = _padded(data, at, _STAT + hash_bytes)
        if found >= name:
            return found == name
        before = found
    return False


def _padded(data: bytes, begin: int, fixed: int) -> tuple[bytes, int]:
    """The name of the entry at `begin`, and the start of the next entry. Raises `_Unknown`."""
    length, at = _flags(data, begin + fixed)
    end = _end(data, at)
    _require_length(end - at, length)
    # One to eight NULs fill an entry up to a multiple of eight bytes; in version 4 there is just one
    # (gitformat-index(5)).
    return data[at:end], begin + (end - begin) // 8 * 8 + 8


def _prefixed(data: bytes, begin: int, fixed: int, before: bytes) -> tuple[bytes, int]:
    """The name of a prefix-compressed entry at `begin`, and the start of the next entry. Raises `_Unknown`."""
    length, at = _flags(data, begin + fixed)
    _end(data, at)
    left = data[at] & 0x7F
    while data[at] & 0x80:  # a variable-length number of 7 bits per byte, plus one for each following byte (varint.c)
        at += 1
        left = (left + 1 << 7) + (data[at] & 0x7F)
    end = _end(data, at + 1)
    name = before[: max(0, len(before) - left)] + data[at + 1 : end]
    _require_length(len(name), length)
    return name, end + 1


def _flags(data: bytes, at: int) -> tuple[int, int]:
    """The length of a name from the flags before it, and its start."""
    flags = int.from_bytes(data[at : at + 2], "big")
    return flags & _LENGTH, at + (4 if flags & _EXTENDED else 2)


def _end(data: bytes, at: int) -> int:
    end = data.find(b"\0", at)
    if end < 0:
        raise _Unknown
    return end


def _require_length(length: int, told: int) -> None:
    # The field has twelve bits, and its maximum stands for every longer name. Any other difference means that the
    # entry does not begin here, for example because hashes have another length.
    if told != min(length, _LENGTH):
        raise _Unknown
