"""`tokcost report --html`: one self-contained page, for a mail, a wiki or print.

It shows what the other formats show, from the same `Report`, and its template escapes everything. It contains no
script, and its own policy forbids any; nothing is fetched from anywhere.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple

from tokcost.errors import EnvironmentProblem
from tokcost.installation import installation
from tokcost.model.changes import Cell, Change, Grouping, Report, quantile
from tokcost.reports import charts, report_text
from tokcost.reports.amounts import percent, short_tokens
from tokcost.reports.text import counted, escape

_MOST_CHANGES = 500
"""Older ones are only in `--csv`: nobody reads a page with thousands of rows."""
_MOST_WEEKS = 26
"""With more weeks than this, months are more useful."""
_MOST_ROWS = 12
_COLUMNS = ("list cost", "changes", "half up to", "nine in ten up to", "tokens")
_TITLES: dict[Grouping, str] = {
    "month": "By month",
    "week": "By week",
    "area": "By area",
    "model": "By model",
    "size": "By size of change",
    "tag": "By release",
    "type": "By type of change",
    "issue": "By issue",
}
PRIVACY = (
    "No figure is by person. Single changes and the total reveal no more than the commit messages. A figure by area,"
    " model, time, release, size, type or issue is shown only where enough contributors share it and none stands out,"
    " alone or by subtraction. Anyone with the repository can add up its cost lines without tokcost."
)
LIST_COST = (
    "List cost is tokens times the public price valid on that day, in US dollars; with a flat plan it is not a bill."
)


class Fact(NamedTuple):
    name: str
    value: str
    more: str = ""


class Section(NamedTuple):
    """A grouping: its chart and its rows, or why there are none."""

    title: str
    svg: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    said: Sequence[str]

    @property
    def is_long(self) -> bool:
        """Whether it should continue in the next column instead of leaving a gap beside it."""
        return len(self.rows) > _MOST_ROWS


def report_page(report: Report) -> str:
    """The complete page. Raises `EnvironmentProblem` if the packages that draw it are not installed."""
    return rendered(
        report.range,
        lambda: {
            "heading": "AI list cost of merged changes",
            "facts": _facts(report) if report.changes else [],
            "nothing": [] if report.changes else report_text.nothing(report),
            "sections": _sections(report) if report.changes else [],
            "distribution": charts.distribution_svg(report) if report.changes else "",
            "changes": [_change(report, change) for change in report.changes[:_MOST_CHANGES]],
            "left_out": max(0, len(report.changes) - _MOST_CHANGES),
            "said": report_text.footer(report, None),
            "privacy": PRIVACY,
        },
    )


def rendered(range: str, parts: Callable[[], Mapping[str, object]]) -> str:
    """The page around its parts, which are created once it is known that they can be drawn. Raises
    `EnvironmentProblem`."""
    try:
        import altair  # noqa: F401  # pyright: ignore[reportUnusedImport]
        import vl_convert  # noqa: F401  # pyright: ignore[reportUnusedImport]
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise EnvironmentProblem(
            f"--html needs {error.name}, which is not installed",
            f"Run `{installation().adding(['altair>=6,<7', 'jinja2>=3.1', 'vl-convert-python>=1.7,<2'])}`.",
        ) from error
    data = files("tokcost.reports") / "data"
    style = (data / "page.css").read_text(encoding="utf-8")
    # A name that the template misspells is an error, not a gap in a page that looks complete.
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    # Of exactly the text between the tags: with one more space, the page's own policy would refuse its style.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return page.from_string((data / "page.html.j2").read_text(encoding="utf-8")).render(
        style=Markup(style),
        style_digest=digest,
        range=escape(range),
        # Besides our own style, only drawings pass unescaped; a test with hostile names compares the page's tags.
        draw=Markup,
        list_cost=LIST_COST,
        **parts(),
    )


def _facts(report: Report) -> list[Fact]:
    facts = [
        Fact("list cost", report_text.total(report).removesuffix(" list"), _priced(report)),
        Fact("changes", f"{len(report.changes):,}", f"{short_tokens(report.tokens)} tokens"),
    ]
    values = [change.list_cost for change in report.changes]
    # With one or two changes, quantiles would only repeat the rows.
    if len(values) > 2:
        most = report_text.cost(report, quantile(values, 0.9))
        facts.append(
            Fact("half of the changes up to", report_text.cost(report, quantile(values, 0.5)), f"nine in ten {most}")
        )
    gone = [change for change in report.changes if change.state]
    spent = report_text.cost(report, sum(change.reverted_cost for change in gone))
    partly = any(change.state != "reverted" for change in gone)
    said = report_text.taken_back(report) if partly else counted(len(gone), "change")
    facts.append(Fact("reverted later", spent if gone else "none", said))
    if report.reworked is not None:
        amount = report_text.cost(report, report.reworked.list_cost)
        said = report_text.changed_again(report).partition(" list, ")[2]
        name = f"changed again within {counted(report.reworked.days, 'day')}"
        facts.append(Fact(name, amount if report.reworked.changes else "none", said))
    if report.open:
        facts.append(Fact("not merged yet", *_split(report_text.still_open(report).removeprefix("not merged yet: "))))
    facts.append(_coverage(report))
    return facts


def _priced(report: Report) -> str:
    if not report.unpriced_tokens:
        return "everything has a price"
    return f"{percent(report.unpriced_tokens, report.tokens)} of the tokens are unpriced, in no amount"


def _split(text: str) -> tuple[str, str]:
    amount, _, more = text.partition(" list on ")
    return amount, f"on {more}"


def _coverage(report: Report) -> Fact:
    coverage = report.coverage
    if coverage is None or not coverage.commits:
        needed = report.contributors_needed
        return Fact("coverage", "not shown", f"needs {needed} contributors and a whole range")
    share = percent(coverage.with_line, coverage.commits)
    return Fact("coverage", share, f"of {counted(coverage.commits, 'commit')} carry a cost line")


def _sections(report: Report) -> list[Section]:
    draw: dict[Grouping, Callable[[], str]] = {
        "area": lambda: charts.bars_svg(report, "area"),
        "model": lambda: charts.bars_svg(report, "model"),
        "size": lambda: charts.sizes_svg(report),
        "tag": lambda: charts.bars_svg(report, "tag"),
        "type": lambda: charts.bars_svg(report, "type"),
        "issue": lambda: charts.bars_svg(report, "issue"),
    }
    time = _time(report)
    drawn: dict[Grouping, Callable[[], str]] = {time: lambda: charts.time_svg(report, time), **draw}
    sections = [_section(report, by, draw) for by, draw in drawn.items() if by in report.groups]
    return [*sections, *_withheld(report, [by for by in drawn if by not in report.groups and by not in report.missing])]


def _withheld(report: Report, names: Sequence[str]) -> list[Section]:
    """The groupings that must not be shown, and the reason once."""
    if not names:
        return []
    listed = " or ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])
    return [Section(f"By {listed}: not shown", "", (), [], [report_text.withheld(report, listed)])]


def _time(report: Report) -> Grouping:
    """Weeks, if they may be shown that finely and are few enough to be read."""
    weeks, months = report.groups.get("week", []), report.groups.get("month", [])
    return "week" if len(months) < len(weeks) <= _MOST_WEEKS else "month"


def _section(report: Report, by: Grouping, draw: Callable[[], str]) -> Section:
    svg = draw()
    general = {*report_text.footer(report, None)}
    said = [text for text in report_text.footer(report, by) if text not in general]
    if not svg:
        said.append("too few changes of any one size to say what half of them cost")
    cells = charts.by_size(report.groups[by]) if by == "size" else report.groups[by]
    rows = [_cell(report, cell) for cell in cells]
    filled = [number for number, texts in enumerate(zip(*rows, strict=True)) if any(texts)]
    columns = [(by, *_COLUMNS)[number] for number in filled]
    return Section(_TITLES[by], svg, columns, [[row[number] for number in filled] for row in rows], said)


def _cell(report: Report, cell: Cell) -> tuple[str, ...]:
    quantiles = ("" if value is None else report_text.cost(report, value) for value in (cell.median, cell.p90))
    amount = report_text.cost(report, cell.list_cost, cell.unpriced)
    return escape(cell.name), amount, f"{cell.changes:,}", *quantiles, short_tokens(cell.tokens)


def _change(report: Report, change: Change) -> tuple[str, ...]:
    amount = report_text.cost(report, change.list_cost, change.is_unpriced)
    day, models = report_text.day(change.title.time), report_text.models(change)
    state = report_text.state(change)
    return report_text.title(change), amount, short_tokens(change.tokens), day, models, change.commit[:10], state
