"""Following HEAD: what was placed goes where newer history says, and nothing else is even read."""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import warm
from support.bookkeeper import STEPS, Bookkeeper
from support.claude_lines import append, assistant, write
from support.git_sandbox import T0, GitSandbox
from tokcost.ledger.open import open_ledger
from tokcost.ledger.rollup import disagreements
from tokcost.services.follow_folders import Round, refresh_folders, worktrees_around


class Clone:
    """A repository, and the log of an assistant that writes no branch."""

    def __init__(self, path: Path) -> None:
        self.home = path / "home"
        self.repo = GitSandbox(path / "repo")
        self.repo.commit()
        self.log = write(self.home / ".claude/projects/-repo/session.jsonl")
        ours = {"HOME": str(self.home), "TOKCOST_HOME": str(path / "ledger")}
        self.environ = {"PATH": os.environ["PATH"], **ours}
        self.ledger = path / "ledger"
        self.count = 0

    def reply(self, seconds: float, branch: str = "", times: int = 1) -> None:
        """Log responses of a moment."""
        for _ in range(times):
            self.count += 1
            time_ms = int((T0 + seconds) * 1000)
            line = assistant(f"m{self.count}", f"r{self.count}", time_ms, cwd=str(self.repo.path), gitBranch=branch)
            append(self.log, line)

    def look(self) -> None:
        """Do what an editor's server does."""
        refresh_folders(Round(self.ledger, self.environ, 0), worktrees_around([str(self.repo.path)]))

    def told(self) -> dict[str | None, int]:
        """The number of responses by branch, and of those on none; the sums hold."""
        found = json.loads(warm.tokcost("log", "--json", cwd=self.repo.path, env=self.environ).stdout)
        with open_ledger(self.ledger) as ledger:
            assert not disagreements(ledger)
        rows: dict[str | None, int] = {row["branch"]: row["usage"] for row in found["branches"] if row["usage"]}
        return rows | ({None: found["unplaced"]["usage"]} if found["unplaced"]["usage"] else {})

    def rows_read(self) -> int:
        """The number of rows of usage that one more look reads."""
        return count_calls("from_row", self.look)


def count_calls(name: str, work: Callable[[], None]) -> int:
    """How many times a function of ours is called."""
    found = Counter[str]()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            found[frame.f_code.co_name] += 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found[name]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5), st.booleans()), max_size=9))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_however_often_somebody_looks_every_usage_ends_where_it_belongs(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, bool]]
) -> None:
    clone = Clone(tmp_path_factory.mktemp("any"))
    book = Bookkeeper(clone.repo)
    for number, (step, choice, looks) in enumerate(steps, start=1):
        clone.repo.at(number * 10)
        book.do(step, choice)
        book.work(number * 10 + 5)
        clone.reply(number * 10 + 5)
        if looks:
            clone.look()
    clone.look()
    assert clone.told() == Counter(branch for _, branch in book.noted)


def test_a_switch_after_a_long_day_without_a_commit_reads_none_of_what_stays_where_it_is(clone: Clone) -> None:
    for number in range(1, 21):
        clone.repo.at(number * 10).switch(*(("-c", f"b{number}") if number < 4 else (f"b{number % 3 + 1}",)))
        clone.reply(number * 10 + 5, times=20)
        clone.look()
    clone.repo.at(300).switch("main")
    assert clone.rows_read() == 0
    clone.repo.at(310).switch("-c", "new")
    clone.reply(320, times=3)
    assert clone.rows_read() == 0
    clone.repo.at(330).switch("-c", "newer")
    assert clone.rows_read() == 3, "which went along"
    assert clone.told() == {"b1": 100, "b2": 120, "b3": 180, "newer": 3}


def test_a_renamed_branch_takes_everything_along_and_no_row_is_read(clone: Clone) -> None:
    clone.repo.at(10).switch("-c", "a")
    clone.reply(15, times=30)
    clone.repo.at(20).switch("-c", "b")
    clone.reply(25, times=5)
    clone.repo.commit()
    clone.repo.at(30).switch("a")
    clone.reply(35, times=30)
    clone.look()
    clone.repo.at(40).git("branch", "-m", "renamed")
    assert clone.rows_read() == 0
    assert clone.told() == {"renamed": 30, "b": 35}
    clone.repo.at(50).git("branch", "-m", "a")
    assert clone.rows_read() == 0
    assert clone.told() == {"a": 30, "b": 35}


def test_usage_under_the_old_name_from_after_the_renaming_stays_there(clone: Clone) -> None:
    clone.repo.at(10).switch("-c", "a")
    clone.reply(15, times=3)
    clone.repo.at(16).commit()
    clone.look()
    clone.repo.at(20).git("branch", "-m", "renamed")
    clone.repo.at(30).switch("-c", "a")
    clone.reply(35)
    clone.look()
    assert clone.told() == {"renamed": 3, "a": 1}


def test_a_branch_renamed_to_a_name_that_has_usage_joins_it(clone: Clone) -> None:
    clone.repo.at(10).switch("-c", "a")
    clone.reply(15, times=2)
    clone.repo.at(16).commit()
    clone.reply(17, times=4)
    clone.repo.at(20).switch("-c", "b")
    clone.reply(25, times=3)
    clone.repo.at(26).commit()
    clone.look()
    assert clone.told() == {"a": 2, "b": 7}
    clone.repo.at(30).git("branch", "-D", "a")
    clone.repo.at(40).git("branch", "-m", "a")
    clone.look()
    assert clone.told() == {"a": 9}


def test_within_the_second_of_a_move_too_a_renamed_branch_takes_along_what_is_its_own(clone: Clone) -> None:
    clone.repo.at(10).switch("-c", "a")
    clone.repo.commit()
    clone.repo.at(20).switch("main")
    clone.repo.at(20).switch("a")
    clone.reply(20.5, "main")
    clone.reply(20.5, "a")
    clone.look()
    assert clone.told() == {"main": 1, "a": 1}
    clone.repo.at(40).git("branch", "-m", "renamed")
    clone.look()
    assert clone.told() == {"main": 1, "renamed": 1}


def test_names_that_went_from_branch_to_branch_are_followed_in_their_order(clone: Clone) -> None:
    clone.repo.at(10).switch("-c", "a")
    clone.reply(15)
    clone.repo.at(16).commit()
    clone.look()
    clone.repo.at(20).git("branch", "-m", "b")
    clone.repo.at(30).switch("-c", "a")
    clone.reply(35, times=2)
    clone.repo.at(36).commit()
    clone.repo.at(40).git("branch", "-m", "c")
    clone.repo.at(50).switch("b")
    clone.repo.at(51).git("branch", "-m", "a")
    clone.look()
    assert clone.told() == {"a": 1, "c": 2}
