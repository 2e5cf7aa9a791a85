"""`tokcost export`: usage for other programs, as files."""

import os
from collections.abc import Callable, Iterable
from datetime import UTC
from pathlib import Path
from typing import Any

import click

from tokcost.cli import screen
from tokcost.cli.completion import branches
from tokcost.cli.group import CommandGroup
from tokcost.cli.names import NAME
from tokcost.cli.output_file import STDOUT, begins_with, write_file
from tokcost.errors import UsageError, exclude_each_other, not_before
from tokcost.exports.focus_columns import Profile
from tokcost.exports.table import Format
from tokcost.files.private import PRIVATE_FILE, PUBLIC_FILE
from tokcost.reports.amounts import amount
from tokcost.reports.text import counted
from tokcost.services.export_usage import ExportOptions, LeftOut
from tokcost.services.look_at_clone import state_around
from tokcost.services.parse_date import since_ms, until_ms
from tokcost.settings import tokcost_cache, tokcost_home

_FORMATS: dict[str, Format] = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@click.group(cls=CommandGroup, short_help="Write usage to files for other programs.")
def command() -> None:
    """Write usage to files for other programs: spreadsheets, data tools, finance, dashboards.

    Days and months are in UTC. No file names a session, a folder or a person. docs/exports.md explains every
    column.

    \b
    Examples:
      tokcost export usage -o usage.csv
      tokcost export focus --profile history -o focus.parquet
    """


def _out(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "-o", "--output", metavar="FILE", default=STDOUT, help="The file to write; - for standard output (default)."
    )(function)


def _selected(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that select usage."""
    options = (
        click.option("--repository", metavar="FOLDER", help="The repository around FOLDER instead of the current one."),
        click.option("--all-repos", is_flag=True, help="Every repository with usage, and usage outside repositories."),
        click.option("--branch", type=NAME, metavar="NAME", shell_complete=branches, help="Only usage on this branch."),
        click.option(
            "--since", metavar="DATE", help="Only usage since DATE, in any form that git accepts; days are UTC."
        ),
        click.option(
            "--until", metavar="DATE", help="Only usage until DATE; a date without a time includes that day in UTC."
        ),
        click.option("--estimates", is_flag=True, help="Include usage whose counts no provider reported."),
        click.option("--no-refresh", is_flag=True, help="Export what is in the ledger, without reading the logs."),
    )
    # click shows options in the order of decorators, of which the last one applied is the first.
    for option in reversed(options):
        function = option(function)
    return function


@command.command("usage", short_help="One row for each response.")
@_out
@click.option(
    "--format", "form", type=click.Choice(["csv", "parquet", "jsonl"]), help="Default: by FILE's extension, else csv."
)
@_selected
def usage_command(output: str, form: str | None, **more: Any) -> int:
    """Write one row for each response of a model: when, where, which model, tokens by class, list cost.

    \b
    Examples:
      tokcost export usage -o usage.csv
      tokcost export usage --all-repos --since 2026-10-01 --until 2026-10-31 -o october.parquet
      tokcost export usage --format jsonl | jq -s 'map(.tokens) | add'
    """
    from tokcost.exports.usage import usage_file
    from tokcost.services.export_usage import export_usage

    chosen = _format(form, output)
    options = _options(more)
    home = _refreshed(more)
    # Rows are written as they are read: a ledger may have millions.
    _, left_out = export_usage(home, Path.cwd(), options, lambda rows: write_file(output, usage_file(chosen, rows)))
    _tell_written(output)
    _tell_left_out(left_out)
    return 0


@command.command("metrics", short_help="Counters for dashboards.")
@_out
@click.option(
    "--format",
    "form",
    type=click.Choice(["openmetrics", "otlp-json"]),
    default="openmetrics",
    help="Text for Prometheus and compatible tools, or JSON for OpenTelemetry collectors.",
)
@_selected
def metrics_command(output: str, form: Any, **more: Any) -> int:
    """Write counters of tokens, list cost and responses, by repository, branch, assistant and model.

    \b
    Examples:
      tokcost export metrics --all-repos -o tokcost.prom
      tokcost export metrics --format otlp-json -o tokcost.json
    """
    from tokcost.exports.metrics import metrics_file
    from tokcost.services.export_usage import export_usage

    options = _options(more)
    file, left_out = export_usage(_refreshed(more), Path.cwd(), options, lambda rows: metrics_file(form, rows))
    write_file(output, (file,))
    _tell_written(output)
    _tell_left_out(left_out)
    return 0


@command.command("focus", short_help="FOCUS, for finance tools.")
@click.argument("range", required=False)
@_out
@click.option("--version", type=click.Choice(["1.4", "1.2"]), default="1.4", help="The version of the specification.")
@click.option(
    "--profile",
    type=click.Choice(["ledger", "history"]),
    default="ledger",
    help="ledger: your own usage, private; history: published cost lines, for sharing.",
)
@click.option("--format", "form", type=click.Choice(["csv", "parquet"]), help="Default: by FILE's extension, else csv.")
@click.option("--all", "all_refs", is_flag=True, help="History: every branch and tag, merged or not.")
@click.option("--unpriced", metavar="FILE", help="The file for usage without a price; beside FILE by default.")
@_selected
def focus_command(range: str | None, output: str, form: str | None, profile: str, **more: Any) -> int:
    """Write FOCUS Cost and Usage, the open format of cost data.

    The ledger profile has one row for each day, branch, model, class of tokens and price; its sum is that of tokcost
    log. The history profile has one row for each cost line in the commit messages of RANGE (by default, the default
    branch), as tokcost report counts them; it can be shared with anyone who may read the repository.

    A charge has an amount, so usage without a price is in no row: it goes to FILE.unpriced.csv, never as $0.

    \b
    Examples:
      tokcost export focus -o focus.csv
      tokcost export focus --profile history v1.4..v1.5 -o release.parquet
      tokcost export focus --version 1.2 --all-repos --since 2026-10-01 --until 2026-10-31 -o october.csv
    """
    chosen = _format(form, output)
    if chosen == "jsonl":
        raise UsageError("--format: FOCUS files are csv or parquet", "Name the file accordingly, or use --format csv.")
    if profile == "history":
        return _history(range, output, chosen, more)
    if range is not None or more["all_refs"]:
        what = "RANGE" if range is not None else "--all"
        raise UsageError(
            f"{what} is for --profile history", "Select usage in the ledger with --since, --until and --branch."
        )
    from tokcost.exports.focus import focus_file, unpriced_file
    from tokcost.services.export_usage import export_charges

    options = _options(more)
    charges, left_out = export_charges(_refreshed(more), Path.cwd(), options)
    beside = _Beside(output, more["unpriced"], "ledger")
    # Before anything is written: a refusal must not leave one of two files.
    beside.check(charges.unpriced_tokens)
    write_file(output, focus_file(chosen, more["version"], charges))
    _tell_written(output, f"{amount(charges.list_cost, charges.unpriced_tokens)} list")
    _tell_left_out(left_out)
    return beside.write(charges.unpriced_tokens, unpriced_file(beside.form, charges))


def _history(range: str | None, output: str, form: Any, more: dict[str, Any]) -> int:
    """The published cost lines, as read by `tokcost report`."""
    for option in ("all_repos", "branch", "estimates"):
        if more[option]:
            raise UsageError(
                f"--{option.replace('_', '-')} is for --profile ledger", "A history belongs to one repository."
            )
    if range is not None and more["all_refs"]:
        raise exclude_each_other("RANGE", "--all")
    from tokcost.exports.focus import focus_history_file, unpriced_history_file
    from tokcost.reports.report_text import total
    from tokcost.services.make_report import ReportOptions, make_report

    since, until = _span(more)
    seconds = [None if one is None else one // 1000 for one in (since, until)]
    options = ReportOptions(range, None, more["all_refs"], seconds[0], seconds[1])
    report = make_report(Path.cwd() / (more["repository"] or ""), tokcost_cache(os.environ), options)
    beside = _Beside(output, more["unpriced"], "history")
    beside.check(report.unpriced_tokens)
    write_file(output, focus_history_file(form, more["version"], report), PUBLIC_FILE)
    _tell_written(output, total(report))
    for note in report.notes:
        screen.tell(note)
    return beside.write(report.unpriced_tokens, unpriced_history_file(beside.form, report))


class _Beside:
    """The file for unpriced usage, beside the one with charges."""

    def __init__(self, output: str, named: str | None, profile: Profile) -> None:
        self._named = named
        self._profile: Profile = profile
        self._path = named or ("" if output == STDOUT else f"{os.path.splitext(output)[0]}.unpriced.csv")
        self.form: Format = _format(None, named) if named else "csv"

    def check(self, tokens: int) -> None:
        """Raise `UsageError` if the file is needed and a file that is not ours is in its place."""
        if tokens and not self._named and self._path and os.path.lexists(self._path) and not self._is_ours():
            raise UsageError(
                f"{self._path} already exists and is not a file of this kind",
                "Name another file for usage without a price: --unpriced FILE.",
            )

    def write(self, tokens: int, pieces: Iterable[bytes]) -> int:
        """Write the file if it has rows, or had some before. Returns 1 if there is no place for it."""
        what = f"{tokens:,} tokens have no known price and are in no charge"
        if tokens and not self._path:
            screen.tell(what, "Name a file for them: --unpriced FILE.")
            return 1
        if tokens or self._named or (self._path and self._is_ours()):
            write_file(self._path, pieces, PUBLIC_FILE if self._profile == "history" else PRIVATE_FILE)
        if tokens and self._path != STDOUT:
            screen.tell(f"{what}: they are in {self._path}")
        return 0

    def _is_ours(self) -> bool:
        from tokcost.exports.focus_columns import UNPRICED
        from tokcost.exports.table import header

        return begins_with(self._path, header(UNPRICED[self._profile]))


def _format(form: str | None, output: str) -> Any:
    return form or _FORMATS.get(os.path.splitext(output)[1].lower(), "csv")


def _refreshed(more: dict[str, Any]) -> Path:
    """The ledger's folder, brought up to date."""
    home = tokcost_home(os.environ)
    if not more["no_refresh"]:
        from tokcost.services.refresh import refresh

        with screen.progress("Reading logs") as progress:
            refresh(home, os.environ, progress, here=state_around(Path.cwd()))
    return home


def _options(more: dict[str, Any]) -> ExportOptions:
    if more["repository"] is not None and more["all_repos"]:
        raise exclude_each_other("--repository", "--all-repos")
    folder = None if more["repository"] is None else Path(more["repository"])
    return ExportOptions(folder, more["all_repos"], more["branch"], *_span(more), more["estimates"])


def _span(more: dict[str, Any]) -> tuple[int | None, int | None]:
    start = since_ms(more["since"], zone=UTC) if more["since"] is not None else None
    end = until_ms(more["until"], zone=UTC) if more["until"] is not None else None
    if start is not None and end is not None and start >= end:
        raise not_before(more["since"], more["until"])
    return start, end


def _tell_written(output: str, what: str = "") -> None:
    if output != STDOUT:
        screen.tell(f"wrote {output}{f': {what}' if what else ''}")


def _tell_left_out(left: LeftOut) -> None:
    if left.usage:
        which = counted(left.usage, "response")
        screen.tell(
            f"{which} with {left.tokens:,} tokens left out: no provider reported the counts",
            "Export them too with --estimates.",
        )
