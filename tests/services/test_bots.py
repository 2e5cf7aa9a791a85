"""Reports on repositories in which agents and bots commit: what people spent stays hidden as if no bot were there, and
what bots spent is in every figure."""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.git_sandbox import GitSandbox
from support.terminal import piped
from tokcost.model.trailer import Line, format_line

USD = 10**9
MONTH = 31 * 86_400
BOT = ("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com")


class Shared(GitSandbox):
    """A repository of people and bots that requires three contributors."""

    def __init__(self, path: Path) -> None:
        super().__init__(path / "repo")
        self._environ = {"PATH": os.environ["PATH"], "HOME": str(path), "TOKCOST_HOME": str(path / "home")}
        self._numbers = itertools.count(1)
        (self.path / ".tokcost.toml").write_text("[report]\ncontributors = 3\n")
        self.git("add", "-A")
        self.git("commit", "-qm", "settings", GIT_AUTHOR_NAME="ann", GIT_AUTHOR_EMAIL="ann@x.org")

    def work(self, area: str, *authors: str | tuple[str, str], dollars: int = 2) -> None:
        """A commit with a line by each of these."""
        for author in authors:
            name, mail = (author, f"{author}@x.org") if isinstance(author, str) else author
            number = next(self._numbers)
            self.now += 60
            file = self.path / area / f"f{number}"
            file.parent.mkdir(exist_ok=True)
            file.write_text("x\n")
            line = Line(f"{number:012d}", 1, dollars * USD, False, 1_000_000, ("claude-opus-4-5",))
            self.git("add", "-A")
            message = f"fix: {number} (#{number})\n\n{format_line(line)}"
            self.git("commit", "-qm", message, GIT_AUTHOR_NAME=name, GIT_AUTHOR_EMAIL=mail)

    def report(self) -> dict[str, Any]:
        """What `tokcost report --json` shows."""
        done = piped(["report", "--json", "--by", "area"], self.path, self._environ)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def told(self, by: str = "area") -> dict[str, int]:
        """Dollars by name of one grouping; empty if it is not shown."""
        return {one["name"]: round(float(one["list_cost"])) for one in self.report()["groups"].get(by, [])}


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(tmp_path)


@pytest.mark.few
@pytest.mark.parametrize(
    ("third", "is_shown"),
    [
        ("cem", True),
        (BOT, False),
        (("ci", "project_42_bot_5c8f1d@noreply.gitlab.com"), False),
    ],
)
def test_two_people_and_a_bot_are_two_contributors(
    shared: Shared, third: str | tuple[str, str], is_shown: bool
) -> None:
    shared.work("api", "ann", "ben", third)
    shared.work("web", "ann", "ben", third)
    report = shared.report()
    assert ("area" in report["groups"], "month" in report["groups"]) == (is_shown, is_shown)
    assert bool(report["groups"]) is is_shown
    assert (report["coverage"] is not None) is is_shown
    assert (report["claims"], round(float(report["list_cost"]))) == (6, 12)


def test_what_a_bot_spent_is_in_the_total_and_in_the_figures_of_people_beside_it(shared: Shared) -> None:
    shared.work("api", "ann", "ben", "cem", BOT)
    shared.work("web", "ann", "ben", "cem", dollars=5)
    assert shared.told() == {"api": 8, "web": 15}
    assert round(float(shared.report()["list_cost"])) == 23


def test_what_only_bots_did_is_shown_and_makes_up_for_no_person(shared: Shared) -> None:
    shared.work("api", "ann", "ben", "cem")
    shared.work("deps", BOT, BOT, dollars=20)
    assert shared.told() == {"deps": 40, "api": 6}
    shared.work("docs", "ann", dollars=1)
    assert shared.told() == {"deps": 40, "(other)": 7}


def test_a_repository_of_bots_alone_shows_everything(shared: Shared) -> None:
    shared.work("deps", BOT)
    shared.now += MONTH
    shared.work("ci", BOT, dollars=5)
    assert shared.told() == {"ci": 5, "deps": 2}
    assert list(shared.told("month").values()) == [2, 5]


def test_a_month_of_bots_hides_no_person_in_the_months_around_it(shared: Shared) -> None:
    for authors in (("ann", "ben"), (BOT,), ("cem", "dee"), ("ann", "ben", "cem", "dee"), (BOT,)):
        shared.work("api", *authors)
        shared.now += MONTH
    months = shared.told("month")
    assert list(months.values()) == [10, 8, 2]
    assert [" to " in name for name in months] == [True, False, False]


def test_a_bot_with_a_persons_name_or_address_joins_nobody(shared: Shared) -> None:
    shared.work("api", "ann", "ben", "cem")
    shared.work("api", ("helper[bot]", "ann@x.org"), ("helper[bot]", "ben@x.org"), ("ann", "helper[bot]@x.org"))
    assert shared.told() == {"api": 12}


def test_a_mailmap_tells_which_other_accounts_are_programs(shared: Shared) -> None:
    shared.work("api", "ann", "ben", "builder")
    assert shared.told() == {"api": 6}
    (shared.path / ".mailmap").write_text("builder[bot] <builder@x.org>\n")
    assert shared.told() == {}
