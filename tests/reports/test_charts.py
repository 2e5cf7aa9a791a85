"""Charts as text: what stands on them."""

import re

import pytest

from tokcost.model.changes import Cell, Report
from tokcost.reports.charts import time_svg


@pytest.mark.parametrize(("months", "most"), [(3, 3), (60, 24), (110, 24)])
def test_a_long_time_names_no_more_columns_than_there_is_room_for(months: int, most: int) -> None:
    cells = [Cell(f"{2000 + number // 12}-{number % 12 + 1:02d}", 10**9, 10**6, 1) for number in range(months)]
    report = Report("main", [], groups={"month": cells})
    names = re.findall(r">(20\d\d-\d\d)</text>", time_svg(report, "month"))
    assert most // 2 < len(names) <= most
    assert names[0] == cells[0].name
