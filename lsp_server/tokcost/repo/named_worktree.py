"""Worktrees that git finds only where their repository is named, as people keep their dotfiles:
`git --git-dir=$HOME/.dotfiles --work-tree=$HOME`. No `.git` in the folder leads to the repository."""

import os
from collections.abc import Mapping

from tokcost.model.worktree import Worktree
from tokcost.repo.config import read_core
from tokcost.repo.worktree import is_git_dir, led_to


def git_folder(worktree: Worktree) -> str:
    """The folder in which git is asked about the repository of a worktree: the worktree, if git finds that repository
    there, else its git folder. In the former, git would find none, or another one around it."""
    is_found = led_to(worktree.path, os.path.join(worktree.path, ".git")) == worktree.git_dir
    return worktree.path if is_found and os.path.isdir(worktree.path) else worktree.git_dir


def is_named(worktree: Worktree) -> bool:
    """Whether git finds this worktree only where its repository is named, and the repository has no other one: it is
    bare, or its `core.worktree` leads there.

    Otherwise the worktree is broken, or is elsewhere now, as after a clone was moved.
    """
    git_dir, dot_git = worktree.git_dir, os.path.join(worktree.path, ".git")
    if worktree.is_linked or git_dir in (dot_git, worktree.path):
        return False
    if os.path.lexists(dot_git) or not (os.path.isdir(worktree.path) and is_git_dir(git_dir)):
        return False
    core = read_core(git_dir)
    if core.worktree:
        return os.path.realpath(os.path.join(git_dir, core.worktree)) == worktree.path
    return core.bare and os.path.basename(git_dir) != ".git"


def named_around(directory: str, named: Mapping[str, Worktree]) -> Worktree | None:
    """The innermost of some named worktrees, by their paths, that contains a folder. As in git, a `.git` in between
    decides, also one that leads nowhere."""
    folder = os.path.realpath(directory) if named else os.sep
    while not os.path.lexists(os.path.join(folder, ".git")):
        if folder in named:
            return named[folder]
        if folder == os.path.dirname(folder):
            break
        folder = os.path.dirname(folder)
    return None
