"""A simulated year: what the report tells in a fresh clone of the origin is what really happened."""

import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from support.year import COST, TOKENS, Amount, Change, Entry, Person
from support.year_work import Team, week

SEED = int(os.environ.get("TOKCOST_SEED", "1"))
"""Which years are lived; another one tells other stories."""


def nano(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 10**9 + int(part.ljust(9, "0"))


def told(row: dict[str, Any]) -> Amount:
    return Counter({COST: nano(row["list_cost"]), TOKENS: row["tokens"]})


def summed(changes: list[Change]) -> Amount:
    return sum((change.amount for change in changes), Counter())


def every_entry(changes: list[Change]) -> list[Entry]:
    return [entry for change in changes for entry in change.entries]


def grain(team: Team, entries: list[Entry]) -> Amount:
    """How far coarse lines may be from the truth: each by what it rounds away and what the one before had left over,
    which is at most half the way between two points of the grid. Nothing, where all lines are exact."""
    coarse = {who.name for who in team.people if who.precision == "coarse"}
    allowed: Amount = Counter()
    for entry in entries:
        for name in entry.by.keys() & coarse:
            most = [max(one.by.get(name, Counter())[key] for one in team.entries) for key in (COST, TOKENS)]
            allowed.update({key: gap(2 * value) for key, value in zip((COST, TOKENS), most, strict=True)})
    return allowed


def gap(value: int) -> int:
    """From the point of the 1-2-5 grid below an amount to the one above."""
    points = [digit * 10**power for power in range(20) for digit in (1, 2, 5)]
    above = next(number for number, point in enumerate(points) if point > value)
    return points[above] - points[above - 1]


def is_near(found: Amount, truth: Amount, allowed: Amount) -> bool:
    return all(abs(found[key] - truth[key]) <= allowed[key] for key in found.keys() | truth.keys())


class Reader:
    """Somebody new, who has nothing but a fresh clone."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.person = Person(team, "reader", team.folder / "fresh", "exact")
        self.person.git("clone", "-q", str(team.origin), str(self.person.clone), cwd=team.folder)

    def report(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.team.tokcost(self.person, "report", "--json", *words))
        return found


def check_changes(team: Team, report: dict[str, Any]) -> None:
    truth = {change.commit: change for change in team.changes if change.amount}
    assert {row["commit"] for row in report["changes"]} == truth.keys()
    for row in report["changes"]:
        change = truth[row["commit"]]
        assert (row["number"], row["state"].replace(" ", "_")) == (change.number, change.state), row
        assert row["committed"].startswith(change.month)
        near = grain(team, change.entries)
        assert is_near(told(row), change.amount, near), (row, change.amount)
        assert is_near(Counter({COST: nano(row["reverted_list_cost"])}), Counter({COST: change.reverted}), near), row
    assert is_near(told(report), summed(team.changes), grain(team, every_entry(team.changes)))
    for state in ("reverted", "partly_reverted"):
        found = [change for change in truth.values() if change.state == state]
        assert report["reverted"][state]["changes"] == len(found)
        said = Counter({COST: nano(report["reverted"][state]["list_cost"])})
        truth_of = Counter({COST: sum(change.reverted for change in found)})
        assert is_near(said, truth_of, grain(team, every_entry(found)))


def check_open(team: Team, report: dict[str, Any]) -> None:
    truth = {name: sum((entry.amount for entry in entries), Counter()) for name, entries in team.open.items()}
    found = {row["branch"].removeprefix("origin/"): told(row) for row in report["open"]}
    assert found.keys() == {name for name, amount in truth.items() if amount}
    for name, amount in found.items():
        assert is_near(amount, truth[name], grain(team, team.open[name])), name


def check_months_and_releases(team: Team, reader: Reader) -> None:
    months = sorted({change.month for change in team.changes})
    for month in months:
        following = f"{int(month[:4]) + (month[5:] == '12')}-{int(month[5:]) % 12 + 1:02d}"
        report = reader.report("--since", f"{month}-01T00:00:00Z", "--until", f"{following}-01T00:00:00Z")
        merged = [change for change in team.changes if change.month == month]
        assert is_near(told(report), summed(merged), grain(team, every_entry(merged))), month
    before = ""
    for name, changes in team.releases.items():
        found = told(reader.report(f"{before}{name}"))
        assert is_near(found, summed(changes), grain(team, every_entry(changes))), name
        before = f"{name}.."


def check_coverage(team: Team, report: dict[str, Any]) -> None:
    assert report["commits"] == team.commits
    authors = set(team.forge.git("log", "--no-merges", "--format=%ae", "origin/main").splitlines())
    truth = {"with_line": team.with_line, "commits": team.commits}
    assert report["coverage"] == (truth if len(authors) >= 5 else None)


def check_groups(team: Team, report: dict[str, Any]) -> None:
    for name, cells in report["groups"].items():
        assert told(report) == sum((told(cell) for cell in cells), Counter()), name
    months = {cell["name"]: told(cell) for cell in report["groups"].get("month", []) if not cell["merged_cells"]}
    for month, amount in months.items():
        merged = [change for change in team.changes if change.month == month]
        assert is_near(amount, summed(merged), grain(team, every_entry(merged))), month


def check_person(team: Team, who: Person) -> None:
    """What history says of somebody and what the ledger still holds is what was spent."""
    (log,) = [json.loads(team.tokcost(who, "log", "--json"))]
    kept = {key: told(row) for key, row in log["conservation"].items()}
    assert kept["total"] == who.spent
    assert sum((amount for key, amount in kept.items() if key != "total"), Counter()) == who.spent
    merged = [entry for change in team.changes for entry in change.entries]
    opened = [entry for entries in team.open.values() for entry in entries]
    published = sum((entry.by.get(who.name, Counter()) for entry in merged + opened), Counter())
    assert (kept["carried"], kept["pending"]) == (published, who.spent - published), who.name


def simulated(folder: Path, seed: int, people: int, clones: int, weeks: int, per_week: int) -> Team:
    team = Team(folder, random.Random(seed)).found(people, clones)
    for number in range(weeks):
        week(team, number, per_week)
    return team


def check(team: Team) -> None:
    for who in team.people:
        team.to_main(who)
    reader = Reader(team)
    report = reader.report("--by", "month")
    check_changes(team, report)
    check_open(team, report)
    check_coverage(team, report)
    check_groups(team, report)
    check_months_and_releases(team, reader)
    for who in team.people:
        check_person(team, who)


@pytest.mark.slow
def test_three_weeks_of_a_small_team_are_told_as_they_were(tmp_path: Path) -> None:
    check(simulated(tmp_path, 1, people=5, clones=2, weeks=3, per_week=2))


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "weeks"), [(SEED, 52), (SEED + 1, 20)])
def test_a_year_of_twelve_people_in_three_clones_is_told_as_it_was(tmp_path: Path, seed: int, weeks: int) -> None:
    """Four people share each clone, each with a HOME and a ledger; in one of the clones lines are coarse."""
    check(simulated(tmp_path, seed, people=12, clones=3, weeks=weeks, per_week=2))


@pytest.mark.slow
def test_a_quarter_of_twelve_people_with_a_clone_each_is_told_as_it_was(tmp_path: Path) -> None:
    check(simulated(tmp_path, SEED + 2, people=12, clones=12, weeks=13, per_week=4))
