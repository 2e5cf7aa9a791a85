"""Plans: fees pro rata, held against the list cost of what they cover, and told to nobody else."""

import json
import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.hooked import Hooked
from support.terminal import on_terminal
from tokcost.model.plans import COVERED, DaySpan, Leverage, Plan, covered_days, fee_of
from tokcost.readers.registry import readers as all_readers
from tokcost.reports.plans import plan_lines

USD = 10**9
PLAN = Plan("claude", "max_20x", 200 * USD, date(2026, 10, 1))
days = st.dates(date(2026, 1, 1), date(2028, 12, 31))


@pytest.mark.parametrize(
    ("since", "until", "first", "last", "fee"),
    [
        ("2026-10-01", None, "2026-10-01", "2026-10-31", 200 * USD),
        ("2026-10-16", None, "2026-10-01", "2026-10-31", round(200 * USD * 16 / 31)),
        ("2026-10-01", "2026-11-15", "2026-10-01", "2026-12-31", 300 * USD),
        ("2026-10-01", None, "2026-11-10", "2026-11-10", round(200 * USD / 30)),
        ("2026-10-01", None, "2026-09-01", "2026-09-30", 0),
        ("2026-10-01", "2026-10-10", "2026-10-11", "2026-10-31", 0),
        ("2028-02-01", None, "2028-02-29", "2028-02-29", round(200 * USD / 29)),
    ],
)
def test_a_fee_is_pro_rata_of_the_days_of_each_month(
    since: str, until: str | None, first: str, last: str, fee: int
) -> None:
    plan = PLAN._replace(since=date.fromisoformat(since), until=date.fromisoformat(until) if until else None)
    assert fee_of(plan, DaySpan(date.fromisoformat(first), date.fromisoformat(last))) == fee


@given(days, days, days)
def test_the_fees_of_two_spans_are_that_of_both_together(one: date, two: date, three: date) -> None:
    first, middle, last = sorted((one, two, three))
    before = fee_of(PLAN, DaySpan(first, middle))
    after = fee_of(PLAN, DaySpan(date.fromordinal(middle.toordinal() + 1), last))
    assert abs(before + after - fee_of(PLAN, DaySpan(first, last))) <= 1


@given(st.lists(st.tuples(days, st.none() | days), max_size=5), days, days)
def test_no_day_is_covered_twice_and_none_is_forgotten(
    spans: list[tuple[date, date | None]], one: date, two: date
) -> None:
    plans = [PLAN._replace(since=since, until=until) for since, until in spans if until is None or since <= until]
    span = DaySpan(min(one, two), max(one, two))
    parts = covered_days(plans, span)
    found = [day for part in parts for day in range(part.first.toordinal(), part.last.toordinal() + 1)]
    assert found == [
        day
        for day in range(span.first.toordinal(), span.last.toordinal() + 1)
        if any(plan.runs_between(date.fromordinal(day), date.fromordinal(day)) for plan in plans)
    ]


def test_every_assistant_of_a_plan_is_one_that_is_read() -> None:
    known = {reader.name for reader in all_readers()}
    assert {name for one in COVERED.values() for name in one.assistants} <= known


def test_no_usage_is_covered_by_two_kinds_of_plans() -> None:
    pairs = [
        (assistant, provider) for one in COVERED.values() for assistant in one.assistants for provider in one.providers
    ]
    assert len(pairs) == len(set(pairs))
    everybodys = {provider for one in COVERED.values() if not one.assistants for provider in one.providers}
    assert not everybodys & {provider for _, provider in pairs}


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    """A response in September 2026, where the clock of these repositories stands."""
    repo = Hooked(tmp_path, rooted=True, forks=True)
    repo.more_environ = {"TZ": "UTC"}
    repo.spend()
    return repo


def said(repo: Hooked, *words: str) -> str:
    done = repo.tokcost(*words)
    assert done.returncode == 0, done
    return done.stdout


def test_the_log_holds_a_plan_against_the_list_cost_of_the_span_that_was_asked_for(repo: Hooked) -> None:
    said(repo, "plan", "set", "claude", "max_20x", "0.03", "--since", "2026-09-01")
    found = " ".join(said(repo, "log", "--since", "2026-09-01", "--until", "2026-09-30").split())
    cost = json.loads(said(repo, "log", "--json"))["totals"]["list_cost"]
    assert "plan: $0.03 for 2026-09-01 to 2026-09-30" in found.replace("$0.03 of $0.03 a month", "$0.03")
    (one,) = json.loads(said(repo, "log", "--json", "--since", "2026-09-01", "--until", "2026-09-30"))["plans"]
    assert one["fee"] == "0.030000000"
    assert one["list_cost"] == cost
    assert one["times"] == f"{float(cost) / 0.03:.1f}"
    half = json.loads(said(repo, "log", "--json", "--since", "2026-09-01", "--until", "2026-09-15"))["plans"][0]
    assert half["fee"] == "0.015000000"


def test_this_months_line_says_fee_list_cost_and_how_many_times(repo: Hooked) -> None:
    said(repo, "plan", "set", "claude", "max_20x", "200", "--since", "2026-01-01")
    line = [line for line in said(repo, "log").splitlines() if line.startswith("plan:")]
    assert line == ["plan: $200.00 a month, list cost this month $0.00 (claude max_20x, all repositories)"]


@pytest.mark.parametrize(
    ("list_cost", "unpriced", "said"),
    [
        (0, 0, "list cost meanwhile $0.00 ("),
        (0, 7, "list cost meanwhile unpriced ("),
        (500_000_000, 0, "list cost meanwhile $0.50, <0.1 \u00d7 ("),
        (500_000_000, 7, "list cost meanwhile $0.50 + unpriced ("),
        (5_000_000_001, 0, "list cost meanwhile $5.00, 0.1 \u00d7 ("),
        (900_000_000_000, 7, "list cost meanwhile $900.00 + unpriced, at least 9.0 \u00d7 ("),
    ],
)
def test_a_small_part_of_a_fee_is_not_nothing_and_nothing_is_no_multiple(
    list_cost: int, unpriced: int, said: str
) -> None:
    plan = Plan("claude", "max", 100 * 10**9, date(2026, 1, 1))
    one = Leverage(
        "claude", (plan,), DaySpan(date(2026, 1, 1), date(2026, 1, 31)), False, 100 * 10**9, list_cost, unpriced
    )
    assert said in plan_lines([one])[0]


def test_a_plan_covers_its_own_assistant_and_not_what_went_through_a_cloud(repo: Hooked) -> None:
    own = json.loads(said(repo, "log", "--json"))["totals"]["list_cost"]
    repo.spend(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    assert json.loads(said(repo, "log", "--json"))["totals"]["unpriced_tokens"] == 0
    for kind in ("claude", "chatgpt", "copilot"):
        said(repo, "plan", "set", kind, "mine", "20", "--since", "2026-09-01")
    found = json.loads(said(repo, "log", "--json", "--since", "2026-09-01", "--until", "2026-09-30"))["plans"]
    assert {one["kind"]: one["list_cost"] for one in found} == {
        "claude": own,
        "chatgpt": "0.000000000",
        "copilot": "0.000000000",
    }


def test_usage_without_a_price_makes_it_at_least_so_much(repo: Hooked) -> None:
    repo.spend(model="homegrown-7")
    said(repo, "plan", "set", "claude", "pro", "0.01", "--since", "2026-09-01")
    found = " ".join(said(repo, "log", "--since", "2026-09-01", "--until", "2026-09-30").split())
    assert "+ unpriced, at least " in found


def test_without_a_plan_nothing_is_said_of_plans(repo: Hooked) -> None:
    assert "plan" not in said(repo, "log")
    assert "plans" not in json.loads(said(repo, "log", "--json"))
    assert said(repo, "plan").startswith("no plan is set")
    assert json.loads(said(repo, "plan", "list", "--json")) == {"schema": "tokcost.plan/1", "plans": [], "leverage": []}


def test_two_plans_of_a_kind_at_once_are_told_and_both_fees_count(repo: Hooked) -> None:
    said(repo, "plan", "set", "claude", "max_20x", "200", "--since", "2026-09-01")
    done = repo.tokcost("plan", "set", "claude", "pro", "$20", "--since", "2026-09-16")
    assert "claude max_20x runs at the same time (from 2026-09-01 on), and both fees count" in done.stderr
    (one,) = json.loads(said(repo, "log", "--json", "--since", "2026-09-01", "--until", "2026-09-30"))["plans"]
    assert one["fee"] == "210.000000000"
    said(repo, "plan", "set", "claude", "max_20x", "200", "--since", "2026-09-01", "--until", "2026-09-15")
    (one,) = json.loads(said(repo, "log", "--json", "--since", "2026-09-01", "--until", "2026-09-30"))["plans"]
    assert one["fee"] == "110.000000000"
    assert len(json.loads(said(repo, "plan", "list", "--json"))["plans"]) == 2


def test_a_plan_that_is_said_again_is_the_same_plan_unless_it_begins_on_another_day(repo: Hooked) -> None:
    said(repo, "plan", "set", "claude", "pro", "20", "--since", "2026-09-01")
    said(repo, "plan", "set", "claude", "pro", "21")
    said(repo, "plan", "set", "claude", "pro", "22", "--until", "2026-09-30")
    said(repo, "plan", "set", "claude", "pro", "25", "--since", "2026-10-01")
    found = json.loads(said(repo, "plan", "list", "--json"))["plans"]
    assert [(one["monthly"], one["since"], one["until"]) for one in found] == [
        ("22.000000000", "2026-09-01", "2026-09-30"),
        ("25.000000000", "2026-10-01", None),
    ]


def test_a_plan_is_kept_privately_and_forgotten_on_request(repo: Hooked) -> None:
    said(repo, "plan", "set", "copilot", "business", "19.00")
    path = repo.ledger_home / "plans.json"
    assert path.stat().st_mode & 0o777 == 0o600
    said(repo, "plan", "remove", "copilot")
    assert said(repo, "plan").startswith("no plan is set")
    done = repo.tokcost("plan", "remove", "copilot")
    assert done.returncode == 2
    assert "no plan copilot is set" in done.stderr


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (("clade", "pro", "20"), "'clade' is not a kind of plan"),
        (("claude", "pro", "0"), "more than $0"),
        (("claude", "pro", "twenty"), "is not an amount"),
        (("claude", "pro", "20", "--since", "2026-09-02", "--until", "2026-09-01"), "before it begins"),
        (("claude", "pro", "20", "--since", "someday"), "as a date"),
        (("claude", "a\nb", "20"), "printable characters"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_a_reason(repo: Hooked, words: tuple[str, ...], because: str) -> None:
    done = repo.tokcost("plan", "set", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert because in done.stderr


@pytest.mark.few
@pytest.mark.parametrize("damage", ["{", "[]", '{"plans": [{"kind": "claude"}]}', '{"plans": [1]}', '{"plans": 5}',
    *(f'{{"plans":[{{"kind":"claude","name":"x","monthly":"{fee}","since":"{since}","until":null}}]}}' for fee, since in
      (("NaN", "2026-01-01"), ("1e100000", "2026-01-01"), ("-1", "2026-01-01"), ("20", "0001-01-01")))])  # fmt: skip
def test_a_damaged_file_of_plans_is_named_and_stops_no_log(repo: Hooked, damage: str) -> None:
    repo.ledger_home.mkdir(mode=0o700, exist_ok=True)
    (repo.ledger_home / "plans.json").write_text(damage)
    assert "plans.json cannot be parsed" in " ".join(said(repo, "log").split())
    done = repo.tokcost("plan")
    assert (done.returncode, done.stdout) == (3, "")
    assert "plans.json cannot be parsed" in done.stderr


def test_plans_written_by_hand_are_in_the_order_of_their_start_whatever_their_end(repo: Hooked) -> None:
    days = [("zeta", "2026-01-01", None), ("alpha", "2026-03-01", None), ("alpha", "2026-02-01", "2026-02-28"),
            ("alpha", "2026-02-01", None), ("alpha", "2026-02-01", "2026-12-31")]  # fmt: skip
    plans = [
        {"kind": "claude", "name": name, "monthly": "20", "since": since, "until": until} for name, since, until in days
    ]
    repo.ledger_home.mkdir(mode=0o700, exist_ok=True)
    path = repo.ledger_home / "plans.json"
    path.write_text(json.dumps({"plans": plans}))
    path.chmod(0o600)
    shown = json.loads(said(repo, "plan", "list", "--json"))
    ordered = [("zeta", "2026-01-01"), *[("alpha", "2026-02-01")] * 3, ("alpha", "2026-03-01")]
    assert [(one["name"], one["since"]) for one in shown["plans"]] == ordered
    assert [one["until"] for one in shown["plans"]] == [None, "2026-02-28", "2026-12-31", None, None]
    said(repo, "plan", "set", "claude", "beta", "20", "--since", "2026-01-15")
    asked = json.loads(said(repo, "log", "--since", "2026-01-01", "--until", "2026-06-01", "--json"))
    assert [one["name"] for one in asked["plans"][0]["plans"]] == ["zeta", "beta", *["alpha"] * 4]


@pytest.mark.slow
def test_a_report_shows_the_plan_on_the_own_terminal_and_in_nothing_that_is_passed_on(repo: Hooked) -> None:
    said(repo, "plan", "set", "claude", "max_20x", "200", "--since", "2026-01-01")
    repo.change()
    repo.hooked("-m", "Work")
    for words in ((), ("--json",), ("--csv",), ("--markdown",), ("--html", "-")):
        assert "max_20x" not in said(repo, "report", *words)
    environ = repo.environ | {"PATH": os.environ["PATH"], "TOKCOST_PAGER": ""}
    shown = " ".join(on_terminal(["report"], repo.path, environ, 160).split())
    assert "your plan: $200.00 a month, list cost this month" in shown
    assert "max_20x" in said(repo, "report", "--plan")
    assert json.loads(said(repo, "report", "--plan", "--json"))["plans"][0]["plans"][0]["name"] == "max_20x"
    done = repo.tokcost("report", "--plan", "--markdown")
    assert (done.returncode, done.stdout) == (2, "")


def test_an_offset_of_a_whole_day_stops_no_command(repo: Hooked) -> None:
    """Python makes no zone of it, but the system tells the time there."""
    for words in (["plan", "set", "claude", "x", "20"], ["plan"], ["log"], ["budget"]):
        done = repo.tokcost(*words, TZ="<+9999>-99")
        assert (words, done.returncode, done.stderr.count("bug")) == (words, 0, 0), done.stderr
