"""Which worktree of which repository a folder lies in, read from git's own files (gitrepository-layout(5)) without
running git: a prompt asks this many times a minute."""

import hashlib
import os
from collections.abc import Iterator
from typing import NamedTuple


class Worktree(NamedTuple):
    """A worktree: the main one of a clone, a linked one, or a submodule's. All paths are real paths."""

    path: str
    """Its top folder."""
    git_dir: str
    """Its own part of the repository: HEAD, index, HEAD's reflog."""
    common_dir: str
    """What all worktrees of the clone share: refs, objects, configuration."""
    root: str
    """The clone's main worktree; for a bare repository with linked worktrees the repository itself."""

    @property
    def is_linked(self) -> bool:
        """Whether it was made by `git worktree add`."""
        return self.git_dir != self.common_dir


def find_worktree(directory: str) -> Worktree | None:
    """The worktree around a folder, or `None`: no repository, a bare one, or inside `.git`.

    A folder that is gone belongs to the worktree in which its nearest existing parent lies: deleted subfolders keep
    their place. A deleted linked worktree *inside* another one cannot be told from a subfolder here; callers that
    remember it know better.
    """
    folder = os.path.realpath(directory)
    while True:
        found = _worktree_at(folder)
        if found is not None:
            return found
        if os.path.basename(folder) == ".git" or _is_git_dir(folder):
            return None
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def linked_worktrees(common_dir: str) -> Iterator[Worktree]:
    """The linked worktrees a clone knows of, those whose folder was deleted included."""
    folder = os.path.join(common_dir, "worktrees")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        git_dir = os.path.join(folder, name)
        pointer = _read_line(os.path.join(git_dir, "gitdir"))
        if pointer:
            path = os.path.dirname(os.path.join(git_dir, pointer))
            yield Worktree(os.path.normpath(path), git_dir, common_dir, _root_of(common_dir))


def repository_fingerprint(common_dir: str) -> str:
    """What recognises a clone under another path: its folder's identity on the disk and the oldest entry of its HEAD
    reflog (who, when, from where: no two clones share it), each after a prefix, separated by a space."""
    parts: list[str] = []
    try:
        status = os.stat(common_dir)
        parts.append(f"inode:{status.st_dev}:{status.st_ino}")
        with open(os.path.join(common_dir, "logs", "HEAD"), "rb") as stream:
            line = stream.readline(4096)
        if line:
            parts.append(f"reflog:{hashlib.sha256(line).hexdigest()[:32]}")
    except OSError:
        pass
    return " ".join(parts)


def _worktree_at(folder: str) -> Worktree | None:
    dot_git = os.path.join(folder, ".git")
    if os.path.isdir(dot_git):
        return Worktree(folder, dot_git, dot_git, folder) if _is_git_dir(dot_git) else None
    pointer = _read_line(dot_git)
    if pointer is None or not pointer.startswith("gitdir: "):
        return None
    git_dir = os.path.realpath(os.path.join(folder, pointer[8:]))
    if not os.path.isfile(os.path.join(git_dir, "HEAD")):
        return None
    common = _read_line(os.path.join(git_dir, "commondir"))
    if common is None:
        return Worktree(folder, git_dir, git_dir, folder)
    common_dir = os.path.realpath(os.path.join(git_dir, common))
    return Worktree(folder, git_dir, common_dir, _root_of(common_dir))


def _root_of(common_dir: str) -> str:
    return os.path.dirname(common_dir) if os.path.basename(common_dir) == ".git" else common_dir


def _is_git_dir(folder: str) -> bool:
    """Git's own test: HEAD, objects and refs."""
    return all(os.path.exists(os.path.join(folder, name)) for name in ("HEAD", "objects", "refs"))


def _read_line(path: str) -> str | None:
    """A pointer file of git: a path and a line end. Paths may hold any byte, line ends included."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(65536)
    except OSError:
        return None
    return os.fsdecode(data.removesuffix(b"\n"))
