"""`tokcost purge`: deletes usage for good."""

import os
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.cli.completion import branches
from tokcost.cli.names import NAME
from tokcost.errors import UsageError
from tokcost.reports.purged import before_text, done_text, found_text, purged_json
from tokcost.services.look_at_clone import state_around
from tokcost.services.parse_date import since_ms
from tokcost.services.purge import PurgeConditions, forget_history, preview_purge, purge
from tokcost.services.refresh import refresh
from tokcost.settings import tokcost_cache, tokcost_home


@click.command(short_help="Delete usage for good, so that no byte of it is left.")
@click.option("--before", metavar="DATE", help="Usage before DATE, in any form that git accepts.")
@click.option("--repository", metavar="PATH", help="Usage in the repository at PATH, even if it no longer exists.")
@click.option(
    "--branch",
    type=NAME,
    metavar="NAME",
    help="Usage on one branch of this repository, or of --repository.",
    shell_complete=branches,
)
@click.option("--session", type=NAME, metavar="ID", help="Usage of one session; the start of its id is enough.")
@click.option("--assistant", type=NAME, metavar="NAME", help="Usage of one assistant, for example claude-code.")
@click.option("--all", "everything", is_flag=True, help="All usage.")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, without deleting it.")
@click.option("--yes", is_flag=True, help="Delete without being asked; required without a terminal.")
@click.option("--json", "as_json", is_flag=True, help="JSON with a stable schema, with --dry-run or --yes.")
def command(everything: bool, dry_run: bool, yes: bool, as_json: bool, before: str | None, **chosen: str | None) -> int:
    """Delete usage for good: from the ledger, its free pages, its write-ahead log, its backups and the clones'
    journals.

    Only usage that matches all given options is deleted, and it is shown first. It does not come back from the
    assistants' logs, which stay as they are: tokcost keeps salted hashes of the ids of what was purged.

    Lines in commits are history and stay. A claim without other usage is removed. A claim with other usage keeps that,
    and its line is not written again: nothing is published twice.

    Exit code 1 if nothing was changed, or something is left.

    \b
    Examples:
      tokcost purge --before 2025-01-01
      tokcost purge --session 4f1c22d0 --yes
      tokcost purge --repository ~/src/client --assistant codex --dry-run
    """
    home, cwd = tokcost_home(os.environ), Path.cwd()
    asked = PurgeConditions(since_ms(before, "--before") if before is not None else None, **chosen, all=everything)
    preview_purge(home, cwd, asked)  # wrong arguments are refused before the logs are read
    refresh(home, os.environ, here=state_around(cwd))
    # Usage that is still only in a log would not be purged, and the next import would record it.
    found = preview_purge(home, cwd, asked)
    if not as_json:
        screen.show(before_text(asked.before_ms) + found_text(found))
    if dry_run:
        if as_json:
            screen.show(purged_json(found, False))
        return 0
    if not yes:
        if not screen.can_ask():
            raise UsageError(
                "standard input is not a terminal, so nobody can be asked", "Read the lines above, then add --yes."
            )
        if not click.confirm("Delete it?", default=False):
            screen.show("Nothing was changed.\n")
            return 1
    done = purge(home, cwd, asked)
    forget_history(tokcost_cache(os.environ))
    rest = done.is_clean, done.removed, done.problems, done.missing
    screen.show(purged_json(done.purged, True, *rest) if as_json else "\n" + done_text(done.purged, *rest))
    return 0 if done.is_clean and not done.problems else 1
