"""The screen of one branch with its commits, and where its spend is said to be."""

import pytest

from support.figures import CENT, HOUR_MS, NOON_MS, branch, figures, summary, view
from tokcost.model.figures import BranchRow, CommitRow, Conservation
from tokcost.reports.commits import closing, commit_lines, waiting, whereabouts
from tokcost.reports.layout import plain
from tokcost.reports.rows import branch_state
from tokcost.reports.table import branch_lines, log_lines
from tokcost.reports.text import width

SQUASH = "530ad38" + "0" * 33


def commit(number: int, cents: int, subject: str, **more: object) -> CommitRow:
    made = CommitRow(f"{number}e2f1c0" + "0" * 33)
    made.claims, made.list_cost, made.tokens = {f"{number}g79zc9kewp": 1}, cents * CENT, cents * 1000
    made.subject = subject
    made.published, made.branch, made.time_ms = True, "feat/x", NOON_MS - number * HOUR_MS
    for name, value in more.items():
        setattr(made, name, value)
    return made


def login() -> BranchRow:
    """Three commits, one of them here only, something withheld and something pending."""
    row = branch("feat/x", figures(1000, 1_000_000))
    row.commits = [
        commit(1, 500, "Remember who it is", claims={"1g79zc9kewp5": 3, "9g79zc9kewp5": 1}),
        commit(2, 200, "Try something", published=False),
        commit(3, 100, "Add a form\x1b[31m", copies={SQUASH: "release"}),
    ]
    sums = {"total": 1000, "carried": 600, "bound": 200, "withheld": 50, "pending": 150}
    row.parts = Conservation(**{name: (cents * 1000, cents * CENT) for name, cents in sums.items()})
    row.split.total = row.split.total._replace(pending_tokens=150_000, pending_list_cost=150 * CENT)
    return row


PIPED = """\
COMMIT    LIST COST  TOKENS  COMMITTED       CLAIMS                        WHERE                    SUBJECT
1e2f1c0       $5.00    500k  60 minutes ago  1g79zc9kewp5.3, 9g79zc9kewp5                           Remember who it is
2e2f1c0       $2.00    200k  2 hours ago     2g79zc9kewp                   here only                Try something
3e2f1c0       $1.00    100k  3 hours ago     3g79zc9kewp                   also 530ad38 on release  Add a form\\x1b[31m
withheld      $0.50   50.0k
pending       $1.50    150k

2 commits $6.00 + 1 commit here only $2.00 + withheld $0.50 + pending $1.50 = $10.00 list

"""

EIGHTY = """\
COMMIT    LIST COST  TOKENS  COMMITTED       CLAIMS             SUBJECT
1e2f1c0       $5.00    500k  60 minutes ago  1g79zc9kewp5.3 +1  Remember who it…
2e2f1c0       $2.00    200k  2 hours ago     2g79zc9kewp        Try something
3e2f1c0       $1.00    100k  3 hours ago     3g79zc9kewp        Add a form\\x1b[…
withheld      $0.50   50.0k
pending       $1.50    150k

2 commits $6.00 + 1 commit here only $2.00 + withheld $0.50 + pending $1.50 =
  $10.00 list

"""


@pytest.mark.parametrize(("columns_wide", "expected"), [(None, PIPED), (80, EIGHTY)], ids=["pipe", "eighty"])
def test_the_table_as_a_whole(columns_wide: int | None, expected: str) -> None:
    assert plain(commit_lines(login(), view(columns_wide))) == expected


@pytest.mark.parametrize("columns_wide", range(24, 130, 5))
def test_no_width_drops_a_commit_or_lets_a_row_wrap(columns_wide: int) -> None:
    table = plain(commit_lines(login(), view(columns_wide))).split("\n\n")[0].split("\n")
    assert len(table) == 6
    assert all(width(line) <= columns_wide for line in table)


def test_a_branch_shows_its_commits_before_its_days() -> None:
    row = login()
    text = plain(branch_lines(row, summary(row), None, view()))
    assert text.startswith("feat/x  (active)\n  list cost  $10.00, $1.50 of it pending\n")
    assert text.index(PIPED) < text.index("\nDAY ")
    assert "COMMIT" not in plain(branch_lines(row, summary(row), "model", view()))


def test_a_branch_without_claims_shows_no_commits() -> None:
    row = branch("feat/x", figures(5, 5))
    row.parts = Conservation(total=(5, 5 * CENT), pending=(5, 5 * CENT))
    assert commit_lines(row, view()) == []


def test_what_has_no_price_is_not_zero_dollars() -> None:
    row = branch("feat/x", figures(0, 900, unpriced=900))
    row.commits = [commit(1, 0, "One", tokens=600, unpriced_tokens=600)]
    row.parts = Conservation(total=(900, 0), carried=(600, 0), pending=(300, 0))
    first, second = plain(commit_lines(row, view())).splitlines()[1:3]
    assert first.split()[:2] == ["1e2f1c0", "unpriced"]
    assert second.split() == ["pending", "unpriced", "300"]
    assert closing(row) == "1 commit unpriced + pending unpriced = unpriced"


def squashed() -> BranchRow:
    row = login()
    row.state, row.squashed, row.carried_on = "merged", True, ("main",)
    for one in row.commits:
        one.copies = {SQUASH: "main"}
    return row


def test_a_squashed_branch_names_the_commit_that_has_it_all() -> None:
    assert whereabouts(squashed()) == "in 530ad38 on main"
    assert branch_state(squashed()) == "squashed into main"


def test_a_merged_branch_names_its_newest_commit_there_and_counts_the_others() -> None:
    row = login()
    row.state, row.carried_on = "merged", ("main",)
    for one in row.commits:
        one.branch = "main"
    assert whereabouts(row) == "in 1e2f1c0 and 2 more on main"
    assert branch_state(row) == "merged into main"


def test_a_branch_that_lives_says_nothing_of_other_places() -> None:
    assert (whereabouts(login()), branch_state(login()), waiting(login())) == ("", "", "")


def test_a_deleted_branch_says_where_it_is_or_that_it_waits() -> None:
    row = login()
    row.state, row.carried_on = "deleted", ("feat/x",)
    assert branch_state(row) == "deleted, in feat/x"
    ends = "it waits until `tokcost assign BRANCH --from feat/x` lets the next commit on BRANCH carry it"
    assert waiting(row) == f"$1.50, on a deleted branch: {ends}"
    row.lost = (1000, 100 * CENT)
    assert waiting(row) == (
        f"$1.50, on a deleted branch: {ends}. $1.00 of it was on commits that no longer exist; this ends when a"
        f" commit with their lines is fetched"
    )
    row.commits, row.carried_on = [], ()
    assert (branch_state(row), whereabouts(row)) == ("deleted, pending", "")


def test_the_overview_says_of_a_deleted_branch_what_its_rest_waits_for() -> None:
    row = login()
    assert "waiting" not in plain(log_lines([summary(row)], None, view()))
    row.state = "deleted"
    said = "waiting: $1.50 on deleted branches (feat/x): `tokcost assign BRANCH --from feat/x` lets the next"
    assert said in plain(log_lines([summary(row)], None, view()))
    assert "waiting" not in plain(log_lines([summary(row)], "model", view()))
    row.commits = []
    assert "waiting" not in plain(log_lines([summary(row)], None, view()))  # cost lines were never on there


def test_lost_spend_is_promised_to_the_next_commit() -> None:
    row = login()
    row.lost = (1000, 100 * CENT)
    said = "pending    $1.00 of it was on commits that no longer exist; the next commit here carries it again"
    assert said in plain(branch_lines(row, summary(row), None, view()))


def test_the_overview_says_where_a_branch_went() -> None:
    lines = plain(log_lines([summary(squashed())], None, view())).splitlines()
    assert lines[1].endswith("squashed into main")
