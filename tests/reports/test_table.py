import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.figures import CENT, branch, figures, summary, view
from tokcost.model.figures import BranchRow, Figures, Skipped, Split, Summary
from tokcost.reports.layout import plain
from tokcost.reports.table import branch_lines, log_lines
from tokcost.reports.text import width


def shop() -> Summary:
    made = summary(
        branch("feat/checkout", figures(184, 1_234_567, usage=12), current=True),
        branch("main", figures(1250, 9_876_543, usage=40, hours_ago=30)),
        branch("fix/漢字", figures(0, 4200, hours_ago=400, unpriced=4200)),
        unplaced=figures(33, 10_000),
    )
    made.branches[1].split.evidence = {"reflog": 30, "transcript": 10}
    made.branches[2].state = "merged"
    made.branches[2].split.models = {"mystery-1": made.branches[2].split.total}
    made.totals.models = {
        "claude-opus-4-5-20251101": figures(1467, 11_121_110),
        "mystery-1": figures(0, 4200, unpriced=4200),
    }
    return made


PIPED = """\
  BRANCH         LIST COST   PENDING  TOKENS  LAST USED       MODELS     ASSISTANTS   STATE   EVIDENCE
* feat/checkout      $1.84     $1.84    1.2M  60 minutes ago  opus-4-5   claude-code
  main              $12.50    $12.50    9.9M  30 hours ago    opus-4-5   claude-code          25% transcript
  fix/漢字        unpriced  unpriced    4.2k  2 weeks ago     mystery-1  claude-code  merged

branches $14.34 + unplaced $0.33 = total $14.67 list + unpriced, 11,125,310 tokens
unplaced: $0.33 list, 10.0k tokens on no known branch; assign it with `tokcost assign`
unpriced: 4.2k tokens of mystery-1, in no amount
"""

WIDE = """\
  BRANCH         LIST COST  SHARE     PENDING  TOKENS  14 DAYS         LAST USED       MODELS     STATE   EVIDENCE
* feat/checkout      $1.84  █           $1.84    1.2M              █   60 minutes ago  opus-4-5
  main              $12.50  ██████▉    $12.50    9.9M              █   30 hours ago    opus-4-5           25% transcript
  fix/漢字        unpriced           unpriced    4.2k              █   2 weeks ago     mystery-1  merged

branches $14.34 + unplaced $0.33 = total $14.67 list + unpriced, 11,125,310 tokens
unplaced: $0.33 list, 10.0k tokens on no known branch; assign it with `tokcost assign`
unpriced: 4.2k tokens of mystery-1, in no amount
"""

EIGHTY = """\
  BRANCH         LIST COST   PENDING  TOKENS  LAST USED       MODELS     STATE
* feat/checkout      $1.84     $1.84    1.2M  60 minutes ago  opus-4-5
  main              $12.50    $12.50    9.9M  30 hours ago    opus-4-5
  fix/漢字        unpriced  unpriced    4.2k  2 weeks ago     mystery-1  merged

branches $14.34 + unplaced $0.33 = total $14.67 list + unpriced, 11,125,310
  tokens
unplaced: $0.33 list, 10.0k tokens on no known branch; assign it with `tokcost
  assign`
unpriced: 4.2k tokens of mystery-1, in no amount
"""


TWENTY = """\
  BRANCH   LIST COST
* fe…kout      $1.84
  main        $12.50
  fi…漢字   unpriced

branches $14.34 +
  unplaced $0.33 =
  total $14.67 list
  + unpriced,
  11,125,310 tokens
"""


@pytest.mark.parametrize(
    ("columns_wide", "decorated", "expected"),
    [(None, False, PIPED), (120, True, WIDE), (80, True, EIGHTY)],
    ids=["pipe", "wide", "eighty"],
)
def test_the_table_as_a_whole(columns_wide: int | None, decorated: bool, expected: str) -> None:
    assert plain(log_lines([shop()], None, view(columns_wide, decorated=decorated))) == expected


def test_the_narrowest_table_still_has_every_branch_with_its_list_cost() -> None:
    assert plain(log_lines([shop()], None, view(20, decorated=True))).startswith(TWENTY)


def test_by_day_leaves_out_what_says_nothing_and_holds_the_unplaced_whose_day_is_known_too() -> None:
    made = shop()
    made.unplaced_days["2026-11-21"] = made.unplaced.total
    assert plain(log_lines([made], "day", view())).splitlines()[:5] == [
        "DAY                 LIST COST  TOKENS",
        "2026-11-21              $0.33   10.0k",
        "2026-11-22  $14.34 + unpriced   11.1M",
        "",
        "days $14.67 = total $14.67 list + unpriced, 11,125,310 tokens",
    ]


def test_by_model_names_models_in_full_and_the_dearest_first() -> None:
    text = plain(log_lines([shop()], "model", view()))
    assert text.index("claude-opus-4-5-20251101") < text.index("mystery-1")
    assert "models $14.67 = total $14.67 list + unpriced" in text


def test_a_branch_shows_its_days_sessions_models_and_assistants() -> None:
    made = shop()
    made.branches[0].sessions = 3
    assert (
        plain(branch_lines(made.branches[0], made, None, view(80)))
        == """\
feat/checkout  (current, active)
  list cost  $1.84, all of it pending
  tokens     1,234,567 (925,926 input, 308,641 output)
  used       12 responses in 3 sessions
  evidence   12 reflog

DAY         LIST COST  TOKENS
2026-11-22      $1.84    1.2M

MODEL                     LIST COST  TOKENS  LAST USED
claude-opus-4-5-20251101      $1.84    1.2M  60 minutes ago

ASSISTANT    LIST COST  TOKENS  LAST USED
claude-code      $1.84    1.2M  60 minutes ago
"""
    )


def test_all_repositories_end_with_their_common_total() -> None:
    lines = plain(log_lines([shop(), shop()], None, view())).splitlines()
    assert lines.count("repository /home/ada/shop") == 2
    assert lines[-1] == "all repositories $29.34 = total $29.34 list + unpriced, 22,250,620 tokens"


@given(columns_wide=st.integers(20, 200), names=st.lists(st.text(max_size=60), min_size=1, max_size=8, unique=True))
def test_no_width_drops_a_branch_or_lets_a_row_wrap(columns_wide: int, names: list[str]) -> None:
    rows = [branch(name, figures(index, 1000 * index + 1)) for index, name in enumerate(names)]
    text = plain(log_lines([summary(*rows)], None, view(columns_wide, decorated=True)))
    table = text.split("\n\n")[0].split("\n")
    assert len(table) == len(names) + 1
    assert all(width(line) <= columns_wide for line in table)
    for index in range(len(names)):
        assert f"${index // 100}.{index % 100:02d}" in table[index + 1]


def test_a_name_with_control_characters_cannot_touch_the_terminal() -> None:
    text = plain(log_lines([summary(branch("evil\x1b]0;x\x07\u202e\udc80", figures(1, 1)))], None, view()))
    assert r"evil\x1b]0;x\x07\u202e\x80" in text
    assert all(char.isprintable() or char == "\n" for char in text)


def test_a_sum_without_any_price_says_unpriced_and_never_zero_dollars() -> None:
    text = plain(log_lines([summary(branch("main", figures(0, 5000, unpriced=5000)))], None, view()))
    assert "$0.00" not in text.replace("unplaced $0.00", "")
    assert "branches unpriced + unplaced $0.00 = total unpriced, 5,000 tokens" in text


def test_what_a_number_alone_would_hide_is_named() -> None:
    hiding = Figures(usage=9, partial=2, partial_tokens=300, unlogged=1, unlogged_tokens=40, lower_bound=3, estimated=4)
    made = summary(branch("main", hiding._replace(unlogged_list_cost=2 * CENT)))
    made.skipped = Skipped({"no valid JSON": 3}, [("/logs/a.jsonl", "permission denied")])
    made.notes = ["This repository has no reflog."]
    assert plain(log_lines([made], None, view())).split("\n")[4:-1] == [
        "partial: 2 responses broken off, 300 tokens in the sum, perhaps not billed",
        "unlogged: 1 call without a usage line, recovered from session totals, $0.02 list and 40 tokens in the sum",
        "estimated: 4 responses at the closest known price, 0 tokens in the sum",
        "lower bound: 3 responses whose log records only a minimum of the output",
        "",
        "skipped: 3 damaged records (3 no valid JSON)",
        "skipped: 1 file: /logs/a.jsonl (permission denied)",
        "note: This repository has no reflog.",
    ]


def test_claims_are_named_once_a_commit_holds_one_and_a_sum_that_does_not_close_is_told() -> None:
    made = summary(branch("main", figures(500, 1000)))
    made.conservation = made.conservation._replace(carried=(600, 3 * 100 * CENT), pending=(400, 2 * 100 * CENT))
    assert "in claims: carried $3.00; pending $2.00 list" in plain(log_lines([made], None, view()))
    made.conservation = made.conservation._replace(pending=(399, 2 * 100 * CENT))
    assert "the sum does not close" in plain(log_lines([made], None, view()))


def test_a_current_branch_without_usage_is_a_row_all_the_same() -> None:
    unused = BranchRow("new", True, "active", Split())
    lines = plain(log_lines([summary(unused, branch("old", figures(5, 9)))], None, view())).splitlines()
    assert lines[1].split() == ["*", "new", "-", "-"]


def test_models_are_named_dearest_first_and_counted_when_many() -> None:
    row = branch("main", figures(6, 6))
    row.split.models = {f"claude-m{n}": figures(n, n) for n in (1, 3, 2)}
    assert "m3, m2 +1" in plain(log_lines([summary(row)], None, view()))
