"""`tokcost why`: a list cost by its drivers, and the same tokens at other prices."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tokcost.cli import screen
from tokcost.cli.completion import branches
from tokcost.cli.names import NAME
from tokcost.errors import UsageError, exclude_each_other, not_before
from tokcost.services.parse_date import since_ms, until_ms
from tokcost.settings import tokcost_home

if TYPE_CHECKING:
    from tokcost.model.drivers import ScopedExplanation
    from tokcost.reports.layout import Line
    from tokcost.services.refresh import ImportReport


@click.command(short_help="Show what drove the list cost, and what other models would cost.")
@click.argument("branch", type=NAME, required=False, shell_complete=branches)
@click.option("--session", type=NAME, metavar="ID", help="Only usage of one session; the start of its id is enough.")
@click.option("--since", metavar="DATE", help="Only usage since DATE, in any form that git accepts.")
@click.option("--until", metavar="DATE", help="Only usage until DATE; a date without a time includes that day.")
@click.option("--all-repos", is_flag=True, help="Every repository with usage, not only this one.")
@click.option(
    "--as",
    "as_models",
    metavar="MODEL",
    multiple=True,
    help="Price the same tokens as MODEL, cheapest-of-family, batch or one-hour-cache; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON with a stable schema.")
@click.option("--csv", "as_csv", is_flag=True, help="One row for each driver, amounts with nine decimals.")
@click.option("--no-pager", is_flag=True, help="Do not use a pager.")
@click.option("--no-refresh", is_flag=True, help="Show what is in the ledger, without reading the logs.")
def command(branch: str | None, **more: Any) -> int:
    """Split list cost into what drove it: new input, caches written, lost and read, output, surcharges.

    Without BRANCH, covers all usage of this repository. The drivers add up to the list cost that `tokcost log` shows.

    \b
    Examples:
      tokcost why
      tokcost why feat/login --since 2.weeks
      tokcost why feat/login --as claude-haiku-4-5 --as cheapest-of-family
      tokcost why --all-repos --as batch --as one-hour-cache
      tokcost why --json | jq '.drivers[] | {driver, list_cost}'
    """
    from tokcost.services.explain_cost import WhyOptions, explain_cost

    if more["as_json"] and more["as_csv"]:
        raise exclude_each_other("--json", "--csv")
    if branch is not None and more["all_repos"]:
        raise UsageError("BRANCH and --all-repos cannot be used together", "A branch belongs to one repository.")
    start = since_ms(more["since"]) if more["since"] is not None else None
    end = until_ms(more["until"]) if more["until"] is not None else None
    if start is not None and end is not None and start >= end:
        raise not_before(more["since"], more["until"])
    options = WhyOptions(branch, more["session"], more["all_repos"], start, end, more["as_models"])
    report = None if more["no_refresh"] else _refreshed(os.environ)
    answer = explain_cost(tokcost_home(os.environ), Path.cwd(), options)
    answer.notes[:0] = report.notes if report is not None else []
    if more["as_json"]:
        from tokcost.reports.drivers_json import why_json

        screen.show(why_json(answer))
    elif more["as_csv"]:
        from tokcost.reports.drivers_json import why_csv

        screen.show(why_csv(answer.explanation))
    else:
        environ = {"TOKCOST_PAGER": ""} if more["no_pager"] else os.environ
        lines = _lines(answer, report.found_files if report is not None else None)
        screen.page(screen.painted(lines, os.environ), environ)
    return 0 if answer.explanation.closes else 1


def _refreshed(environ: Mapping[str, str]) -> "ImportReport":
    from tokcost.services.look_at_clone import state_around
    from tokcost.services.refresh import refresh

    with screen.progress("Reading logs") as progress:
        return refresh(tokcost_home(environ), environ, progress, here=state_around(Path.cwd()))


def _lines(answer: "ScopedExplanation", found_files: int | None) -> list["Line"]:
    from tokcost.reports.drivers import as_lines, why_lines
    from tokcost.reports.empty import no_usage
    from tokcost.reports.layout import paragraph

    wide, found = screen.columns_wide(), answer.explanation
    if not (found.total.requests or found.unpriced.requests):
        spanned = answer.since_ms is not None or answer.until_ms is not None
        where = f"on {answer.scope}" if answer.branch is not None else f"in {answer.scope}"
        lines = [line for text in no_usage(where, spanned, found_files) for line in paragraph(text, wide, "plain")]
    else:
        lines = [*why_lines(answer.scope, found, wide), *as_lines(found, wide)]
    return [*lines, *(line for note in answer.notes for line in paragraph(note, wide))]
