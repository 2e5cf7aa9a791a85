"""Charts as text: what stands on them."""

import re

import pytest

from tokcost.model.changes import Cell, Report
from tokcost.reports.charts import bars_svg, time_svg


@pytest.mark.few
@pytest.mark.parametrize(("months", "most"), [(3, 3), (60, 24), (110, 24)])
def test_a_long_time_names_no_more_columns_than_there_is_room_for(months: int, most: int) -> None:
    cells = [Cell(f"{2000 + number // 12}-{number % 12 + 1:02d}", 10**9, 10**6, 1) for number in range(months)]
    report = Report("main", [], groups={"month": cells})
    names = re.findall(r">(20\d\d-\d\d)</text>", time_svg(report, "month"))
    assert most // 2 < len(names) <= most
    assert names[0] == cells[0].name


@pytest.mark.parametrize("before", [pytest.param(one, marks=pytest.mark.slow if one % 5 else ()) for one in range(60)])
def test_a_long_name_of_emoji_is_drawn_wherever_it_is_cut(before: int) -> None:
    """Vega's own cut went through the middle of a surrogate pair, and then nothing was drawn at all."""
    name = "x" * before + "😀" * 40
    drawn = bars_svg(Report("main", [], groups={"area": [Cell(name, 10**9, 10**6, 1)]}), "area")
    assert "…" in drawn
    assert name[: min(before, 16)] in drawn


def test_names_that_are_equal_once_clipped_keep_a_bar_each() -> None:
    names = [f"{'a' * 40}{middle}{'z' * 40}" for middle in "123"]
    cells = [Cell(name, dollars * 10**9, 10**6, 1) for dollars, name in zip((3, 2, 1), names, strict=True)]
    drawn = bars_svg(Report("main", [], groups={"area": cells}), "area")
    shown = re.findall(r">(a+…z+[^<]*)</text>", drawn)
    assert len(set(shown)) == 3
    assert [re.findall(r"\d", name) for name in shown] == [[], ["2"], ["3"]]
    assert all(f">~${dollars}.00</text>" in drawn for dollars in (1, 2, 3))
