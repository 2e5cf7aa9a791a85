"""The plan of an installation, shown before the user agrees to it."""

import os
from typing import NamedTuple

from tokcost.model.worktree import Worktree
from tokcost.repo.hooks_folder import hooks_folder
from tokcost.repo.version import CONFIG_HOOKS, git_version
from tokcost_hooks.installation.hooks import needed_hooks
from tokcost_hooks.installation.in_config import names_in_config
from tokcost_hooks.installation.managers import hook_locations
from tokcost_hooks.installation.scripts import calls_us, owner


class Planned(NamedTuple):
    """One hook that would be installed."""

    hook: str
    path: str
    """The file for it; empty if a manager, or git's configuration, has it."""
    is_there: bool = False
    """Whether it is in place already."""
    by_hand: bool = False
    """Whether its lines belong in somebody else's file, whose owner has to add them."""


def planned_hooks(worktree: Worktree) -> list[Planned]:
    """The hooks that `install_anew` would install, with their places. Raises `EnvironmentProblem`."""
    needed = needed_hooks(worktree)
    # As `install_anew` decides: the user agrees to what this shows.
    if names_in_config(worktree) and git_version(worktree.path) >= CONFIG_HOOKS:
        return [Planned(hook, "", is_there=True) for hook in needed]
    folder = hooks_folder(worktree)
    if folder.is_foreign:
        paths = [(hook, os.path.join(folder.path, hook)) for hook in needed]
        return [Planned(hook, path, is_there=calls_us(path), by_hand=not calls_us(path)) for hook, path in paths]
    found = [one for one in hook_locations(worktree, folder) if one.hook in needed]
    return [Planned(one.hook, one.path, is_there=owner(one.path) == "ours", by_hand=bool(one.lines)) for one in found]
