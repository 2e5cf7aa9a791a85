"""`tokcost log`: what each branch of this repository cost."""

import os
from typing import Literal

import click

from tokcost.cli.log import Output, show_log
from tokcost.errors import UsageError
from tokcost.services.parse_date import since_ms, until_ms
from tokcost.services.summarise import LogOptions

By = Literal["day", "model", "assistant"]


@click.command()
@click.argument("branch", required=False)
@click.option("--all-repos", is_flag=True, help="Every repository with usage, not only this one.")
@click.option(
    "--since", metavar="DATE", help="Only usage from DATE on, in git's date words; a bare day is a whole day."
)
@click.option("--until", metavar="DATE", help="Only usage before DATE, or to the end of a bare day.")
@click.option("--by", type=click.Choice(["day", "model", "assistant"]), help="One row for each of these.")
@click.option("--json", "as_json", is_flag=True, help="The stable form for scripts; with --all-repos an array.")
@click.option("--csv", "as_csv", is_flag=True, help="One row for each branch, amounts with nine places.")
@click.option("--no-pager", is_flag=True, help="Do not page the output.")
@click.option("--no-refresh", is_flag=True, help="Show what the ledger holds without looking at the logs.")
def command(
    branch: str | None,
    all_repos: bool,
    since: str | None,
    until: str | None,
    by: By | None,
    **output: bool,
) -> int:
    """What each branch cost at list price, and a sum that closes.

    With BRANCH: its commits and what they carry, its days, models and assistants.

    \b
    Examples:
      tokcost log
      tokcost log feat/login --by model
      tokcost log --since 2.weeks --by day
      tokcost log --json | jq '.branches[] | {branch, list_cost}'
    """
    if output["as_json"] and output["as_csv"]:
        raise UsageError("--json and --csv exclude each other")
    form = "json" if output["as_json"] else "csv" if output["as_csv"] else "table"
    options = LogOptions(branch, all_repos, *_span(since, until), by, branch is not None or form == "json")
    return show_log(options, Output(form, not output["no_pager"], not output["no_refresh"]), os.environ)


def _span(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    start = since_ms(since) if since is not None else None
    end = until_ms(until) if until is not None else None
    if start is not None and end is not None and start >= end:
        raise UsageError(f"--since {since} is not before --until {until}")
    return start, end
