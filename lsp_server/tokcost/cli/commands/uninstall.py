"""`tokcost uninstall`: removes everything of tokcost from all clones."""

import os
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.errors import UsageError
from tokcost.reports.text import counted
from tokcost.reports.uninstalled import remains_text, traces_text
from tokcost.services.uninstall import look_for_traces, remove_traces, what_remains
from tokcost.settings import tokcost_home


@click.command(short_help="Remove everything of tokcost's from all clones.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, without removing it.")
@click.option("--yes", is_flag=True, help="Remove without being asked; required without a terminal.")
def command(dry_run: bool, yes: bool) -> int:
    """Remove hooks, settings and notes from all clones, and list what remains.

    This covers every clone that the ledger knows, and the one around the current folder. Earlier hooks are restored;
    tokcost's settings, and its files in the git folder, are removed. The ledger and the program stay; the commands that
    remove them are shown.

    Exit code 1 if something had to be left.

    \b
    Examples:
      tokcost uninstall --dry-run
      tokcost uninstall
    """
    home = tokcost_home(os.environ)
    clones = look_for_traces(home, Path.cwd())
    used = [one for one in clones.found if not one.is_clean]
    screen.show(traces_text(clones) or "There is nothing of tokcost's in any known clone.\n")
    left: list[tuple[str, str]] = []
    if not dry_run and used:
        if not yes:
            if not screen.can_ask():
                raise UsageError(
                    "standard input is not a terminal, so nobody can be asked", "Read the lines above, then add --yes."
                )
            if not click.confirm(f"Remove this from {counted(len(used), 'clone')}?", default=False):
                screen.show("Nothing was changed.\n")
                return 1
        left = [(one.worktree.path, said) for one in used for said in remove_traces(home, one)]
        done = len(used) - len({folder for folder, _ in left})
        some = f"{done} of {counted(len(used), 'clone')}. This could not be removed:"
        screen.show(f"\nRemoved from {some if left else counted(done, 'clone') + '.'}\n")
    screen.show(("" if left else "\n") + remains_text(left, what_remains(os.environ), screen.columns_wide()))
    return 1 if left else 0
