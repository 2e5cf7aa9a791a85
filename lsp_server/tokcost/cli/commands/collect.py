"""`tokcost collect`: the cost lines of many repositories, as a dataset."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from tokcost.cli import screen
from tokcost.errors import UsageError, of_file
from tokcost.model.dataset import RepositoryOutcome
from tokcost.settings import tokcost_cache

_EACH = 100
"""Repositories after which progress is reported, where no progress bar can be drawn."""


@click.command(short_help="Collect the cost lines of many repositories in a dataset.")
@click.argument("repo", nargs=-1)
@click.option("--into", required=True, metavar="DATASET", help="The dataset's folder; created if it does not exist.")
@click.option("--from", "listed", metavar="FILE", help="A file with one repository per line; - for standard input.")
@click.option("--through", metavar="MONTH", help="The last month to collect, such as 2026-10; it must have ended.")
@click.option("--key", metavar="FILE", help="A file with a secret for the digests that name repositories.")
@click.option("--clones", metavar="FOLDER", help="The folder for clones of repositories that are given by address.")
@click.option(
    "--without",
    type=click.Choice(["blobs", "trees", "nothing"]),
    default="blobs",
    show_default=True,
    help="What these clones omit. Without trees they are small, but areas are unknown.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(repo: tuple[str, ...], into: str, listed: str | None, **more: Any) -> int:
    """Read the cost lines of repositories into a dataset, for `tokcost report --dataset`.

    REPO is a clone's top folder, a bare repository or an address to clone from. Clones without blobs or trees are
    enough, and nothing is fetched into a clone that is given by its folder. Only months that have ended are collected.
    claims/ has each claim once, however many forks carry it, and is for people who may read the repositories. cells/
    has figures by area, month and model that do not reveal what any one person spent, and is for everyone.

    Another run adds what is new, and writes nothing if there is nothing new. A repository that cannot be read is
    reported and skipped; the exit code is then 1.

    \b
    Examples:
      tokcost collect ~/src/shop ~/src/web --into costs
      tokcost collect https://git.example.com/acme/shop.git --into costs
      tokcost collect --from repositories.txt --into costs
      tokcost collect --from repositories.txt --into costs --through 2026-10 --json
    """
    from tokcost.reports.dataset import collected_json, collected_lines
    from tokcost.services.collect import CollectOptions, collect, month_through

    names = [*repo, *(_listed(listed) if listed is not None else [])]
    if not names:
        raise UsageError("there is nothing to collect", "Name repositories, or a file of them with --from.")
    clones = Path(more["clones"]) if more["clones"] is not None else None
    months = month_through(more["through"])
    options = CollectOptions(Path(into), tokcost_cache(os.environ), months, _key(more["key"]), clones, more["without"])
    with screen.progress("Reading repositories", of_bytes=False) as count:

        def tell(outcome: RepositoryOutcome, number: int, total: int) -> None:
            if count is not None:
                count(number, total)
            elif number % _EACH == 0:
                screen.tell(f"{number:,} of {total:,} repositories read")
            if outcome.problem:
                screen.tell(f"{outcome.name}: {outcome.problem}")
            for note in outcome.notes:
                screen.tell(f"{outcome.name}: {note}")

        found = collect(names, options, tell)
    if more["as_json"]:
        screen.show(json.dumps(collected_json(found), indent=2) + "\n")
    else:
        screen.show("".join(f"{line}\n" for line in collected_lines(found)))
    return int(any(one.problem for one in found.outcomes))


def _listed(name: str) -> list[str]:
    """The lines of a file, except those that are empty or begin with #."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise of_file(name, "cannot be read", error) from error
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _key(name: str | None) -> bytes:
    if name is None:
        return b""
    try:
        key = Path(name).read_bytes().strip()
    except OSError as error:
        raise of_file(name, "cannot be read", error) from error
    # Digests of known addresses can be calculated for every key that is tried, so there must be too many to try.
    if len(key) < 16:
        raise UsageError(f"the key in {name} is too short to be a secret", "Create one: openssl rand -hex 32 > FILE")
    return key
