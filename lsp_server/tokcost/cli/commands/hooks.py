"""`tokcost hooks`: the git hooks of this clone."""

import os
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.cli.group import Group
from tokcost.reports.diagnosis import diagnosis_lines
from tokcost.reports.hooks import installed_text
from tokcost.services.check_environment import check_switches
from tokcost.services.look_at_clone import consent_in, worktree_here
from tokcost.services.remember_clone import remember_clone
from tokcost.settings import tokcost_home
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.hooks import install, install_in_config, uninstall
from tokcost_hooks.installation.report import hook_checks
from tokcost_hooks.installation.scripts import plain_script


@click.group(cls=Group, alone="status", short_help="Install, remove or explain the git hooks of this clone.")
def command() -> None:
    """Install, remove or explain the git hooks of this clone.

    \b
    Example:
      tokcost hooks status
    """


@command.command("install", short_help="Install our hooks beside those that are there.")
@click.option("--write", is_flag=True, help="Also add our lines to files of the project or of a hook manager.")
@click.option("--config", "in_config", is_flag=True, help="Use git's own configuration instead of files (git 2.54).")
def install_command(write: bool, in_config: bool) -> int:
    """Install our hooks beside those that are there; `tokcost enable` does it too.

    What was there runs first. Where husky, lefthook or the project own a hook, the lines it needs are shown, and added
    with --write.

    \b
    Examples:
      tokcost hooks install
      tokcost hooks install --write
    """
    worktree = worktree_here(Path.cwd())
    remember_clone(tokcost_home(os.environ), worktree)
    if in_config:
        install_in_config(worktree)
        screen.show("Our hooks are in this clone's git configuration; git runs them before those of the folder.\n")
        return 0
    done = install(worktree, write=write)
    missing = [(where.hook, where.path, where.lines, where.is_committed, where.refusal) for where in done.missing]
    screen.show(installed_text(done.said, done.waiting, missing))
    return 1 if missing else 0


@command.command("uninstall", short_help="Take our hooks away; put back what was there.")
def uninstall_command() -> int:
    """Take our hooks away and put back what was there, to the last byte.

    Exit code 1 when something had to be left because somebody changed it since.

    \b
    Example:
      tokcost hooks uninstall
    """
    left = uninstall(worktree_here(Path.cwd()))
    screen.show("".join(f"{one}.\n" for one in left) or "Our hooks are gone; what was there before is back.\n")
    return 1 if left else 0


@command.command("print", short_help="Print the text of one hook.")
@click.argument("hook", type=click.Choice(HOOKS))
def print_command(hook: str) -> int:
    """The text of one hook: a file of its own, or lines for the end of a shell script.

    \b
    Example:
      tokcost hooks print post-commit >> ~/.githooks/post-commit
    """
    screen.show(screen.Ready(plain_script(hook)))  # the output becomes a file, byte by byte
    return 0


@command.command("status", short_help="Say what git will run, what not, and why.")
def status_command() -> int:
    """Show which hooks git will run, which it will not and why. Exit code 1 when something needs doing.

    \b
    Example:
      tokcost hooks status
    """
    worktree = worktree_here(Path.cwd())
    consent = consent_in(tokcost_home(os.environ), worktree)
    checks = [*hook_checks(worktree, consent.enabled), *check_switches(os.environ)]
    rows = [(check.subject, check.found, check.finding, check.hint) for check in checks]
    rows.append(("lines", "on" if consent.enabled else consent.problem or "off", False, consent.remedy))
    findings = sum(check.finding for check in checks)
    screen.show(screen.painted(diagnosis_lines({"hooks": rows}, findings), os.environ))
    return 1 if findings else 0
