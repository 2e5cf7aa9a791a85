"""The folder in which git looks for hooks."""

import os
from typing import NamedTuple

from tokcost.model.worktree import Worktree
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.run import GitFailed, run_git
from tokcost.repo.worktree import find_worktree

_ABSOLUTE = ("/", "~", "%(prefix)")
"""Beginnings of paths in git's configuration that are relative to no folder (git-config(1))."""


class HooksFolder(NamedTuple):
    """The folder with the hooks that git runs in a worktree."""

    path: str
    """Absolute; need not exist."""
    setting: str = ""
    """The value of `core.hooksPath`; empty if git's own folder is used."""
    scope: str = ""
    """The scope of that setting: `local`, `worktree`, `global`, `system`, `command`."""
    project: str = ""
    """The folder of another repository that the hooks belong to (`project_around`)."""

    @property
    def is_shared(self) -> bool:
        """Whether other repositories use the same folder (a global or system `core.hooksPath`)."""
        return self.scope in ("global", "system")

    @property
    def is_foreign(self) -> bool:
        """Whether more than this clone depends on the hooks, so that only their owner changes them."""
        return self.is_shared or bool(self.project)

    @property
    def is_off(self) -> bool:
        """Whether `core.hooksPath` is set and empty, which this git version takes for the root of the file system."""
        return bool(self.scope) and not self.setting and self.path == os.path.abspath(os.sep)


def hooks_folder(worktree: Worktree) -> HooksFolder:
    """The folder according to git, and whose it is. Raises `EnvironmentProblem`."""
    found = _according_to_git(worktree)
    return found._replace(project=project_around(worktree, found.path))


def _according_to_git(worktree: Worktree) -> HooksFolder:
    asked = git_folder(worktree)
    # A file in it, not the folder: with an empty core.hooksPath, git 2.39 answers `./` for the folder, and looks for
    # hooks in `/`.
    hook = run_git(["rev-parse", "--git-path", "hooks/post-commit"], asked, hooks="named").removesuffix("\n")
    path = os.path.normpath(os.path.join(asked, os.path.dirname(hook)))
    try:
        origin = run_git(["config", "--show-scope", "--get", "core.hooksPath"], asked)
    except GitFailed:  # not set
        return HooksFolder(path)
    scope, _, setting = origin.removesuffix("\n").partition("\t")
    if asked != worktree.path and setting and not setting.startswith(_ABSOLUTE):
        path = os.path.normpath(os.path.join(worktree.path, setting))  # git runs hooks at the top of the worktree
    return HooksFolder(path, setting, scope)


def is_tracked(worktree: Worktree, path: str) -> bool:
    """Whether a file is part of the project. Raises `EnvironmentProblem`."""
    try:
        run_git(["ls-files", "--error-unmatch", "--", f":(literal){path}"], git_folder(worktree))
    except GitFailed:
        return False
    return True


def project_around(worktree: Worktree, folder: str) -> str:
    """The folder of another repository whose files a folder of hooks has, as where a link leads to dotfiles or to the
    superproject; empty if there is none. Raises `EnvironmentProblem`."""
    path = os.path.realpath(folder)
    around = find_worktree(path)
    is_another = around is not None and around.common_dir != worktree.common_dir
    return around.path if around and is_another and is_tracked(around, path) else ""
