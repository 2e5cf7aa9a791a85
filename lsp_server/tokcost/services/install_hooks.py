"""`tokcost hooks`: puts our git hooks into a clone, takes them out again, and finds which ones git runs."""

from pathlib import Path

from tokcost.model.checks import Check
from tokcost.model.worktree import Worktree
from tokcost.policy.clone_state import read_state
from tokcost.policy.consent import read_consent
from tokcost.services.remember_clone import remember_clone
from tokcost_hooks.installation.hooks import Installed, install, install_in_config, uninstall
from tokcost_hooks.installation.report import hook_checks
from tokcost_hooks.installation.scripts import plain_script


def install_hooks(home: Path, worktree: Worktree, *, write: bool) -> Installed:
    """Install our hooks beside those that are there; `write` adds lines also to files of the project or of a hook
    manager. Raises `EnvironmentProblem`."""
    remember_clone(home, worktree)
    return install(worktree, write=write)


def install_hooks_in_config(home: Path, worktree: Worktree) -> None:
    """Install our hooks in git's own configuration. Raises `EnvironmentProblem`."""
    remember_clone(home, worktree)
    install_in_config(worktree)


def uninstall_hooks(worktree: Worktree) -> list[str]:
    """Remove our hooks and put back what was there; returns a sentence for each one that had to be left. Raises
    `EnvironmentProblem`."""
    return uninstall(worktree)


def text_of_hook(hook: str) -> str:
    """The text of one hook: a file of its own, or lines for the end of a shell script."""
    return plain_script(hook)


def check_hooks(home: Path, worktree: Worktree) -> list[Check]:
    """A check of each hook (whether git runs it, and why not), and one of whether cost lines are on. Raises
    `EnvironmentProblem`."""
    consent = read_consent(home, read_state(worktree))
    lines = Check("lines", "on" if consent.enabled else consent.problem or "off", hint=consent.remedy)
    return [*hook_checks(worktree, consent.enabled), lines]
