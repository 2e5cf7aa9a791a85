"""`tokcost dataset`: verifies a dataset, and compacts its files."""

import json
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.cli.group import Group


@click.group(cls=Group, short_help="Check and compact a dataset of many repositories.")
def command() -> None:
    """Look after a dataset that `tokcost collect` made.

    \b
    Examples:
      tokcost dataset check costs
      tokcost dataset compact costs
    """


@command.command("check", short_help="Whether all files are whole and agree.")
@click.argument("dataset")
@click.option("--engine", metavar="URL", default="", help="Compare with the sums that this engine makes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check_command(dataset: str, engine: str, as_json: bool) -> int:
    """Check that every file is what its name says, that cells are what claims say, and that none is counted twice.
    Exits with 1 where something is wrong.

    \b
    Examples:
      tokcost dataset check costs
      tokcost dataset check costs --engine postgres://me@db.example.com/costs
      tokcost dataset check costs --json | jq .digest
    """
    from tokcost.reports.dataset import checked_json, checked_lines
    from tokcost.services.check_dataset import check_dataset

    found = check_dataset(Path(dataset), engine)
    if as_json:
        screen.show(json.dumps(checked_json(found), indent=2) + "\n")
    else:
        screen.show("".join(f"{line}\n" for line in checked_lines(found)))
    return int(bool(found.problems))


@command.command("compact", short_help="One file instead of many.")
@click.argument("dataset")
def compact_command(dataset: str) -> None:
    """Put the files of many jobs into one of each kind. No figure changes, and jobs may go on meanwhile. Where two jobs
    that did not see each other published the same claim, one of the two cells is taken out for good.

    \b
    Example:
      tokcost dataset compact costs
    """
    from tokcost.reports.dataset import compacted_lines
    from tokcost.services.check_dataset import compact_dataset

    found = compact_dataset(Path(dataset))
    lines = compacted_lines({**found.files}, found.settled.cells, found.settled.missing)
    screen.show("".join(f"{line}\n" for line in lines))
