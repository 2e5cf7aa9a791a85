"""The worktree and repository that contain a folder, from git's own files (gitrepository-layout(5)) without running
git: a prompt needs this many times a minute."""

import contextlib
import os
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping

from tokcost.files.foreign import open_regular
from tokcost.model.worktree import Worktree
from tokcost.repo.config import ConfigsOnce, Core, read_core

_COMMIT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LONGEST = 4096
"""Bytes of a path including its end: no program has worked in a folder with a longer one."""


def find_worktree(directory: str, configs: ConfigsOnce | None = None) -> Worktree | None:
    """The worktree around a folder; `None` outside a repository, in a bare one, or inside `.git`.

    As in git, the innermost `.git` decides, and nothing is found if that one is broken. A folder that is gone belongs
    to the worktree that its path leads to: deleted subfolders keep their place, and so does a deleted linked worktree
    inside another one as long as git lists it. After `git worktree prune` or `remove` it cannot be distinguished from a
    subfolder; callers that remember it have to handle that. `configs` are the configurations that were read before.
    """
    try:
        there, gone = _real(directory)
    except ValueError:  # a NUL, a lone surrogate, or too long: no such folder can exist
        return None
    if ".git" in gone.split(os.sep):
        return None
    start = os.path.join(there, gone) if gone else there
    for folder in _upwards(there):
        dot_git = os.path.join(folder, ".git")
        if os.path.isfile(dot_git) or is_git_dir(dot_git):
            found = _worktree_at(folder, dot_git, configs or ConfigsOnce())
            return (_deleted_worktree(found, start) if found and gone else None) or found
        if os.path.basename(folder) == ".git" or is_git_dir(folder):
            return None
    return None


def find_bare(directory: str, configs: ConfigsOnce | None = None) -> Worktree | None:
    """The bare repository that contains a folder or belongs to it, as the folder around `APP/.bare` does by a file
    `APP/.git` that refers to it; `None` if there is another repository or none. It has no worktree: `path` is the
    folder, `root` the repository."""
    try:
        there, gone = _real(directory)
    except ValueError:
        return None
    if ".git" in gone.split(os.sep):
        return None
    for folder in _upwards(there):
        dot_git = os.path.join(folder, ".git")
        if os.path.isfile(dot_git) or is_git_dir(dot_git):
            return _bare_at(folder, led_to(folder, dot_git), configs or ConfigsOnce())
        if is_git_dir(folder):
            return _bare_at(folder, folder, configs or ConfigsOnce())
    return None


def worktree_for(directory: str, environ: Mapping[str, str], configs: ConfigsOnce | None = None) -> Worktree | None:
    """The worktree of a program started by git (a hook or an alias).

    git names the repository in `GIT_DIR`, and the folder in `GIT_WORK_TREE` or in the setting `core.worktree`, if the
    folder in which it starts programs is not enough (`--git-dir`, linked worktrees). If git names nothing, or no
    repository is there, it is the worktree around the folder.
    """
    git_dir, configs = environ.get("GIT_DIR"), configs or ConfigsOnce()
    around = find_worktree(directory, configs)
    if not git_dir:
        return around
    dot_git = os.path.join(directory, git_dir)
    named = led_to(os.path.dirname(dot_git), dot_git)
    if around is not None and around.git_dir == named:
        return around
    tree = environ.get("GIT_WORK_TREE")
    found = None if tree or not named else worktree_of_git_dir(named)
    if not tree and named and (set_tree := read_core(named, configs.of(named)).worktree):
        tree = os.path.join(named, set_tree) if os.path.isdir(os.path.join(named, set_tree)) else None
    folder = os.path.realpath(os.path.join(directory, tree or ""))
    return found or _worktree_at(folder, named, configs, is_named=bool(tree)) or around


def worktree_of_git_dir(git_dir: str) -> Worktree | None:
    """The worktree that a git folder belongs to, for an editor that has git's own files open, above all
    `COMMIT_EDITMSG`. `None` if there is none."""
    folder = os.path.realpath(git_dir)
    if not os.path.lexists(os.path.join(folder, "HEAD")):
        return None
    pointer = _read_line(os.path.join(folder, "gitdir"))
    if pointer:
        around = os.path.dirname(os.path.join(folder, pointer))
    elif core_worktree := read_core(folder).worktree:
        around = os.path.join(folder, core_worktree)
    else:
        around = os.path.dirname(folder)
    found = find_worktree(around)
    # The recorded place may be gone, or hold another repository by now.
    return found if found is not None and found.git_dir == folder else None


def git_dir_around(directory: str) -> str:
    """The git folder that contains a folder, for example a bare repository; empty if there is none."""
    try:
        there, _ = _real(directory)
    except ValueError:
        return ""
    for folder in _upwards(there):
        if is_git_dir(folder):
            return folder
        if os.path.lexists(os.path.join(folder, ".git")):
            return ""
    return ""


def named_git_dir(directory: str, environ: Mapping[str, str]) -> str:
    """The git folder named by `GIT_DIR`, for example a bare repository; empty if it names none."""
    if not (git_dir := environ.get("GIT_DIR")):
        return ""
    dot_git = os.path.join(directory, git_dir)
    named = led_to(os.path.dirname(dot_git), dot_git)
    return named if is_git_dir(named) else ""


def submodules(common_dir: str) -> Iterator[Worktree]:
    """The checked-out submodules of a clone, and their submodules."""
    top = os.path.join(common_dir, "modules")
    pending = [] if os.path.islink(top) else [top]  # git creates no link here, and a link may be circular
    while pending:
        with contextlib.suppress(OSError):
            folder = pending.pop()
            if folder != top and is_git_dir(folder):
                found = worktree_of_git_dir(folder)
                if found is not None:
                    yield found
                    yield from submodules(folder)
            else:
                # A submodule is named by its path: its folder may be several levels down.
                pending += [entry.path for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]


def linked_worktrees(common_dir: str) -> Iterator[Worktree]:
    """The linked worktrees known to a clone, including those whose folder was deleted."""
    configs = ConfigsOnce()
    for git_dir, pointer in _linked(common_dir):
        yield Worktree(_path_of(git_dir, pointer), git_dir, common_dir, _root_of(common_dir, configs))


def linked_paths(common_dir: str) -> list[str]:
    """The folders of the linked worktrees."""
    return [_path_of(git_dir, pointer) for git_dir, pointer in _linked(common_dir)]


def _path_of(git_dir: str, pointer: str) -> str:
    return os.path.normpath(os.path.dirname(os.path.join(git_dir, pointer)))


def linked_git_dirs(common_dir: str) -> list[str]:
    """The git folders of the linked worktrees."""
    return [git_dir for git_dir, _ in _linked(common_dir)]


def _linked(common_dir: str) -> Iterator[tuple[str, str]]:
    """The git folder of each linked worktree, with the recorded place of that worktree."""
    folder = os.path.join(common_dir, "worktrees")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for git_dir in (os.path.join(folder, name) for name in names):
        pointer = _read_line(os.path.join(git_dir, "gitdir"))
        if pointer:
            yield git_dir, pointer


def repository_fingerprint(common_dir: str) -> str:
    """A fingerprint that recognises a clone under another path: tokens separated by a space, of which one in common is
    enough.

    `inode:` is the folder's identity on the disk with the time its `description` was written (git writes that file
    once): it survives a rename, and a new clone that gets the same inode differs. `reflog:` is the oldest entry of
    HEAD's reflog: it survives a move to another disk, but not its expiry after 90 days. A copy made with `cp -a` has
    the same `reflog:`, so callers must also check that the old place is gone. `commit:` is the commit in that entry,
    which every clone of the same project may have: it recognises no clone, but shows that one made anew in the same
    place is of the same project.
    """
    import hashlib

    tokens = disk_identity(common_dir).split()
    with contextlib.suppress(OSError), open_regular(os.path.join(common_dir, "logs", "HEAD")) as stream:
        if line := stream.readline(4096):
            tokens.append(f"reflog:{hashlib.sha256(line).hexdigest()[:32]}")
            tokens += [f"commit:{name.decode()}" for name in line.split(b" ", 2)[1:2] if _COMMIT.fullmatch(name)]
    return " ".join(tokens)


def disk_identity(common_dir: str) -> str:
    """The token `inode:` of the fingerprint, which no other clone of this machine has; empty if it cannot be
    determined."""
    try:
        status, written = os.stat(common_dir), os.stat(os.path.join(common_dir, "description"))
    except OSError:
        return ""
    return f"inode:{status.st_dev}:{status.st_ino}:{written.st_mtime_ns}"


def _real(directory: str) -> tuple[str, str]:
    """The innermost existing folder around a path, without links, and the rest of the path. A path may have
    thousands of missing folders, which are not checked one by one. Raises `ValueError`."""
    if len(os.fsencode(directory)) >= _LONGEST or "\0" in directory:
        raise ValueError("no path")
    parts = [part for part in os.path.join(os.getcwd(), directory).split(os.sep) if part not in ("", os.curdir)]

    def is_gone(count: int) -> bool:
        return not os.path.lexists(os.sep + os.sep.join(parts[:count]))

    count = bisect_left(range(1, len(parts) + 1), True, key=is_gone)
    there, gone = os.path.realpath(os.sep + os.sep.join(parts[:count])), parts[count:]
    if os.pardir in gone:  # it leads back to something that may exist
        return _real(os.path.normpath(os.path.join(there, *gone)))
    return there, os.sep.join(gone)


def _upwards(folder: str) -> Iterator[str]:
    yield folder
    while (parent := os.path.dirname(folder)) != folder:
        folder = parent
        yield folder


def _worktree_at(folder: str, dot_git: str, configs: ConfigsOnce, *, is_named: bool = False) -> Worktree | None:
    """The worktree in a folder; with `is_named`, this folder was named explicitly, whatever the configuration says."""
    git_dir = led_to(folder, dot_git)
    if not git_dir:
        return None
    common_dir = os.path.realpath(os.path.join(git_dir, _read_line(os.path.join(git_dir, "commondir"))))
    # lexists: HEAD may be a symbolic link to a branch that has no commit yet.
    if not (os.path.lexists(os.path.join(git_dir, "HEAD")) and _has_objects(common_dir)):
        return None
    if common_dir != git_dir:
        return Worktree(folder, git_dir, common_dir, _root_of(common_dir, configs))
    is_bare = not is_named and _is_bare(common_dir, read_core(common_dir, configs.of(common_dir)))
    return None if is_bare else Worktree(folder, git_dir, common_dir, folder)


def led_to(folder: str, dot_git: str) -> str:
    """The git folder that a `.git` is, or refers to if it is a file; empty if that is damaged."""
    if not os.path.isfile(dot_git):
        return os.path.realpath(dot_git)
    pointer = _read_line(dot_git)
    if not pointer.startswith("gitdir: "):
        return ""
    return os.path.realpath(os.path.join(folder, pointer.removeprefix("gitdir: ")))


def _is_bare(common_dir: str, core: Core) -> bool:
    """Whether a clone has no main worktree. `core.bare` alone does not decide that: agents, and `git init` in a
    hook, set it in clones that still have one, where git then refuses to work until somebody resets it. A bare clone
    has no index."""
    has_tree = os.path.basename(common_dir) == ".git" and os.path.lexists(os.path.join(common_dir, "index"))
    return core.bare and not has_tree


def _bare_at(folder: str, git_dir: str, configs: ConfigsOnce) -> Worktree | None:
    is_bare = bool(git_dir) and is_git_dir(git_dir) and _is_bare(git_dir, read_core(git_dir, configs.of(git_dir)))
    return Worktree(folder, git_dir, git_dir, git_dir) if is_bare else None


def _deleted_worktree(around: Worktree, directory: str) -> Worktree | None:
    """The deleted linked worktree that contained a folder, if git still lists it."""
    if os.path.lexists(directory):
        return None
    inside = (one for one in linked_worktrees(around.common_dir) if f"{directory}/".startswith(f"{one.path}/"))
    return next((one for one in inside if not os.path.lexists(one.path)), None)


def _root_of(common_dir: str, configs: ConfigsOnce) -> str:
    core = read_core(common_dir, configs.of(common_dir))
    if _is_bare(common_dir, core):
        return common_dir
    if core.worktree:
        return os.path.realpath(os.path.join(common_dir, core.worktree))
    return os.path.dirname(common_dir) if os.path.basename(common_dir) == ".git" else common_dir


def is_git_dir(folder: str) -> bool:
    """Whether git would accept this as a git folder: it has HEAD, objects and refs."""
    return os.path.lexists(os.path.join(folder, "HEAD")) and _has_objects(folder)


def _has_objects(common_dir: str) -> bool:
    """Whether the folder has the parts that worktrees share: each has its own HEAD."""
    return all(os.path.lexists(os.path.join(common_dir, name)) for name in ("objects", "refs"))


def _read_line(path: str) -> str:
    """The path in a pointer file of git, which ends with a line end. Empty if there is none."""
    try:
        with open_regular(path) as stream:
            line = os.fsdecode(stream.read(65536).rstrip(b"\r\n"))
    except OSError:
        return ""
    return line if "\0" not in line else ""
