"""`tokcost status`: the cost of the checked-out branch in one line."""

import click

from tokcost.cli.status import show_status
from tokcost.errors import exclude_each_other
from tokcost.reports.status import PLACEHOLDERS


@click.command(short_help="Show the current branch in one line, for prompts.")
@click.option("--format", "template", metavar="TEXT", help=f"A line of your own, with {{{'}, {'.join(PLACEHOLDERS)}}}.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
@click.option("--quiet", is_flag=True, help="Print nothing, and succeed, outside a repository.")
@click.option("--no-refresh", is_flag=True, help="Show what is in the ledger, without reading the logs.")
def command(template: str | None, as_json: bool, quiet: bool, no_refresh: bool) -> int:
    """Show the list cost of the current branch in one line, for prompts, tmux and assistants' status lines.

    \b
    Examples:
      tokcost status
      tokcost status --quiet --no-refresh --format '{branch} {list_cost} ({tokens})'
      set -g status-right '#(cd #{pane_current_path} && tokcost status --quiet)'   # tmux
    """
    if as_json and template is not None:
        raise exclude_each_other("--json", "--format")
    return show_status(template, as_json=as_json, quiet=quiet, fresh=not no_refresh)
