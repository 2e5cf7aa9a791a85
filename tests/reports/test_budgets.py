"""Budgets as people and scripts read them."""

import json

import pytest

from tokcost.model.budget import Budget, Standing
from tokcost.model.status import Status
from tokcost.reports.budget_table import budget_json, budget_lines
from tokcost.reports.budgets import check_line, said_at_commit, short_budget
from tokcost.reports.json import status_json
from tokcost.reports.layout import plain
from tokcost.reports.page_json import budgets_shown
from tokcost.reports.status import formatted, status_line

USD = 1_000_000_000
COMMIT, DAY = Standing(Budget("commit"), 3_100_000_000, 0), Standing(Budget("day"), 4 * USD, 0)


def status(cents: int, *more: Standing, limit: int | None = 20, unpriced: int = 0, blocks: bool = False) -> Status:
    budget = Budget("branch", limit and limit * USD, blocks, source="clone")
    branch = Standing(budget, cents * USD // 100, unpriced)
    return Status("feat/x", "/r", cents * USD // 100, tokens=9, budgets=(branch, *(more or (COMMIT, DAY))))


def test_the_line_has_branch_budget_and_pending() -> None:
    assert check_line(status(1240)) == "branch feat/x $12.40 of $20.00 list (62%), pending $3.10 list"


def test_the_line_says_what_is_near_and_what_is_over() -> None:
    day = Standing(Budget("day", 4 * USD), 5 * USD, 0)
    assert check_line(status(1600, COMMIT, day)) == (
        "branch feat/x $16.00 of $20.00 list (80%), pending $3.10 list, today $5.00 of $4.00 list (125%):"
        " over the day budget, near the branch budget"
    )


@pytest.mark.parametrize(
    ("cents", "said"),
    [
        (0, "branch feat/x unpriced of $20.00 list, "),
        (500, "branch feat/x $5.00 + unpriced of $20.00 list (at least 25%), "),
    ],
)
def test_the_line_says_that_usage_is_unpriced(cents: int, said: str) -> None:
    line = check_line(status(cents, unpriced=7))
    assert line == f"{said}pending $3.10 list: unpriced usage in the branch budget"


MARKED = {
    "lower bound": ({"lower_bound": 2}, "≥$5.00", "at least 25%", "≥25%"),
    "estimated": ({"estimated": 1}, "≈$5.00", "about 25%", "≈25%"),
    "broken off": ({"broken_off": 1}, "$5.00 (1 broken off)", "25%", "25%"),
    "unpriced": ({"unpriced_tokens": 7}, "$5.00 + unpriced", "at least 25%", "≥25%"),
    "all of it": (
        {"lower_bound": 2, "estimated": 1, "broken_off": 1, "unpriced_tokens": 7},
        "≥≈$5.00 + unpriced (1 broken off)",
        "at least about 25%",
        "≥≈25%",
    ),
}
"""What an amount leaves open: the amount, its share of a budget in words, and in a table."""


@pytest.mark.parametrize("name", MARKED)
def test_a_budget_says_of_its_amount_what_the_amount_leaves_open(name: str) -> None:
    doubts, cost, words, share = MARKED[name]
    standing = Standing(Budget("branch", 20 * USD, source="clone"), 5 * USD, 0)._replace(**doubts)
    marked = Status("feat/x", "/r", 5 * USD, tokens=9, budgets=(standing,))
    assert f"branch feat/x {cost} of $20.00 list ({words})" in check_line(marked)
    (_, row) = plain(budget_lines(marked, None)).splitlines()
    assert f"{cost} $20.00 {share}" in " ".join(row.split())
    (shown,) = budgets_shown(marked)
    assert (shown["amount"], shown["share"]) == (cost, share)
    assert short_budget(marked).startswith(f"branch {share}{' + unpriced' if 'unpriced' in cost else ''} of $20.00")


def test_a_budget_of_which_nothing_has_a_price_has_no_share() -> None:
    (shown, *_) = budgets_shown(status(0, unpriced=7))
    assert (shown["amount"], shown["share"]) == ("unpriced", "")


def test_a_commit_hears_nothing_while_all_is_well_unless_it_asked_to() -> None:
    assert said_at_commit(status(1240)) == said_at_commit(status(10**6, limit=None)) == []
    assert len(said_at_commit(status(1240), is_verbose=True)) == 1


def test_a_commit_that_stops_hears_why_and_how_to_go_on() -> None:
    ((sentence, hint),) = said_at_commit(status(2001, blocks=True), ["something lags behind"])
    assert sentence.endswith("(101%), pending $3.10 list: over the branch budget; the commit was stopped")
    assert hint == "once: git commit --no-verify; from now on: tokcost budget set AMOUNT --branch"


def test_a_commit_hears_why_a_budget_was_not_checked() -> None:
    assert said_at_commit(status(0), ["locked"]) == [("the budget was not checked in full: locked", "")]


def test_on_a_detached_head_the_line_has_the_day_alone() -> None:
    detached = Status(None, "/r", budgets=(Standing(Budget("day", USD), 2 * USD, 0),))
    assert check_line(detached) == "today $2.00 of $1.00 list (200%): over the day budget"


def test_a_prompt_gets_the_most_pressing_budget() -> None:
    assert short_budget(status(1240)) == "branch 62% of $20.00"
    assert short_budget(status(100, COMMIT, Standing(Budget("day", 4 * USD), 5 * USD, 0))) == "day 125% of $4.00"
    assert short_budget(status(0, unpriced=7)) == "branch unpriced of $20.00"
    assert short_budget(status(1, limit=None)) == ""


def test_the_status_line_mentions_a_budget_that_presses() -> None:
    assert "budget" not in status_line(status(1240))
    assert status_line(status(1600)) == "feat/x  $16.00 list  near budget (branch 80% of $20.00)"
    assert status_line(status(2400)).endswith("over budget (branch 120% of $20.00)")
    assert status_line(status(0, unpriced=7)).endswith("budget unclear (branch unpriced of $20.00)")
    assert formatted(status(2400), "{budget}") == "branch 120% of $20.00"


def test_the_table_has_a_row_for_each_scope() -> None:
    shown = plain(budget_lines(status(2400, blocks=True), None)).splitlines()
    assert [line.split("  ")[0] for line in shown] == ["BUDGET", "branch feat/x", "commit (pending)", "day"]
    assert " ".join(shown[1].split()) == "branch feat/x $24.00 $20.00 120% over stops commits this clone"
    assert " ".join(shown[2].split()) == "commit (pending) $3.10 none"


GOLDEN = {
    "schema": "tokcost.budget/1",
    "repository": "/r",
    "branch": "feat/x",
    "currency": "USD",
    "basis": "list",
    "state": "over",
    "stops": True,
    "budgets": [
        {
            "scope": "branch",
            "list_cost": "24.000000000",
            "unpriced_tokens": 0,
            "lower_bound": 0,
            "estimated_counts": 0,
            "broken_off": 0,
            "limit": "20.000000000",
            "percent": 120,
            "state": "over",
            "block": True,
            "near": 80,
            "source": "clone",
        },
        {
            "scope": "commit",
            "list_cost": "3.100000000",
            "unpriced_tokens": 0,
            "lower_bound": 0,
            "estimated_counts": 0,
            "broken_off": 0,
            "limit": None,
            "percent": None,
            "state": "none",
            "block": False,
            "near": 80,
            "source": None,
        },
    ],
    "problems": [],
}


def test_json_is_the_contract() -> None:
    assert json.loads(budget_json(status(2400, COMMIT, blocks=True))) == GOLDEN


def test_the_status_has_the_same_budgets() -> None:
    shown = json.loads(status_json(status(2400, COMMIT, blocks=True)))
    assert (shown["budget_state"], shown["budgets"]) == ("over", GOLDEN["budgets"])


def test_the_amounts_of_the_table_have_one_precision_and_none_looks_like_nothing() -> None:
    small = Standing(Budget("commit"), 4_900_000, 0)
    shown = plain(budget_lines(status(1240, small, DAY), None)).splitlines()[1:]
    assert [next(word for word in line.split() if "$" in word) for line in shown] == ["$12.40", "$<0.01", "$4.00"]
