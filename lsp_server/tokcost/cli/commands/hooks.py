"""`tokcost hooks`: the git hooks of this clone."""

import os
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.cli.group import CommandGroup
from tokcost.model.checks import Diagnosis
from tokcost.reports.diagnosis import diagnosis_lines
from tokcost.reports.hooks import installed_text, named_text
from tokcost.services.check_environment import check_switches
from tokcost.services.install_hooks import (
    check_hooks,
    install_hooks,
    install_hooks_in_config,
    text_of_hook,
    uninstall_hooks,
)
from tokcost.services.look_at_clone import worktree_here
from tokcost.services.remember_clone import count_in_named
from tokcost.settings import tokcost_home
from tokcost_hooks import HOOKS


@click.group(cls=CommandGroup, alone="status", short_help="Install, remove or explain the git hooks of this clone.")
def command() -> None:
    """Install, remove or explain the git hooks of this clone.

    \b
    Example:
      tokcost hooks status
    """


@command.command("install", short_help="Install tokcost's hooks beside existing ones.")
@click.option("--write", is_flag=True, help="Also add lines to files of the project or of a hook manager.")
@click.option("--config", "in_config", is_flag=True, help="Use git's own configuration instead of files (git 2.54).")
def install_command(write: bool, in_config: bool) -> int:
    """Install tokcost's hooks beside existing ones; `tokcost enable` does so too.

    Existing hooks run first. If husky, lefthook or the project owns a hook, the lines that it needs are shown, and
    added with --write.

    \b
    Examples:
      tokcost hooks install
      tokcost hooks install --write
    """
    home, worktree = tokcost_home(os.environ), worktree_here(Path.cwd())
    if (counts_in := count_in_named(home, worktree)) is not None:
        screen.show(named_text(worktree.path, worktree.git_dir, counts_in))
    if in_config:
        install_hooks_in_config(home, worktree)
        screen.show(
            "tokcost's hooks are in this clone's git configuration; git runs them before those of the folder.\n"
        )
        return 0
    done = install_hooks(home, worktree, write=write)
    missing = [(where.hook, where.path, where.lines, where.is_committed, where.refusal) for where in done.missing]
    screen.show(installed_text(done.said, done.waiting, missing))
    return 1 if missing else 0


@command.command("uninstall", short_help="Remove tokcost's hooks; restore what was there.")
def uninstall_command() -> int:
    """Remove tokcost's hooks and restore what was there, to the last byte.

    Exit code 1 if something was left because somebody has changed it since.

    \b
    Example:
      tokcost hooks uninstall
    """
    left = uninstall_hooks(worktree_here(Path.cwd()))
    screen.show(
        "".join(f"{one}.\n" for one in left) or "tokcost's hooks are removed; what was there before is restored.\n"
    )
    return 1 if left else 0


@command.command("print", short_help="Print the text of one hook.")
@click.argument("hook", type=click.Choice(HOOKS))
def print_command(hook: str) -> int:
    """Print the text of one hook: a complete file, or lines to append to a shell script.

    \b
    Example:
      tokcost hooks print post-commit >> ~/.githooks/post-commit
    """
    screen.show(screen.Ready(text_of_hook(hook)))  # the output becomes a file, byte by byte
    return 0


@command.command("status", short_help="Show which hooks git runs, and why it skips others.")
def status_command() -> int:
    """Show which hooks git runs, which it skips, and why. Exit code 1 if something needs to be done.

    \b
    Example:
      tokcost hooks status
    """
    diagnosis = Diagnosis()
    diagnosis.add("hooks", *check_hooks(tokcost_home(os.environ), worktree_here(Path.cwd())))
    diagnosis.add("hooks", *check_switches(os.environ))
    screen.show(screen.painted(diagnosis_lines(diagnosis, in_full=True), os.environ))
    return 1 if diagnosis.findings else 0
