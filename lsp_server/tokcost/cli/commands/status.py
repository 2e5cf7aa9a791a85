"""`tokcost status`: the cost of the checked-out branch in one line."""

import os
from dataclasses import replace
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.errors import NotARepository, UsageError
from tokcost.model.status import Status
from tokcost.reports.status import PLACEHOLDERS, UnknownPlaceholder, formatted, status_line
from tokcost.services.status import current_status
from tokcost.settings import tokcost_home


@click.command()
@click.option("--format", "template", metavar="TEXT", help=f"Placeholders: {{{'}, {'.join(PLACEHOLDERS)}}}.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
@click.option("--quiet", is_flag=True, help="Print nothing, and succeed, outside a repository.")
@click.option("--no-refresh", is_flag=True, help="Show what the ledger holds without looking at the logs.")
def command(template: str | None, as_json: bool, quiet: bool, no_refresh: bool) -> int:
    """List cost of the current branch in one line, for prompts, tmux and assistants' status lines.

    \b
    Examples:
      tokcost status
      tokcost status --quiet --no-refresh --format '{branch} {list_cost} ({tokens})'
      set -g status-right '#(cd #{pane_current_path} && tokcost status --quiet)'   # tmux
    """
    if as_json and template is not None:
        raise UsageError("--json and --format exclude each other")
    try:
        status = _status(not no_refresh)
    except NotARepository:
        if quiet:
            return 0
        raise
    screen.show(f"{_text(status, template, as_json)}\n")
    return 0


def _status(fresh: bool) -> Status:
    home = tokcost_home(os.environ)
    if fresh:
        from tokcost.services.ingest import refresh  # a prompt with --no-refresh need not wait for the readers

        refresh(home, os.environ)
    return replace(current_status(home, Path.cwd()), current=fresh)


def _text(status: Status, template: str | None, as_json: bool) -> str:
    if as_json:
        from tokcost.reports.json import status_json

        return status_json(status)
    if template is None:
        return status_line(status)
    try:
        return formatted(status, template)
    except UnknownPlaceholder as unknown:
        known = ", ".join(PLACEHOLDERS)
        raise UsageError(f"--format: there is no {{{unknown}}}", f"Known are {known}.") from unknown
