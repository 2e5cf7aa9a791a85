"""The clone that a command or a hook is about, and its state at this moment.

A command looks where git would: in an alias, git names the repository in the environment (`worktree_for`).
"""

import os
from collections.abc import Mapping
from pathlib import Path

from tokcost.errors import NotARepository
from tokcost.model.claims import Consent
from tokcost.model.worktree import CloneState, Worktree
from tokcost.policy.clone_state import may_have_budget, may_have_rules, read_state
from tokcost.repo.config import ConfigsOnce
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.run import asker
from tokcost.repo.worktree import find_bare, git_dir_around, named_git_dir, worktree_for


def find_here(cwd: Path) -> Worktree | None:
    """The worktree around a folder, or the one that git names for it; `None` if there is none."""
    return worktree_for(str(cwd), asker())


def folder_of_history(cwd: Path) -> str:
    """The folder with git's history for a folder: a bare repository will do."""
    found = find_here(cwd)
    return git_folder(found) if found else named_git_dir(str(cwd), asker()) or str(cwd)


def worktree_here(cwd: Path) -> Worktree:
    """The worktree around a folder, or the one that git names for it. Raises `NotARepository`."""
    found = find_here(cwd)
    if found is None:
        raise no_worktree(cwd, "Change to the folder of the clone that you mean.")
    return found


def no_worktree(cwd: Path, hint: str) -> NotARepository:
    """The error to raise for a folder outside a worktree. A bare repository gets a message of its own."""
    if named := named_git_dir(str(cwd), asker()):
        return NotARepository(f"GIT_DIR names {named}, which has no worktree here", "Name it in GIT_WORK_TREE.")
    git_dir = git_dir_around(str(cwd))
    if not git_dir and (bare := find_bare(str(cwd))):  # a file `.git` leads to it
        git_dir = bare.git_dir
    if not git_dir:
        return NotARepository(f"{cwd} is not in a git repository", hint)
    if os.path.basename(git_dir) == ".git":
        return NotARepository(f"{cwd} is in git's own folder {git_dir}", "Change to a worktree of that clone.")
    return NotARepository(
        f"{cwd} is in the bare repository {git_dir}, which has no branch checked out",
        "Change to a worktree or a clone of it. `tokcost report` needs neither.",
    )


def state_here(cwd: Path) -> CloneState:
    """The state of the worktree around a folder. Raises `NotARepository`."""
    return read_state(worktree_here(cwd))


def state_around(cwd: Path) -> CloneState | None:
    """The state of the worktree around a folder; `None` if there is none."""
    found = find_here(cwd)
    return None if found is None else read_state(found)


def state_of_hook(directory: str, environ: Mapping[str, str]) -> CloneState | None:
    """The state of the worktree for which git runs a hook in a folder; `None` if that is no worktree."""
    # A hook opens the configuration once; a test counts that.
    configs = ConfigsOnce()
    worktree = worktree_for(directory, environ, configs)
    return None if worktree is None else read_state(worktree, configs)


def may_have_limits(home: Path, here: CloneState) -> bool:
    """Whether there may be budgets or rules. Most clones have neither, and need not import the code that reads them."""
    return may_have_budget(here) or may_have_rules(home, here)


def stops_unchecked(here: CloneState) -> bool:
    """Whether a budget that cannot be checked stops the commit: `tokcost.budgetUnchecked=block` in the clone's own
    configuration."""
    return here.config.section("tokcost").get("budgetunchecked", "").lower() == "block"


def has_budget_hook(here: CloneState, folder: str) -> bool:
    """Whether a pre-commit hook of ours checks the budgets, in the hooks folder that git uses or of a manager."""
    from tokcost_hooks.installation.manager_files import checks_budgets  # most clones have no budget

    return checks_budgets(here.worktree, folder)


def root_around(cwd: Path) -> str:
    """The main worktree of the clone around a folder; empty if there is none."""
    found = find_here(cwd)
    return found.root if found else ""


def consent_in(home: Path, worktree: Worktree) -> Consent:
    """The consent of the person whose ledger is in `home`, for a clone."""
    from tokcost.policy.consent import read_consent  # it imports the ledger, which most hooks do not need here

    return read_consent(home, read_state(worktree))
