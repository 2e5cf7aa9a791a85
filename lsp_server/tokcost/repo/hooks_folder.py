"""The folder in which git looks for hooks."""

import os
from typing import NamedTuple

from tokcost.model.worktree import Worktree
from tokcost.repo.run import GitFailed, run_git


class HooksFolder(NamedTuple):
    """The folder with the hooks that git runs in a worktree."""

    path: str
    """Absolute; need not exist."""
    setting: str = ""
    """The value of `core.hooksPath`; empty if git's own folder is used."""
    scope: str = ""
    """The scope of that setting: `local`, `worktree`, `global`, `system`, `command`."""

    @property
    def is_shared(self) -> bool:
        """Whether other repositories use the same folder (a global or system `core.hooksPath`)."""
        return self.scope in ("global", "system")

    @property
    def is_off(self) -> bool:
        """Whether `core.hooksPath` is set and empty, which this git version takes for the root of the file system."""
        return bool(self.scope) and not self.setting and self.path == os.path.abspath(os.sep)


def hooks_folder(worktree: Worktree) -> HooksFolder:
    """The folder according to git. Raises `EnvironmentProblem`."""
    # A file in it, not the folder: with an empty core.hooksPath, git 2.39 answers `./` for the folder, and looks for
    # hooks in `/`.
    hook = run_git(["rev-parse", "--git-path", "hooks/post-commit"], worktree.path, hooks="named").removesuffix("\n")
    path = os.path.normpath(os.path.join(worktree.path, os.path.dirname(hook)))
    try:
        origin = run_git(["config", "--show-scope", "--get", "core.hooksPath"], worktree.path)
    except GitFailed:  # not set
        return HooksFolder(path)
    scope, _, setting = origin.removesuffix("\n").partition("\t")
    return HooksFolder(path, setting, scope)


def is_tracked(worktree: Worktree, path: str) -> bool:
    """Whether a file is part of the project. Raises `EnvironmentProblem`."""
    try:
        run_git(["ls-files", "--error-unmatch", "--", f":(literal){path}"], worktree.path)
    except GitFailed:
        return False
    return True
