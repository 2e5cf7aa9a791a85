"""`tokcost assign`: assigns usage to a branch by hand."""

import os
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.cli.completion import branches
from tokcost.cli.names import NAME
from tokcost.model.selection import Selection
from tokcost.reports.amounts import marked
from tokcost.reports.text import counted, escape
from tokcost.services.assign import Assigned, assign
from tokcost.services.look_at_clone import state_around
from tokcost.services.parse_date import since_ms, until_ms
from tokcost.services.refresh import refresh
from tokcost.settings import tokcost_home


@click.command(short_help="Assign usage to a branch by hand.")
@click.argument("branch", type=NAME, shell_complete=branches)
@click.option(
    "--from",
    "source",
    type=NAME,
    metavar="BRANCH",
    help="Only usage on BRANCH of this repository.",
    shell_complete=branches,
)
@click.option("--unplaced", is_flag=True, help="Only usage of this repository on no known branch.")
@click.option("--session", type=NAME, metavar="ID", help="Only usage of one session; the start of its id is enough.")
@click.option("--directory", metavar="PATH", help="Only usage in PATH and below, even outside a repository.")
@click.option("--since", metavar="DATE", help="Only usage since DATE, in any form that git accepts.")
@click.option("--until", metavar="DATE", help="Only usage until DATE; a date without a time includes that day.")
@click.option("--dry-run", is_flag=True, help="Show what would be moved, without moving it.")
def command(branch: str, unplaced: bool, dry_run: bool, **chosen: str | None) -> int:
    """Assign usage to BRANCH by hand. It stays there, whatever git or a log says later.

    Only usage that matches all given options is moved; --dry-run shows it first.

    \b
    Examples:
      tokcost assign feat/login --unplaced --since yesterday
      tokcost assign feat/login --from main --since "3 days ago" --dry-run
      tokcost assign docs --directory ~/notes
    """
    home = tokcost_home(os.environ)
    refresh(home, os.environ, here=state_around(Path.cwd()))
    since, until, directory = chosen["since"], chosen["until"], chosen["directory"]
    selection = Selection("" if unplaced else chosen["source"], chosen["session"])
    if directory is not None:
        selection = selection._replace(directory=str(Path(directory).expanduser().absolute()))
    if since is not None:
        selection = selection._replace(since_ms=since_ms(since))
    if until is not None:
        selection = selection._replace(until_ms=until_ms(until))
    screen.show(_told(assign(home, Path.cwd(), branch, selection, dry_run=dry_run), branch, dry_run) + "\n")
    return 0


def _told(moved: Assigned, branch: str, dry_run: bool) -> str:
    verb = "would be moved" if dry_run else "moved"
    sources = ", ".join(escape(name) for name in moved.from_branches)
    what = f"{marked(moved.list_cost, moved.marks, 'list')}, {moved.tokens:,} tokens"
    return f"{counted(moved.usage, 'response')} ({what}) {verb} from {sources} to {escape(branch)}."
