"""The folder in which git looks for hooks, and its configuration of them."""

import os
from contextlib import suppress
from typing import NamedTuple

from tokcost.model.worktree import Worktree
from tokcost.repo.run import GitFailed, run_git


class HooksFolder(NamedTuple):
    """The folder whose hooks git runs in a worktree."""

    path: str
    """Absolute; need not exist yet."""
    setting: str = ""
    """`core.hooksPath` as it is set; empty when git's own folder is used."""
    scope: str = ""
    """The scope in which it is set: `local`, `worktree`, `global`, `system`, `command`."""

    @property
    def is_shared(self) -> bool:
        """Whether other repositories use the same folder (a global or system `core.hooksPath`)."""
        return self.scope in ("global", "system")

    @property
    def is_off(self) -> bool:
        """Whether `core.hooksPath` is set and empty, and this git looks at the top of the file system then."""
        return bool(self.scope) and not self.setting and self.path == os.path.abspath(os.sep)


def hooks_folder(worktree: Worktree) -> HooksFolder:
    """Ask git. Raises `EnvironmentProblem`."""
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


def config_hooks(worktree: Worktree) -> dict[str, str]:
    """Events of hooks in git's configuration by the hook's name; a git before 2.54 does not run them."""
    found: dict[str, str] = {}
    with suppress(GitFailed):  # none
        for item in run_git(["config", "-z", "--get-regexp", r"^hook\..*\.event$"], worktree.path).split("\0"):
            key, _, event = item.partition("\n")
            if event:
                found[key.removeprefix("hook.").removesuffix(".event")] = event
    return found


def switched_off_hooks(worktree: Worktree) -> set[str]:
    """Names of hooks in git's configuration that it is told not to run (`hook.NAME.enabled = false`)."""
    found: dict[str, bool] = {}
    with suppress(GitFailed):  # none, or one that is neither true nor false
        asked = ["config", "-z", "--type=bool", "--get-regexp", r"^hook\..*\.enabled$"]
        for item in run_git(asked, worktree.path).split("\0"):
            key, _, value = item.partition("\n")
            found[key.removeprefix("hook.").removesuffix(".enabled")] = value == "true"
    return {name for name, runs in found.items() if name and not runs}


def set_config_hook(worktree: Worktree, name: str, event: str, command: str) -> None:
    """Name a hook in the clone's own configuration. Raises `EnvironmentProblem`."""
    run_git(["config", "--local", f"hook.{name}.command", command], worktree.path)
    run_git(["config", "--local", f"hook.{name}.event", event], worktree.path)


def remove_config_hook(worktree: Worktree, name: str) -> None:
    """Take it out of the clone's own configuration again."""
    with suppress(GitFailed):
        run_git(["config", "--local", "--remove-section", f"hook.{name}"], worktree.path)
