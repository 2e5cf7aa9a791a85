"""All settings of ours in a clone's own configuration, to show and remove them at uninstallation."""

from tokcost.model.worktree import Worktree
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.run import GitFailed, run_git

OURS = r"^(tokcost\.|branch\..*\.tokcost)"
"""The pattern by which git finds our settings, whose names it writes in lower case."""
_MISSING = 1
"""git's exit code if no setting matches (git-config(1))."""


def our_settings(worktree: Worktree) -> list[str]:
    """The names of our settings, as git writes them. Raises `EnvironmentProblem`."""
    question = ["config", "--local", "-z", "--name-only", "--get-regexp", OURS]
    try:
        said = run_git(question, git_folder(worktree))
    except GitFailed as failure:
        if failure.code != _MISSING:
            raise
        return []
    return list(dict.fromkeys(name for name in said.split("\0") if name))


def forget_settings(worktree: Worktree) -> None:
    """Remove our settings from the clone's configuration. Raises `EnvironmentProblem`."""
    for name in our_settings(worktree):
        run_git(["config", "--local", "--unset-all", name], git_folder(worktree))
