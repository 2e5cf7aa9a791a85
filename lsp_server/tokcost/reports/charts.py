"""The charts of `tokcost report --html`: rendered locally by Vega-Lite as SVG inside the page.

A chart gets the same cells and changes that `--json` shows. Colours are CSS variables of the page, so that one drawing
serves light, dark and print. altair and vl-convert are the extra `html`, and are imported when a chart is drawn.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from tokcost.model.changes import Cell, Grouping, Report
from tokcost.model.dataset import Grouped
from tokcost.model.money import NANO_PER_USD
from tokcost.reports.report_text import cost
from tokcost.reports.text import clip, counted, escape

INK, DIM, RULE, BAR, REST, MARK = (f"var(--{name})" for name in ("ink", "dim", "rule", "bar", "rest", "mark"))
_WIDTH, _HEIGHT, _ROW = 560, 190, 26
_MOST_BARS = 16
"""More bars are only in the table."""
_MOST_NAMES = 24
"""Column labels; more would overlap."""
_MOST_LABELS = 9
_MOST_COLUMNS = 34
"""Of a name: Vega truncates a longer one itself, possibly in the middle of an emoji, and then draws nothing at all."""
_FONT = "Helvetica, Arial, sans-serif"

_PADDING = {"left": 0, "top": 16, "right": 64, "bottom": 4}
_AUTOSIZE = {"type": "fit-x", "contains": "padding"}
"""All charts have the same width, so that their text has the same size."""

Row = dict[str, Any]


def bars_svg(report: Grouped, by: Grouping) -> str:
    """One bar for each cell, most expensive first."""
    cells = report.groups[by]
    shown, rest = cells[:_MOST_BARS], cells[_MOST_BARS:]
    rows = _rows(report, shown)
    height = _ROW * len(rows)
    y = _alt().Y("name:N", sort=None, title=None)
    x = _dollars("X", "amount")
    more = f", and {counted(len(rest), 'row')} more in the table" if rest else ""
    base = _chart(rows, f"List cost by {by}{more}", height)
    bars = base.mark_bar(height=16, cornerRadiusEnd=2).encode(x=x, y=y, color=_fill())
    return _drawn(bars + base.mark_text(align="left", dx=5, color=INK).encode(x=x, y=y, text="label:N"))


def time_svg(report: Grouped, by: Grouping) -> str:
    """One column for each week or month, in order."""
    rows = _rows(report, report.groups[by])
    each = -(-len(rows) // _MOST_NAMES)
    named = [row["name"] for row in rows[::each]]
    axis = _alt().Axis(labelAngle=0 if len(rows) <= 10 else -45, values=named)
    x = _alt().X("name:N", sort=None, title=None, axis=axis)
    y = _dollars("Y", "amount")
    base = _chart(rows, f"List cost by {by}", _HEIGHT)
    chart = base.mark_bar(cornerRadiusEnd=2).encode(x=x, y=y, color=_fill())
    if len(rows) <= _MOST_LABELS:
        chart += base.mark_text(baseline="bottom", dy=-3, color=INK).encode(x=x, y=y, text="label:N")
    return _drawn(chart)


def sizes_svg(report: Report) -> str:
    """List cost by size of change: the median and the ninth decile of each size class. Empty if no class has enough
    changes for that."""
    rows: list[Row] = []
    for cell in by_size(report.groups["size"]):
        for value, what in ((cell.median, "half cost up to"), (cell.p90, "nine in ten cost up to")):
            if value is not None:
                label = cost(report, value)
                rows.append({"name": _clipped(cell.name), "amount": value / NANO_PER_USD, "what": what, "label": label})
    if not rows:
        return ""
    alt = _alt()
    y = alt.Y("name:N", sort=None, title=None)
    x = _dollars("X", "amount")
    legend = alt.Legend(title=None, orient="top", symbolSize=90)
    order = list(dict.fromkeys(row["what"] for row in rows))
    shape = alt.Shape("what:N", sort=order, scale=alt.Scale(domain=order, range=["circle", "diamond"][: len(order)]))
    base = _chart(rows, "List cost against size of change", 34 * len({row["name"] for row in rows}))
    line = base.mark_line(color=RULE, strokeWidth=3).encode(x=x, y=y, detail="name:N")
    fill = alt.Color(
        "what:N", sort=order, legend=legend, scale=alt.Scale(domain=order, range=[BAR, MARK][: len(order)])
    )
    points = base.mark_point(filled=True, size=110, opacity=1).encode(x=x, y=y, shape=shape.legend(legend), color=fill)
    text = base.mark_text(color=INK).encode(x=x, y=y, text="label:N")
    half = text.transform_filter(alt.datum.what == order[0]).mark_text(color=INK, dy=-12)
    most = text.transform_filter(alt.datum.what != order[0]).mark_text(color=INK, align="left", dx=9)
    return _drawn(line + points + half + most)


def distribution_svg(report: Report) -> str:
    """The number of changes by their cost, on a scale of 1, 2 and 5."""
    counts = distribution(report)
    rows: list[Row] = [{"name": name, "count": count, "label": f"{count:,}"} for name, count in counts]
    alt = _alt()
    x = alt.X("name:N", sort=None, title="list cost of a change", axis=alt.Axis(labelAngle=0 if len(rows) < 8 else -45))
    y = alt.Y("count:Q", title="changes", axis=alt.Axis(tickMinStep=1, format="d", tickCount=4))
    base = _chart(rows, "Changes by their list cost", _HEIGHT)
    bars = base.mark_bar(color=BAR, cornerRadiusEnd=2).encode(x=x, y=y)
    return _drawn(bars + base.mark_text(baseline="bottom", dy=-3, color=INK).encode(x=x, y=y, text="label:N"))


def distribution(report: Report) -> list[tuple[str, int]]:
    """Counts of changes between neighbouring points of the scale, from the first non-empty one to the last; changes
    without priced models are separate."""
    limits = [step * 10**power for power in range(7, 19) for step in (1, 2, 5)]
    known = [change.list_cost for change in report.changes if change.list_cost or not change.is_unpriced]
    counts: dict[int, int] = {}
    for value in known:
        at = bisect_left(limits, value)
        counts[at] = counts.get(at, 0) + 1
    found = [(_up_to(limits, at), counts.get(at, 0)) for at in range(min(counts), max(counts) + 1)] if counts else []
    unpriced = len(report.changes) - len(known)
    return [*found, *([("unpriced", unpriced)] if unpriced else [])]


def _up_to(limits: Sequence[int], at: int) -> str:
    if at >= len(limits):
        return "more"
    dollars = limits[at] / NANO_PER_USD
    return "≤ " + (f"${dollars:,.0f}" if dollars >= 1 else f"${dollars:.2f}")


def by_size(cells: Sequence[Cell]) -> list[Cell]:
    """The smallest changes first, according to their names: `under 10 lines`, `10 to 49 lines`."""

    def key(cell: Cell) -> tuple[bool, int]:
        number = re.search(r"\d+", cell.name)
        return bool(cell.merged) or number is None, int(number[0]) * (
            not cell.name.startswith("under")
        ) if number else 0

    return sorted(cells, key=key)


def _rows(report: Grouped, cells: Sequence[Cell]) -> list[Row]:
    """The rows drawn for cells. Names that become equal by truncation get a number, so that each has a place of its
    own."""
    seen: dict[str, int] = {}
    rows: list[Row] = []
    for cell in cells:
        name = _clipped(cell.name)
        seen[name] = seen.get(name, 0) + 1
        name = name if seen[name] == 1 else f"{name} ({seen[name]})"
        label = cost(report, cell.list_cost, cell.unpriced)
        # A float only for the length of the bar: the label has the exact text.
        rows.append({"name": name, "amount": cell.list_cost / NANO_PER_USD, "label": label, "own": not cell.merged})
    return rows


def _clipped(name: str) -> str:
    return clip(escape(name), _MOST_COLUMNS)


def _alt() -> Any:
    import altair

    return altair


def _chart(rows: list[Row], description: str, height: int) -> Any:
    alt = _alt()
    return alt.Chart(alt.InlineData(values=rows), description=description, width=_WIDTH, height=height)


def _fill() -> Any:
    """Normal cells in one colour, `(other)` in another."""
    return _alt().Color("own:N", legend=None, scale=_alt().Scale(domain=[True, False], range=[BAR, REST]))


def _dollars(channel: str, field: str) -> Any:
    axis = _alt().Axis(format="$,~r", tickCount=5)
    return getattr(_alt(), channel)(f"{field}:Q", title="US dollars list", axis=axis)


def _drawn(chart: Any) -> str:
    """SVG, without network: vl-convert includes Vega, and may load neither data nor pictures."""
    import vl_convert

    axis = {"labelColor": INK, "titleColor": DIM, "gridColor": RULE, "domainColor": RULE, "tickColor": RULE}
    look: Row = {
        "background": None,
        "font": _FONT,
        "view": {"stroke": None},
        # 0 is no limit: Vega cuts by UTF-16 units, possibly within an emoji, and then fails. Names are clipped before.
        "axis": axis | {"labelFontSize": 12, "titleFontSize": 11, "titleFontWeight": "normal", "labelLimit": 0},
        "axisBand": {"grid": False, "ticks": False},
        "legend": {"labelColor": INK, "labelFontSize": 12},
        "text": {"fontSize": 12},
    }
    spec = chart.properties(padding=_PADDING, autosize=_AUTOSIZE).to_dict() | {"config": look}
    return _for_a_page(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))


def _for_a_page(svg: str) -> str:
    """As wide as its column. In HTML an SVG needs no namespace, so that the page contains no address; the page's
    policy allows no style attribute."""
    _, attributes, drawing = re.split(r"^<svg([^>]*)>", svg, maxsplit=1)
    kept = re.sub(r' (?:xmlns(?::xlink)?|version|width|height)="[^"]*"', "", attributes)
    return f"<svg{kept}>" + re.sub(r' style="[^"]*"', "", drawing)
