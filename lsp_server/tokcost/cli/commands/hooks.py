"""`tokcost hooks`: the git hooks of this clone."""

from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.services.consent import read_consent
from tokcost.services.hooks import HOOKS, KEPT, install, script, states, uninstall
from tokcost.services.trailers import here


@click.group()
def command() -> None:
    """Install, remove or explain the git hooks of this clone.

    \b
    Example:
      tokcost hooks status
    """


@command.command("install")
def install_command() -> int:
    """Put our hooks beside those that are there; `tokcost enable` does it too.

    \b
    Example:
      tokcost hooks install
    """
    folder = install(here(Path.cwd()))
    screen.show(f"Hooks are in {folder.path}; hooks that were there run first.\n")
    return 0


@command.command("uninstall")
def uninstall_command() -> int:
    """Take our hooks away and put back what was there, to the last byte.

    \b
    Example:
      tokcost hooks uninstall
    """
    folder = uninstall(here(Path.cwd()))
    screen.show(f"Our hooks are gone from {folder.path}.\n")
    return 0


@command.command("print")
@click.argument("hook", type=click.Choice(HOOKS))
def print_command(hook: str) -> int:
    """The text of one hook, for hook managers that want it in a file of their own.

    \b
    Example:
      tokcost hooks print prepare-commit-msg
    """
    screen.show(script(hook))
    return 0


@command.command("status")
def status_command() -> int:
    """What git will run, and why something will not. Exit code 1 when lines are on and a hook is missing.

    \b
    Example:
      tokcost hooks status
    """
    worktree = here(Path.cwd())
    consent = read_consent(worktree)
    folder, found = states(worktree)
    lines = [f"folder  {folder.path}{f' (core.hooksPath = {folder.setting})' if folder.setting else ''}"]
    for one in found:
        state = "installed" if one.installed else "somebody else's hook" if one.foreign else "not installed"
        lines.append(f"{one.hook:<20}{state}{f', runs {one.hook}{KEPT} first' if one.installed and one.keeps else ''}")
    lines.append(f"lines   {'on' if consent.enabled else consent.problem or 'off'}")
    screen.show("".join(f"{line}\n" for line in lines))
    return 1 if consent.enabled and not all(one.installed for one in found) else 0
