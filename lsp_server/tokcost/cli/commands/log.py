"""`tokcost log`: the cost of each branch of this repository."""

import os
from datetime import tzinfo
from typing import Any, get_args

import click

from tokcost.cli.completion import branches
from tokcost.cli.log import Output, show_log
from tokcost.cli.names import NAME
from tokcost.errors import UsageError, exclude_each_other, not_before
from tokcost.services.parse_date import since_ms, time_zone, until_ms
from tokcost.services.summarise import By, LogOptions


@click.command(short_help="Show what each branch cost, with a total that adds up.")
@click.argument("branch", type=NAME, required=False, shell_complete=branches)
@click.option("--all-repos", is_flag=True, help="Every repository with usage, not only this one.")
@click.option(
    "--since",
    metavar="DATE",
    help="Only usage since DATE, in any form that git accepts; without a time, from the start of that day.",
)
@click.option("--until", metavar="DATE", help="Only usage until DATE; a date without a time includes that day.")
@click.option("--by", type=click.Choice(get_args(By)), help="One row for each; weeks are those of ISO 8601.")
@click.option("--per-repo", is_flag=True, help="With --all-repos --by: a table and a total for each repository.")
@click.option("--timezone", metavar="ZONE", help="The time zone of --by, --since and --until, such as Europe/Berlin.")
@click.option("--json", "as_json", is_flag=True, help="JSON with a stable schema; with --all-repos an array.")
@click.option("--csv", "as_csv", is_flag=True, help="One row for each branch, amounts with nine decimals.")
@click.option("--no-pager", is_flag=True, help="Do not use a pager.")
@click.option("--no-refresh", is_flag=True, help="Show what is in the ledger, without reading the logs.")
def command(
    branch: str | None,
    all_repos: bool,
    by: By | None,
    per_repo: bool,
    **more: Any,
) -> int:
    """Show what each branch cost at list price, and where each dollar of the total went.

    With BRANCH: its commits and what they carry, its days, models and assistants.

    \b
    Examples:
      tokcost log
      tokcost log feat/login --by model
      tokcost log --since 2.weeks --by day
      tokcost log --all-repos --by week --timezone Europe/Berlin
      tokcost log --by session
      tokcost log --json | jq '.branches[] | {branch, list_cost}'
    """
    if more["as_json"] and more["as_csv"]:
        raise exclude_each_other("--json", "--csv")
    if per_repo and not (all_repos and by is not None):
        raise UsageError("--per-repo is for --all-repos with --by", "Without --by, each repository has its own table.")
    form = "json" if more["as_json"] else "csv" if more["as_csv"] else "table"
    zone = time_zone(more["timezone"]) if more["timezone"] is not None else None
    span = _span(more["since"], more["until"], zone)
    options = LogOptions(branch, all_repos, *span, by, zone, branch is not None or form == "json")
    return show_log(options, Output(form, not more["no_pager"], not more["no_refresh"], per_repo), os.environ)


def _span(since: str | None, until: str | None, zone: tzinfo | None) -> tuple[int | None, int | None]:
    start = since_ms(since, zone=zone) if since is not None else None
    end = until_ms(until, zone=zone) if until is not None else None
    if start is not None and end is not None and start >= end:
        raise not_before(since, until)
    return start, end
