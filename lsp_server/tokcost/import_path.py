"""Search paths of modules and programs, which never include the repository that a command is asked about.

`PYTHONPATH` precedes Python's own modules. If it names the repository, or has an empty part (the current folder:
`PYTHONPATH=$PYTHONPATH:/x` creates one), files of the repository would run in our process. So would they with `python
-m`. The `tokcost` program (`cli/tokcost.sh`) starts Python so that neither applies. This module is for everybody who
starts Python otherwise; we cannot control what Python itself imports before us (`site`, `encodings`).
"""

import os
import sys


def leave_out_repositories() -> None:
    """Remove from `sys.path` the current folder and entries of `PYTHONPATH` that are relative or in a git worktree.
    Must be called before anything else is imported."""
    try:
        here = os.getcwd()
    except OSError:
        return  # the folder is gone, with everything in it
    named = [] if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "").split(os.pathsep)
    # To Python, an empty PYTHONPATH is none. An empty part among others is the current folder.
    if named == [""]:
        named = []
    suspects = {os.path.abspath(name) for name in named if _is_outside(name, here)}
    if not sys.flags.safe_path and sys.path and os.path.abspath(sys.path[0]) == here:
        suspects.add(here)
    suspects = {folder for folder in suspects if not _is_needed(folder)}
    if suspects:
        sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) not in suspects]


def absolute_path(path: str) -> str:
    """A list of folders as in `PATH`, without relative or empty ones: programs are started in a repository, which
    could otherwise provide its own."""
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if os.path.isabs(folder))


def _is_outside(name: str, here: str) -> bool:
    """Whether somebody else may have put modules into a folder."""
    return not os.path.isabs(name) or _lies_in(os.path.realpath(name), here) or _in_work_tree(name)


def _in_work_tree(name: str) -> bool:
    folder = os.path.realpath(name)
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
    return True


def _is_needed(folder: str) -> bool:
    """Whether this Python, or the running tokcost, is in a folder: in an environment within a project, or a
    checkout."""
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    hooks = os.path.join(os.path.dirname(ours), "hooks")
    return folder in (ours, hooks) or any(_lies_in(folder, prefix) for prefix in (sys.prefix, sys.base_prefix))


def _lies_in(folder: str, around: str) -> bool:
    return folder == around or folder.startswith(os.path.join(around, ""))
