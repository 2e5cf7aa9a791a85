"""`tokcost disable`: stops cost lines in this clone."""

import os
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.services.enable import disable
from tokcost.services.look_at_clone import worktree_here
from tokcost.settings import tokcost_home


@click.command(short_help="Stop writing cost lines in this clone.")
def command() -> int:
    """Stop writing cost lines in this clone. What was published stays.

    The hooks stay, and still record on this machine what each commit cost; `tokcost hooks uninstall` removes them too.

    \b
    Example:
      tokcost disable
    """
    before = disable(tokcost_home(os.environ), worktree_here(Path.cwd()))
    screen.show("Cost lines are off in this clone.\n" if before.decided else "Cost lines were never on here.\n")
    return 0
