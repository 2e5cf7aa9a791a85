import re

from support.figures import branch, figures, summary, view
from tokcost.reports.layout import plain
from tokcost.reports.paint import coloured
from tokcost.reports.table import log_lines


def test_colour_changes_no_character() -> None:
    made = summary(branch("feat/漢字[bold]", figures(1, 1), current=True), branch("x" * 90, figures(2, 3)))
    lines = log_lines([made], None, view(200, decorated=True))
    painted = coloured(lines)
    assert "\x1b[1;32m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain(lines)
