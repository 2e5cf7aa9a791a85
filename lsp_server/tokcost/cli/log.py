"""The work of `tokcost log`, separate from its command: a plain `tokcost log` does not wait for click to be
imported."""

import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

from tokcost.cli import screen
from tokcost.model.figures import Summary
from tokcost.reports.empty import no_logs, no_usage
from tokcost.reports.footer import skipped_and_notes
from tokcost.reports.layout import Line, paragraph
from tokcost.reports.rows import View
from tokcost.reports.table import branch_lines, log_lines
from tokcost.services.back_up import back_up_behind
from tokcost.services.look_at_clone import state_around
from tokcost.services.refresh import ImportReport, refresh
from tokcost.services.show_notices import notices
from tokcost.services.summarise import LogOptions, summarise
from tokcost.settings import tokcost_home


class Output(NamedTuple):
    """The options that control the output."""

    format: Literal["table", "json", "csv"] = "table"
    pager: bool = True
    refresh: bool = True
    apart: bool = False
    """Whether each repository gets a separate table where all could share one."""


def show_log(options: LogOptions, output: Output, environ: Mapping[str, str]) -> int:
    """Import new usage, query it and show it. Returns 1 if the sum does not close."""
    home = tokcost_home(environ)
    report = _refreshed(home, environ) if output.refresh else None
    summaries = summarise(home, Path.cwd(), options)
    if report is not None:
        _add_import(report, summaries)
    for summary in summaries:
        summary.notes[:0] = notices(home)
    if output.format == "table":
        text = screen.painted(_lines(summaries, options, report, environ, output.apart), environ)
        screen.page(text, environ if output.pager else {"TOKCOST_PAGER": ""})
    else:
        screen.show(_FORMATS[output.format](summaries, options))
    if report is not None:
        # Last: nobody waits for a backup.
        back_up_behind(home)
    return 0 if all(summary.conservation.closes for summary in summaries) else 1


def _refreshed(home: Path, environ: Mapping[str, str]) -> ImportReport:
    with screen.progress("Reading logs") as progress:
        return refresh(home, environ, progress, here=state_around(Path.cwd()))


def _add_import(report: ImportReport, summaries: list[Summary]) -> None:
    for summary in summaries:
        summary.looked_in = report.looked_in
        summary.notes += [note for note in report.notes if note not in summary.notes]


def _json(summaries: list[Summary], options: LogOptions) -> str:
    from tokcost.reports.json import log_json  # each format imports only what it needs

    by = options.by if options.by == "day" or options.by == "week" or options.by == "month" else None
    return log_json(summaries, options.all_repos, by, _zone_name(options))


def _csv(summaries: list[Summary], options: LogOptions) -> str:
    from tokcost.reports.csv import log_csv

    return log_csv(summaries, options.by)


_FORMATS = {"json": _json, "csv": _csv}


def _zone_name(options: LogOptions) -> str:
    return str(options.zone) if options.zone is not None else ""


def _lines(
    summaries: list[Summary],
    options: LogOptions,
    report: ImportReport | None,
    environ: Mapping[str, str],
    apart: bool = False,
) -> list[Line]:
    view = _view()._replace(zone=_zone_name(options))
    if not any(summary.totals.total.usage for summary in summaries):
        said = [*_nothing(summaries, options, report, environ), *skipped_and_notes(summaries)]
        return [line for text in said for line in paragraph(text, view.columns_wide, "plain")]
    if options.branch is not None and not options.all_repos:
        for row in summaries[0].branches:
            if row.branch == options.branch:
                return branch_lines(row, summaries[0], options.by, view)
    return log_lines(summaries, options.by, view, apart=apart)


def _view() -> View:
    now = time.time()
    today = date.fromtimestamp(now)  # noqa: DTZ012 (of some offsets Python makes no zone)
    return View(int(now * 1000), today, screen.columns_wide(), screen.draws_blocks())


def _nothing(
    summaries: list[Summary], options: LogOptions, report: ImportReport | None, environ: Mapping[str, str]
) -> list[str]:
    from tokcost.services.find_logs import find_logs  # only if there is nothing to show

    found = find_logs(environ, Path.cwd())
    if report is not None and not report.found_files:
        return no_logs(found.read, found.unread)
    where = "in any repository" if options.all_repos else f"in {summaries[0].repository}"
    if options.branch is not None:
        where = f"on branch {options.branch} {where}"
    spanned = options.since_ms is not None or options.until_ms is not None
    return no_usage(where, spanned, report.found_files if report is not None else None, found.unread)
