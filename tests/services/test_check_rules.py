"""What rules add up, and what they say where amounts leave something open; in one process."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.git_sandbox import T0
from support.worked import Worked
from tokcost.model.local_day import midnight_ms
from tokcost.model.status import Status
from tokcost.policy.clone_state import read_state
from tokcost.reports.budgets import said_at_commit, said_by_guard
from tokcost.reports.editor import spoken, tooltip_rows
from tokcost.reports.rules import rule_text
from tokcost.reports.status import status_line
from tokcost.reports.words import english
from tokcost.services.explain_cost import WhyOptions, explain_cost
from tokcost.services.read_status import status_of
from tokcost.services.refresh import refresh

UNKNOWN = "never-heard-of"
SENTENCE: dict[str, Any] = {"output": 100_000}
"""A request of $1.50."""


@pytest.fixture
def worked(tmp_path: Path) -> Worked:
    return Worked(tmp_path)


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def status(worked: Worked, rules: str, *, own: bool = True) -> Status:
    home = worked.repo.ledger_home
    home.mkdir(mode=0o700, exist_ok=True)
    ((home / "config.toml") if own else worked.repo.path / ".tokcost.toml").write_text(rules)
    refresh(home, worked.repo.environ)
    return status_of(home, read_state(worked.repo.worktree))


def rule(**more: Any) -> str:
    said = {"name": "R", **more}
    return "[[rules]]\n" + "".join(f'{key} = "{value}"\n' for key, value in said.items())


def states(found: Status) -> tuple[int, int, int]:
    return len(found.rules), len(found.rules_unpriced), len(found.rules_near)


OVER, UNPRICED, NEAR, SILENT = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)


@pytest.mark.parametrize(
    ("requests", "over", "expected"),
    [
        pytest.param([SENTENCE], "1.50", NEAR, id="exactly what is allowed is near"),
        pytest.param([SENTENCE], "1.499999999", OVER, id="a nano-dollar more is over"),
        pytest.param([SENTENCE], "1.875", NEAR, id="80 % is near"),
        pytest.param([SENTENCE], "1.875000001", SILENT, id="less is not"),
        pytest.param([{**SENTENCE, "model": UNKNOWN}], "1000", UNPRICED, id="without a price nobody knows"),
        pytest.param([SENTENCE, {"output": 1, "model": UNKNOWN}], "2", UNPRICED, id="a single token is enough"),
        pytest.param([SENTENCE, {"output": 1, "model": UNKNOWN}], "1.6", UNPRICED, id="and presses more than near"),
        pytest.param([SENTENCE, {"output": 1, "model": UNKNOWN}], "1.4", OVER, id="what is surely over is over"),
    ],
)
def test_a_rule_is_over_near_silent_or_unknown(
    worked: Worked, requests: list[dict[str, Any]], over: str, expected: tuple[int, int, int]
) -> None:
    for one in requests:
        worked.request(**one)
    assert states(status(worked, rule(over=over))) == expected


def test_usage_without_a_price_that_the_rule_is_not_about_leaves_it_alone(worked: Worked) -> None:
    worked.request(**SENTENCE)
    worked.request(**SENTENCE, model=UNKNOWN)
    assert states(status(worked, rule(over="100", model="claude-*"))) == SILENT
    assert states(status(worked, rule(over="100", model=f"{UNKNOWN}*"))) == UNPRICED


def test_a_session_that_nobody_can_price_is_not_hidden_by_a_cheap_one(worked: Worked) -> None:
    worked.request(**SENTENCE, session="priced")
    worked.request(**SENTENCE, session="unpriced", model=UNKNOWN)
    assert states(status(worked, rule(per="session", over="2"))) == UNPRICED
    assert states(status(worked, rule(per="session", over="1"))) == OVER
    assert rule_text(status(worked, rule(per="session", over="1")).rules[0]).startswith(
        "R: 1 response, $1.50 list in one session"
    )


def test_what_is_unknown_is_said_on_every_surface_and_stops_nothing(worked: Worked) -> None:
    worked.request(**SENTENCE)
    worked.request(output=1200, model=UNKNOWN)
    found = status(worked, rule(over="5", say="think first"))
    said = (
        "R: 2 responses, $1.50 list + unpriced on this branch, perhaps more than $5.00"
        " (1.2k tokens have no known price); think first"
    )
    assert [rule_text(one) for one in found.rules_unpriced] == [said]
    assert said_at_commit(found) == [(f"rule: {said}", "")]
    assert said_by_guard(found, "GUARD", blocks=True) == (f"tokcost: rule {said}", False)
    assert ("rule", "Rule", said) in tooltip_rows(found, english)
    assert said in spoken(found, english)
    assert "1 rule unclear (tokcost check)" in status_line(found)
    explained = explain_cost(worked.repo.ledger_home, worked.repo.path, WhyOptions(branch="main"))
    assert f"rule {said}" in explained.notes


def test_nothing_but_unpriced_usage_is_never_zero_dollars(worked: Worked) -> None:
    worked.request(output=1200, model=UNKNOWN)
    (one,) = status(worked, rule(over="5")).rules_unpriced
    said = rule_text(one)
    assert said.startswith("R: 1 response, unpriced on this branch, perhaps more than $5.00")
    assert "$0" not in said
    (one,) = status(worked, rule()).rules
    said = rule_text(one)
    assert said == "R: 1 response, unpriced on this branch"


def test_replies_that_broke_off_are_marked_in_what_a_rule_says(worked: Worked) -> None:
    worked.request(**SENTENCE, stop_reason=None)
    worked.request(**SENTENCE)
    (one,) = status(worked, rule(over="1")).rules
    said = rule_text(one)
    assert said.startswith(("R: 2 responses, $3.00 list (1 broken off) on", "R: 2 responses, \u2265$3.00 list"))


@pytest.mark.few
@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize("per", ["rule", "budget"])
def test_a_day_begins_at_midnight_of_this_machines_clock_to_the_millisecond(worked: Worked, per: str) -> None:
    midnight = midnight_ms(time.time_ns() // 1_000_000)
    worked.now_ms = midnight - 1
    worked.request(0, **SENTENCE)
    if per == "budget":
        worked.repo.git("config", "tokcost.budgetDay", "1")
    text = rule(per="day", over="1") if per == "rule" else ""

    def is_over() -> bool:
        found = status(worked, text)
        return bool(found.rules) or any(one.state == "over" for one in found.budgets)

    assert not is_over()
    worked.now_ms = midnight
    worked.request(0, **SENTENCE)
    assert is_over()
    assert status(worked, text).today_list_cost == 1_500_000_000


def test_what_was_spent_on_another_branch_today_is_of_the_day_and_not_of_the_branch(worked: Worked) -> None:
    worked.repo.git("branch", "other")
    worked.now_ms = midnight_ms(time.time_ns() // 1_000_000)
    worked.request(0, **SENTENCE)
    worked.repo.at(midnight_ms(time.time_ns() // 1_000_000) // 1000 - T0 + 1)
    worked.repo.git("switch", "-q", "other")
    found = status(worked, rule(per="day", over="1", name="day") + rule(over="1", name="branch"))
    assert [one.rule.name for one in found.rules] == ["day"]
