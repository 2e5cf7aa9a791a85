"""`tokcost dataset`: verifies a dataset, and compacts its files."""

import json
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.cli.group import CommandGroup


@click.group(cls=CommandGroup, short_help="Check and compact a dataset of many repositories.")
def command() -> None:
    """Check or compact a dataset that `tokcost collect` created.

    \b
    Examples:
      tokcost dataset check costs
      tokcost dataset compact costs
    """


@command.command("check", short_help="Check that all files are intact and agree.")
@click.argument("dataset")
@click.option("--engine", metavar="URL", default="", help="Compare with the sums that this engine calculates.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check_command(dataset: str, engine: str, as_json: bool) -> int:
    """Check that every file matches its name, that cells match the claims, and that no claim is counted twice. Exits
    with 1 if something is wrong.

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


@command.command("compact", short_help="Merge many files into few.")
@click.argument("dataset")
def compact_command(dataset: str) -> None:
    """Merge the files of many jobs into one of each kind. No figure changes, and jobs may continue meanwhile. If two
    jobs published the same claim without seeing each other's files, one of the two cells is removed for good.

    \b
    Example:
      tokcost dataset compact costs
    """
    from tokcost.reports.dataset import compacted_lines
    from tokcost.services.check_dataset import compact_dataset

    found = compact_dataset(Path(dataset))
    lines = compacted_lines({**found.files}, found.removed.cells, found.removed.missing)
    screen.show("".join(f"{line}\n" for line in lines))
