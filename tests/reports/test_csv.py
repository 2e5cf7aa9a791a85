import csv
from io import StringIO

import pytest

from support.figures import branch, figures, summary
from tokcost.reports.csv import log_csv


@pytest.mark.parametrize("by", [None, "model", "assistant"])
def test_the_rows_add_up_to_everything_unplaced_included(by: str | None) -> None:
    made = summary(branch("a,b", figures(184, 1000)), branch("main", figures(3, 20)), unplaced=figures(1, 10))
    rows = list(csv.DictReader(StringIO(log_csv([made], by))))
    assert [row["branch"] for row in rows] == ["a,b", "main", ""]
    assert sum(int(row["tokens"]) for row in rows) == made.totals.total.tokens.total
    assert [row["list_cost"] for row in rows] == ["1.840000000", "0.030000000", "0.010000000"]


def test_days_are_rows_of_their_branch() -> None:
    rows = list(csv.DictReader(StringIO(log_csv([summary(branch("main", figures(3, 20)))], "day"))))
    assert [(row["branch"], row["day"]) for row in rows] == [("main", "2026-11-22")]
