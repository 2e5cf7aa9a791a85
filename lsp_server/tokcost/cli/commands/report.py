"""`tokcost report`: the cost of merged changes, from history alone."""

import os
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, get_args

import click

from tokcost.cli import screen
from tokcost.cli.dataset_report import show_dataset, sql_text, write_page
from tokcost.errors import UsageError, exclude_each_other, not_before
from tokcost.model.changes import REWORK_DAYS, Grouping, Report
from tokcost.model.dataset import DatasetReport
from tokcost.model.money import NANO_PER_USD
from tokcost.services.parse_date import since_ms, until_ms
from tokcost.settings import PLANS_FILE, tokcost_cache, tokcost_home

_PEOPLE = re.compile(
    r"author|commit+er|contributor|dev|e-?mail|employee|engineer|name|owner|people|person|review|user|who"
)


class _By(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]
    """A grouping; groupings by person are refused with the reason."""

    name = "grouping"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        return f"[change|{'|'.join(get_args(Grouping))}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        word = str(value).lower()
        if _PEOPLE.match(word):
            raise UsageError(
                f"--by {value}: tokcost never reports what a person spent",
                "Cost lines are published by people who were promised that no report adds them up by person."
                " Use --by with change, area, model, month, week, tag, size, type or issue.",
            )
        if word not in ("change", *get_args(Grouping)):
            self.fail(f"'{value}' is not one of change, {', '.join(get_args(Grouping))}.", param, ctx)
        return None if word == "change" else word


@click.command(short_help="Show what merged changes cost, from history only.")
@click.argument("range", required=False)
@click.option("--by", type=_By(), help="One row for each of these instead of each merged change.")
@click.option(
    "--base",
    metavar="REVISION",
    help="Only commits of RANGE (then one revision, by default HEAD) that this revision lacks.",
)
@click.option("--against", metavar="RANGE", help="Compare with another range.")
@click.option("--all", "all_refs", is_flag=True, help="Every branch and tag, merged or not.")
@click.option("--since", metavar="DATE", help="Only changes committed since DATE, in any form that git accepts.")
@click.option(
    "--until", metavar="DATE", help="Only changes committed until DATE; a date without a time includes that day."
)
@click.option(
    "--rework", is_flag=True, help="Also show which changes had most of their lines changed again soon after."
)
@click.option(
    "--rework-days",
    type=click.IntRange(1, 3650),
    metavar="DAYS",
    help=f"The number of days that counts as soon (default: {REWORK_DAYS}).",
)
@click.option("--check", metavar="AMOUNT", help="Exit with 1 if the list cost is over AMOUNT US dollars.")
@click.option("--json", "as_json", is_flag=True, help="JSON with a stable schema, including every grouping of --by.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV with nine decimals.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Short, for a comment on a pull request.")
@click.option("--html", metavar="FILE", help="A self-contained page with charts; - for standard output.")
@click.option(
    "--dataset", metavar="DATASET", help="Report on many repositories, from a dataset that `tokcost collect` created."
)
@click.option("--engine", metavar="URL", help="With --dataset: query it with duckdb, postgres://… or spark.")
@click.option("--emit-sql", metavar="DIALECT", help="Show the SQL of --dataset for trino, snowflake, bigquery, …")
@click.option("--plan", is_flag=True, help="Show your plans in --json and in a pipe too; a terminal shows them anyway.")
@click.option("--verbose", is_flag=True, help="Also show lines that could not be parsed.")
@click.option("--no-pager", is_flag=True, help="Do not use a pager.")
def command(range: str | None, by: Grouping | None, against: str | None, check: str | None, **more: Any) -> int:
    """Show what merged changes cost at list price, from the cost lines in commit messages.

    RANGE is a revision range as in git log; without it, the history of the default branch. Works in any clone, bare
    and shallow too, and needs no logs of assistants.

    A change is a merge, a squash commit or a pushed commit. A cost line counts once, at its highest version, at the
    change that first brought it; rewrites, backports and cherry-picks add nothing. Nothing is ever shown by person.

    \b
    Examples:
      tokcost report
      tokcost report v1.4..v1.5 --by area
      tokcost report --since 2026-10-01 --by month --csv
      tokcost report v1.5..v1.6 --against v1.4..v1.5
      tokcost report --base origin/main --markdown --check 50
      tokcost report --html report.html
      tokcost report --dataset costs --by area
      tokcost report --emit-sql trino --by area
      tokcost report --json | jq '.changes[] | {number, list_cost}'
    """
    form = _form(more)
    limit = _nano(check) if check is not None else None
    if more["emit_sql"] is not None:
        screen.show(sql_text(by, more))
        return 0
    if more["dataset"] is None and more["engine"] is not None:
        raise UsageError("--engine is for --dataset", "Name one with --dataset, or leave --engine out.")
    if more["dataset"] is not None:
        return _checked_dataset(show_dataset(range, by, form, more | {"against": against}), limit)
    _check_options(range, by, form, more | {"against": against})
    reports = _reports(range, by, against, more)
    if form == "html":
        _write_page(reports[0], more["html"])
    elif form == "json":
        screen.show(_json(reports, _plans(more) if more["plan"] else None))
    elif form is not None:
        screen.show(_FORMATS[form](reports, by))
    else:
        text = screen.painted([*_lines(reports, by, more["verbose"]), *_plan_lines(more)], os.environ)
        screen.page(text, {"TOKCOST_PAGER": ""} if more["no_pager"] else os.environ)
    return _checked(reports[0], limit)


def _check_options(range: str | None, by: Grouping | None, form: str | None, more: dict[str, Any]) -> None:
    if range is not None and more["all_refs"]:
        raise exclude_each_other("RANGE", "--all")
    if form == "html" and (by is not None or more["against"] is not None):
        raise UsageError(
            "--html shows one range, with every grouping that may be shown", "Leave --by and --against out."
        )
    if more["base"] is not None and (more["all_refs"] or more["against"] is not None):
        raise exclude_each_other("--base", "--all" if more["all_refs"] else "--against")
    if more["plan"] and form not in (None, "json"):
        raise UsageError(f"--{form} is made to be shared, and a plan is private", f"Leave --plan or --{form} out.")


def _form(more: dict[str, Any]) -> str | None:
    asked = [name for name in ("json", "csv", "markdown") if more[f"as_{name}"]]
    asked += ["html"] if more["html"] is not None else []
    if len(asked) > 1:
        raise exclude_each_other(f"--{asked[0]}", f"--{asked[1]}")
    return asked[0] if asked else None


def _rework(more: dict[str, Any]) -> int | None:
    days = more["rework_days"]
    return REWORK_DAYS if days is None and more["rework"] else days


def _reports(range: str | None, by: Grouping | None, against: str | None, more: dict[str, Any]) -> list[Report]:
    from tokcost.services.make_report import ReportOptions, make_report, overlap

    since = since_ms(more["since"]) // 1000 if more["since"] is not None else None
    until = until_ms(more["until"]) // 1000 if more["until"] is not None else None
    if since is not None and until is not None and since >= until:
        raise not_before(more["since"], more["until"])
    # Grouping reads the files of each change; the list of changes does without.
    groups = by is not None or more["html"] is not None
    options = ReportOptions(range, more["base"], more["all_refs"], since, until, groups, _rework(more))
    cache = tokcost_cache(os.environ)
    reports = [make_report(Path.cwd(), cache, options)]
    if against is not None:
        reports.append(make_report(Path.cwd(), cache, options._replace(range=against, all_refs=False)))
        # Each of the two passes the privacy rules by itself; their difference would be a figure that nobody has
        # checked.
        if by is not None and overlap(*reports):
            raise UsageError(
                f"the two ranges share changes: figures by {by} of both could be subtracted from each other",
                "Compare ranges that follow each other, for example v1.5..v1.6 --against v1.4..v1.5.",
            )
    return reports


def _lines(reports: list[Report], by: Grouping | None, verbose: bool) -> Any:
    from tokcost.reports.report_text import comparison_lines, damaged_lines, report_lines

    wide = screen.columns_wide()
    if len(reports) == 2:
        lines = comparison_lines(reports[0], reports[1], by, wide)
    else:
        lines = report_lines(reports[0], by, wide, screen.draws_blocks())
    return lines + [line for report in reports for line in damaged_lines(report, wide) if verbose]


def _plans(more: dict[str, Any]) -> list[Any]:
    """The user's plans and the list cost of their own usage: from the ledger, so only on this screen unless they are
    requested elsewhere. A report is for everybody to see."""
    from tokcost.errors import TokcostError
    from tokcost.services.keep_plans import leverages

    home = tokcost_home(os.environ)
    if not (home / PLANS_FILE).exists():
        return []
    since = since_ms(more["since"]) if more["since"] is not None else None
    until = until_ms(more["until"]) if more["until"] is not None else None
    try:
        return leverages(home, (since, until))
    except TokcostError as problem:  # no reason to show no report
        screen.tell(str(problem), problem.hint)
        return []


def _plan_lines(more: dict[str, Any]) -> list[Any]:
    if not (more["plan"] or screen.is_terminal()):
        return []
    from tokcost.reports.layout import paragraph
    from tokcost.reports.plans import plan_lines

    wide = screen.columns_wide()
    lines = [line for text in plan_lines(_plans(more)) for line in paragraph(f"your {text}", wide)]
    return [[], *lines] if lines else []


def _json(reports: list[Report], plans: list[Any] | None) -> Iterator[str]:
    from tokcost.reports.report_json import report_json

    return report_json(*reports, plans=plans)


def _csv(reports: list[Report], by: Grouping | None) -> str:
    from tokcost.reports.report_csv import report_csv

    if len(reports) > 1:
        raise UsageError("--csv shows one range", "Run it once for each range, or use --json.")
    return report_csv(reports[0], by)


def _markdown(reports: list[Report], by: Grouping | None) -> str:
    from tokcost.reports.report_markdown import report_markdown

    return report_markdown(reports[0], by, *reports[1:])


def _write_page(report: Report, name: str) -> None:
    from tokcost.reports.page import report_page

    write_page(report_page(report), name)


_FORMATS = {"csv": _csv, "markdown": _markdown}


def _nano(text: str) -> int:
    try:
        amount = Decimal(text.strip().removeprefix("$").removesuffix("USD").strip())
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or amount < 0:
        raise UsageError(f"--check {text}: this is not an amount", "Write US dollars, for example 50 or 12.50.")
    return int(amount * NANO_PER_USD)


_UNPRICED = (
    "some usage has no price and is not in the sum that was checked",
    "Its lines stay as they are. A price in .tokcost.toml applies to future commits: docs/prices.md.",
)


def _checked(report: Report, limit: int | None) -> int:
    """Returns 1 if the limit is exceeded. Unpriced usage cannot exceed anything, and is reported."""
    if limit is None:
        return 0
    from tokcost.reports.amounts import amount
    from tokcost.reports.report_text import total

    if report.unpriced_tokens:
        screen.tell(*_UNPRICED)
    if report.list_cost <= limit:
        return 0
    screen.tell(f"{report.range} cost {total(report)}, over the {amount(limit, 0)} that was allowed")
    return 1


def _checked_dataset(report: DatasetReport, limit: int | None) -> int:
    """The exit code for a dataset, as by `_checked`."""
    from tokcost.reports.amounts import amount
    from tokcost.reports.dataset_report import total

    if limit is not None and report.unpriced:
        screen.tell(*_UNPRICED)
    if limit is None or report.list_cost <= limit:
        return 0
    screen.tell(f"{report.range} cost {total(report)}, over the {amount(limit, 0)} that was allowed")
    return 1
