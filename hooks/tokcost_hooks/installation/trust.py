"""Trust in files: who else may change the files that a hook of ours would run, and whose files an installation would
change."""

import os
import sys
from importlib.util import find_spec

from tokcost.errors import EnvironmentProblem
from tokcost.files.private import has_open_mode, is_ours, writable_below, writable_by_others
from tokcost.model.worktree import Worktree
from tokcost.repo.hooks_folder import HooksFolder
from tokcost.repo.worktree import linked_worktrees
from tokcost.reports.text import to_copy
from tokcost_hooks.installation.managers import HookLocation

_PACKAGES = ("tokcost", "tokcost_hooks", "msgspec")
"""The packages that a hook imports besides Python's own."""


def check_folder(worktree: Worktree, folder: HooksFolder) -> None:
    """Raises `EnvironmentProblem` for a hooks folder of somebody else, who decides what is run from it."""
    path = os.path.realpath(folder.path)
    if not os.path.isdir(path) or is_ours(there := os.stat(path)):
        return
    # root may work in the clone of a user, whose folder is trusted then.
    if os.geteuid() == 0 and there.st_uid == os.stat(worktree.common_dir).st_uid:
        return
    via = f" (through {folder.path})" if path != folder.path else ""
    raise EnvironmentProblem(
        f"the hooks folder {path}{via} belongs to another user (uid {there.st_uid})",
        "Give this clone hooks of its own with `git config core.hooksPath FOLDER`, or ask the owner to install"
        " tokcost's.",
    )


def leads_elsewhere(worktree: Worktree, where: HookLocation) -> str:
    """The reason not to write a file that the project names: it is a link, or in a linked folder, that leads out of
    the repository. Empty if there is none."""
    git, tops = worktree.common_dir, [worktree.path, worktree.root]
    tops += [one.path for one in linked_worktrees(git)]
    # Files in the git folder were created by its user.
    if where.path.startswith(git + os.sep) or not any(where.path.startswith(top + os.sep) for top in tops):
        return ""
    if os.path.islink(where.path):
        return f"{where.path} is a link"
    real = os.path.realpath(os.path.dirname(where.path))
    if any(f"{real}{os.sep}".startswith(os.path.realpath(top) + os.sep) for top in tops):
        return ""
    return f"{os.path.dirname(where.path)} leads out of the repository, to {real}"


def open_folders(worktree: Worktree, folder: HooksFolder) -> list[str]:
    """The hooks folder and its parents in the git folder, as far as users other than their owner may write there:
    they could replace our hooks."""
    here, git = os.path.realpath(folder.path), os.path.realpath(worktree.common_dir)
    # Whoever may write a parent can put another folder in the place of this one.
    around = [here]
    while here.startswith(git + os.sep):
        here = os.path.dirname(here)
        around.append(here)
    return [path for path in around if os.path.isdir(path) and has_open_mode(os.stat(path))]


def how_to_close(folders: list[str]) -> str:
    """A command that removes other users' write permission."""
    return f"`chmod go-w {' '.join(map(to_copy, folders))}`"


def open_to_others() -> str:
    """The first file or folder used by our hooks that somebody other than us and root may change; empty if there is
    none."""
    for path in (sys.executable, os.path.dirname(os.__file__)):
        if found := writable_by_others(path):
            return found
    for name in _PACKAGES:
        spec = find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if found := writable_below(folder):
                return found
    return ""
