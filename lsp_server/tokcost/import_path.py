"""Search paths of modules and programs: neither ever comes from the repository that a command is asked about.

`PYTHONPATH` stands before Python's own modules. One that names the repository, or has an empty part (the current
folder: `PYTHONPATH=$PYTHONPATH:/x` makes one), would have files of the repository run in us. So would `python -m`.
The `tokcost` program (`cli/tokcost.sh`) starts Python so that neither counts. This is for everybody who starts
Python otherwise; what Python itself imports before us (`site`, `encodings`) is not in our hands then.
"""

import os
import sys


def leave_out_repositories() -> None:
    """Take out of `sys.path` what came from `PYTHONPATH`, or is the current folder, and is relative or lies in a work
    tree of git. Must be called before anything else is imported."""
    try:
        here = os.getcwd()
    except OSError:
        return  # the folder is gone, and all that was in it
    named = [] if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if named == [""]:
        named = []
    suspects = {os.path.abspath(name) for name in named if _is_outside(name, here)}
    if not sys.flags.safe_path and sys.path and os.path.abspath(sys.path[0]) == here:
        suspects.add(here)
    suspects = {folder for folder in suspects if not _is_needed(folder)}
    if suspects:
        sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) not in suspects]


def absolute_path(path: str) -> str:
    """A list of folders as in `PATH`, without those that are relative or empty: programs are started in a repository,
    which would then bring its own."""
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if os.path.isabs(folder))


def _is_outside(name: str, here: str) -> bool:
    """Whether somebody else may have put modules there."""
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
    """Whether this Python, or tokcost as it runs, is there: in an environment within a project, or a checkout."""
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    hooks = os.path.join(os.path.dirname(ours), "hooks")
    return folder in (ours, hooks) or any(_lies_in(folder, prefix) for prefix in (sys.prefix, sys.base_prefix))


def _lies_in(folder: str, around: str) -> bool:
    return folder == around or folder.startswith(os.path.join(around, ""))
