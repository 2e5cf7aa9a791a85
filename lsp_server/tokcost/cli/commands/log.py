"""`tokcost log`: what each branch of this repository cost."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from tokcost.cli import dates, screen
from tokcost.errors import UsageError
from tokcost.model.figures import Summary
from tokcost.reports.empty import no_logs, no_usage
from tokcost.reports.footer import skipped_and_notes
from tokcost.reports.layout import Line, paragraph
from tokcost.reports.rows import View
from tokcost.reports.table import branch_lines, log_lines
from tokcost.services.ingest import IngestReport, refresh
from tokcost.services.summary import LogOptions, summarise
from tokcost.settings import tokcost_home

By = Literal["day", "model", "assistant"]


@dataclass(frozen=True, slots=True)
class Output:
    """How the answer is shown."""

    format: Literal["table", "json", "csv"] = "table"
    pager: bool = True
    refresh: bool = True


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


def show_log(options: LogOptions, output: Output, environ: Mapping[str, str]) -> int:
    """Import what is new, ask, show. Answers 1 when the sum does not close."""
    home = tokcost_home(environ)
    report = _refreshed(home, environ) if output.refresh else None
    summaries = summarise(home, Path.cwd(), options)
    if report is not None:
        _add_import(report, summaries)
    if output.format == "table":
        text = screen.painted(_lines(summaries, options, report), environ)
        screen.page(text, environ if output.pager else {"TOKCOST_PAGER": ""})
    else:
        screen.show(_FORMATS[output.format](summaries, options))
    return 0 if all(summary.conservation.closes for summary in summaries) else 1


def _span(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    start = dates.since_ms(since) if since is not None else None
    end = dates.until_ms(until) if until is not None else None
    if start is not None and end is not None and start >= end:
        raise UsageError(f"--since {since} is not before --until {until}")
    return start, end


def _refreshed(home: Path, environ: Mapping[str, str]) -> IngestReport:
    with screen.progress("Reading logs") as progress:
        return refresh(home, environ, progress)


def _add_import(report: IngestReport, summaries: list[Summary]) -> None:
    for summary in summaries:
        summary.looked_in = report.looked_in
        summary.notes += [note for note in report.notes if note not in summary.notes]


def _json(summaries: list[Summary], options: LogOptions) -> str:
    from tokcost.reports.json import log_json  # each format loads only what it needs

    return log_json(summaries, options.all_repos)


def _csv(summaries: list[Summary], options: LogOptions) -> str:
    from tokcost.reports.csv import log_csv

    return log_csv(summaries, options.by)


_FORMATS = {"json": _json, "csv": _csv}


def _lines(summaries: list[Summary], options: LogOptions, report: IngestReport | None) -> list[Line]:
    view = _view()
    if not any(summary.totals.total.usage for summary in summaries):
        said = [*_nothing(summaries, options, report), *skipped_and_notes(summaries)]
        return [line for text in said for line in paragraph(text, view.columns_wide, "plain")]
    if options.branch is not None and not options.all_repos:
        for row in summaries[0].branches:
            if row.branch == options.branch:
                return branch_lines(row, summaries[0], options.by, view)
    return log_lines(summaries, options.by, view)


def _view() -> View:
    now = time.time()
    today = datetime.fromtimestamp(now).astimezone().date()
    return View(int(now * 1000), today, screen.columns_wide(), screen.draws_blocks())


def _nothing(summaries: list[Summary], options: LogOptions, report: IngestReport | None) -> list[str]:
    if report is not None and not report.found_files:
        return no_logs(report.looked_in)
    where = "in any repository" if options.all_repos else f"in {summaries[0].repository}"
    if options.branch is not None:
        where = f"on branch {options.branch} {where}"
    spanned = options.since_ms is not None or options.until_ms is not None
    return no_usage(where, spanned, report.found_files if report is not None else None)
