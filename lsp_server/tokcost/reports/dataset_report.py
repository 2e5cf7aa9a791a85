"""`tokcost report --dataset` in every format: rows by month, area or model, and the excluded parts."""

import csv
from io import StringIO

from tokcost.model.changes import Cell, Grouping
from tokcost.model.dataset import DatasetReport
from tokcost.model.money import decimal_string
from tokcost.reports import charts
from tokcost.reports.amounts import short_tokens
from tokcost.reports.layout import Column, Line, Piece, paragraph, table
from tokcost.reports.markdown import safe
from tokcost.reports.page import Fact, Section, rendered
from tokcost.reports.report_text import cost, cost_columns
from tokcost.reports.text import cell as csv_cell
from tokcost.reports.text import counted, escape

PRIVACY = (
    "No figure is by person. Figures are sums of cells, and each cell has enough contributors, none of whom stands"
    " out. No two cells share a claim, so sums and differences of figures reveal no more than the cells do."
)
_HEADINGS: dict[Grouping, str] = {"month": "By month", "area": "By area", "model": "By model"}


def total(report: DatasetReport) -> str:
    """`~$45.00 list`, with the excluded parts."""
    text = cost(report, report.list_cost, report.unpriced)
    return (
        text
        if text == "unpriced"
        else text.replace(" + unpriced", "") + " list" + (" + unpriced" if report.unpriced else "")
    )


def summary(report: DatasetReport) -> str:
    """The result in a sentence."""
    if not report.claims and report.cells_lost:
        return "No cells are left for figures."
    if not report.claims:
        return "There are no cells: nothing that was collected may be published."
    return f"{report.range}: {total(report)}, {short_tokens(report.tokens)} tokens in {counted(report.claims, 'claim')}"


def doubts(report: DatasetReport) -> list[str]:
    """Remarks on everything that makes figures too low or too high, for every grouping and format."""
    return [*_lost_remarks(report), *_twice_remarks(report)]


def _lost_remarks(report: DatasetReport) -> list[str]:
    if not report.cells_lost:
        return []
    return [
        "cells/ lacks files that claims/ refers to, so their content is in no figure:"
        " `tokcost dataset compact DATASET` restores them"
    ]


def _twice_remarks(report: DatasetReport) -> list[str]:
    if report.twice is None:
        return [
            "two jobs that did not see each other's files may have published a claim twice: only claims/ would show it"
        ]
    if report.twice:
        return [
            f"{counted(report.twice, 'claim')} counted twice: two jobs collected forks without seeing each other's"
            f" files, and claims/ lacks the files that show which of two such cells to omit"
        ]
    if report.published_twice:
        left = f", and {counted(report.claims_left_out, 'claim')} with them" if report.claims_left_out else ""
        return [
            f"{counted(report.published_twice, 'claim')} published by two jobs that did not see each other's files,"
            f" counted once: {counted(report.cells_left_out, 'cell')} left out{left}"
        ]
    return []


def remarks(report: DatasetReport, by: Grouping) -> list[str]:
    """The remarks below the rows."""
    lines = doubts(report)
    if report.claims and report.precision != "exact":
        some = "some" if report.precision == "mixed" else "all"
        lines.append(f"~ {some} amounts were published rounded to 1, 2 or 5; sums of many are close to the exact ones")
    if any(cell.merged for cell in report.groups.get(by, [])):
        lines.append("(other): cells that alone or by subtraction would reveal what one person spent")
    if by == "model" and any(cell.name == "(several)" for cell in report.groups.get(by, [])):
        lines.append("(several): lines name one amount for all their models")
    if by == "area" and report.claims:
        lines.append("a change that touches several areas is split by changed lines and counted in the largest")
    return [*lines, "months are in UTC; claims that may not be published yet are in no figure"]


def dataset_lines(report: DatasetReport, by: Grouping, columns_wide: int | None, decorated: bool) -> list[Line]:
    """The screen."""
    lines = [*paragraph(summary(report), columns_wide, "plain"), []]
    if report.claims:
        lines += [*table(_columns(report, by, decorated), columns_wide), []]
    return [*lines, *(line for text in remarks(report, by) for line in paragraph(text, columns_wide))]


def _columns(report: DatasetReport, by: Grouping, decorated: bool) -> list[Column]:
    cells = report.groups[by]
    return [
        *cost_columns(report, by, cells, decorated),
        Column("CLAIMS", [Piece(f"{one.changes:,}") for one in cells], rank=1, right=True),
        Column("TOKENS", [Piece(short_tokens(one.tokens)) for one in cells], rank=2, right=True),
    ]


def dataset_object(report: DatasetReport) -> dict[str, object]:
    """The stable form for scripts (`tokcost.dataset-report/1`), to which fields may be added."""
    return {
        "schema": "tokcost.dataset-report/1",
        "range": report.range,
        "currency": "USD",
        "basis": "list",
        "claims": report.claims,
        "list_cost": decimal_string(report.list_cost),
        "unpriced": report.unpriced,
        "tokens": report.tokens,
        "precision": report.precision,
        "claims_counted_twice": report.twice,
        "claims_published_twice": report.published_twice,
        "cells_left_out": report.cells_left_out,
        "claims_left_out": report.claims_left_out,
        "cells_lost": report.cells_lost,
        "groups": {by: [_cell(one) for one in cells] for by, cells in report.groups.items()},
        "engine": report.engine,
    }


def _cell(cell: Cell) -> dict[str, object]:
    return {
        "name": cell.name,
        "list_cost": decimal_string(cell.list_cost),
        "unpriced": cell.unpriced,
        "tokens": cell.tokens,
        "claims": cell.changes,
    }


def dataset_csv(report: DatasetReport, by: Grouping) -> str:
    """The rows, amounts with nine places."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((by, "list_cost", "unpriced", "tokens", "claims"))
    for one in report.groups[by]:
        unpriced = str(one.unpriced).lower()
        writer.writerow((csv_cell(one.name), decimal_string(one.list_cost), unpriced, one.tokens, one.changes))
    return text.getvalue()


def dataset_markdown(report: DatasetReport, by: Grouping) -> str:
    """The rows as a table for a comment or a wiki."""
    lines = [f"**AI list cost of {safe(summary(report))}**", ""]
    if report.claims:
        lines += [f"| {by} | list cost | tokens | claims |", "|---|---:|---:|---:|"]
        for one in report.groups[by]:
            texts = (one.name, cost(report, one.list_cost, one.unpriced), short_tokens(one.tokens), f"{one.changes:,}")
            lines.append("| " + " | ".join(safe(text) for text in texts) + " |")
        lines.append("")
    return "\n".join([*lines, "<sub>" + "<br>".join(safe(text) for text in remarks(report, by)) + "</sub>"]) + "\n"


def dataset_page(report: DatasetReport) -> str:
    """One self-contained page with charts. Raises `EnvironmentProblem` if the packages that draw it are not
    installed."""
    has_any = bool(report.claims)
    return rendered(
        report.range,
        lambda: {
            "heading": "AI list cost of many repositories",
            "facts": _facts(report) if has_any else [],
            "nothing": [] if has_any else [summary(report)],
            "sections": [_section(report, by) for by in report.groups] if has_any else [],
            "distribution": "",
            "changes": [],
            "left_out": 0,
            # The last remark of each grouping is the one on months, common to all; the others stand at their sections.
            "said": list(dict.fromkeys(text for by in report.groups for text in remarks(report, by)))[-1:],
            "privacy": PRIVACY,
        },
    )


def _facts(report: DatasetReport) -> list[Fact]:
    priced = "some usage has no price and is in no amount" if report.unpriced else "everything has a price"
    return [
        Fact("list cost", total(report).removesuffix(" list"), priced),
        Fact("claims", f"{report.claims:,}", f"{short_tokens(report.tokens)} tokens"),
        Fact("months", f"{len(report.groups['month']):,}", report.range),
    ]


def _section(report: DatasetReport, by: Grouping) -> Section:
    svg = charts.time_svg(report, by) if by == "month" else charts.bars_svg(report, by)
    rows = [
        (escape(one.name), cost(report, one.list_cost, one.unpriced), f"{one.changes:,}", short_tokens(one.tokens))
        for one in report.groups[by]
    ]
    return Section(_HEADINGS[by], svg, (by, "list cost", "claims", "tokens"), rows, remarks(report, by)[:-1])
