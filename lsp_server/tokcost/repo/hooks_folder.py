"""Where git looks for hooks, and who else put some there."""

import os
from typing import NamedTuple

from tokcost.repo.run import run_git
from tokcost.repo.worktree import Worktree


class HooksFolder(NamedTuple):
    """The folder whose hooks git runs in a worktree."""

    path: str
    """Absolute; need not exist yet."""
    setting: str = ""
    """`core.hooksPath` as it is set; empty when git's own folder is used."""
    is_shared: bool = False
    """Whether other repositories use the same folder (a global or system `core.hooksPath`)."""


def hooks_folder(worktree: Worktree) -> HooksFolder:
    """Ask git. Raises `EnvironmentProblem`."""
    path = run_git(["rev-parse", "--git-path", "hooks"], worktree.path).removesuffix("\n")
    origin = run_git(["config", "--show-scope", "--get", "--default", "", "core.hooksPath"], worktree.path)
    scope, _, setting = origin.removesuffix("\n").partition("\t")
    shared = bool(setting) and scope in ("global", "system")
    return HooksFolder(os.path.normpath(os.path.join(worktree.path, path)), setting, shared)
