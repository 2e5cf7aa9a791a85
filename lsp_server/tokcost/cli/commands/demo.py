"""`tokcost demo`: a demonstration in a scratch repository."""

import os
import shlex
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.cli.log import Output, show_log
from tokcost.demo.build import COMMITS, Demo, build, commits_of_main, remove
from tokcost.errors import EnvironmentProblem, UsageError
from tokcost.services.summarise import LogOptions

BRANCH = "feat/login"
"""The branch that is shown in detail: its commits were squashed into one."""

_END = """
An id counts once, however many commits carry it. Run `tokcost log` in a repository of your own; nothing needs
to be set up. Lines in commits are off until you run `tokcost enable` there.
"""


@click.command(short_help="Show what it looks like, in a scratch repository.")
@click.option("--keep", metavar="DIR", type=click.Path(path_type=Path), help="Build it in DIR and keep it.")
def command(keep: Path | None) -> int:
    """Show branches and commits of a scratch repository, with logs that Claude Code and Codex CLI really wrote.

    Touches neither your repositories nor your ledger.

    \b
    Examples:
      tokcost demo
      tokcost demo --keep /tmp/shop-demo
    """
    before = Path.cwd()
    folder = _kept(keep) if keep is not None else Path(tempfile.mkdtemp(prefix="tokcost-demo-"))
    try:
        demo = build(folder, datetime.now(UTC))
        os.chdir(demo.repository)
        code = _show(demo)
    finally:
        os.chdir(before)
        if keep is None:
            remove(folder)
    if keep is not None:
        where = shlex.join(f"{name}={value}" for name, value in demo.environ.items())
        screen.show(f"\nExplore it:  cd {shlex.quote(str(demo.repository))} && env {where} tokcost log {BRANCH}\n")
    else:
        screen.show(_END)
    return code


def _show(demo: Demo) -> int:
    """Show the branches, the commits that carry lines, and one branch with its commits."""
    environ = {**_display_variables(), **demo.environ}
    screen.show("$ tokcost log\n")
    code = show_log(LogOptions(), Output(pager=False), environ)
    screen.show(f"\n$ {shlex.join(COMMITS)}\n{commits_of_main(demo).rstrip()}\n")
    screen.show(f"\n$ tokcost log {BRANCH}\n")
    return max(code, show_log(LogOptions(BRANCH, lists_commits=True), Output(pager=False), environ))


def _kept(folder: Path) -> Path:
    """Create the folder. Raises `UsageError` if it is in use, `EnvironmentProblem` if it cannot be created."""
    hint = "Name an empty folder, or one that does not exist yet."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty", hint)
    except FileExistsError as error:
        raise UsageError(f"{folder} is a file", hint) from error
    except OSError as error:
        raise EnvironmentProblem(f"{folder} cannot be used: {error.strerror}", hint) from error
    return folder.absolute()


def _display_variables() -> dict[str, str]:
    """The variables that control how text is shown; none of those that locate logs."""
    names = ("PATH", "TERM", "NO_COLOR", "COLUMNS", "LANG", "LC_ALL", "TZ")
    return {name: os.environ[name] for name in names if name in os.environ}
