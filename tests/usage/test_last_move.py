"""Usage within the second in which HEAD moved: reflogs count in seconds, the file HEAD has a finer time."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from support import warm
from support.claude_lines import append, assistant, write

PROGRAM = "from tokcost.cli.start import main; main()"
SECOND = 1_790_000_100
WHO = {f"GIT_{role}_{what}": "dev" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class Clone:
    """A repository, and a home folder with the log of an assistant that writes no branch."""

    def __init__(self, path: Path) -> None:
        self.home, self.repo = path / "home", path / "repo"
        self.log = self.home / ".claude/projects/-repo/session.jsonl"
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TOKCOST_HOME": str(path / "ledger")}
        self.count = 0
        self.repo.mkdir()
        self.git(SECOND - 100, "init", "-q", "-b", "main")
        self.git(SECOND - 100, "commit", "-q", "--allow-empty", "-m", "Begin")
        self.git(SECOND - 100, "branch", "feat/a")
        self.git(SECOND - 100, "branch", "feat/b")

    def git(self, second: int, *words: str) -> None:
        """Run git at a time of the clock."""
        dates = {"GIT_AUTHOR_DATE": f"@{second} +0000", "GIT_COMMITTER_DATE": f"@{second} +0000"}
        environ = {**self.environ, **WHO, **dates}
        subprocess.run(["git", *words], cwd=self.repo, env=environ, check=True, capture_output=True)

    def switch(self, branch: str, at_ms: int) -> None:
        """Move HEAD at a time that the file system keeps, as it does when nobody makes up the clock."""
        self.git(at_ms // 1000, "switch", "-q", branch)
        os.utime(self.repo / ".git/HEAD", ns=(at_ms * 1_000_000, at_ms * 1_000_000))

    def reply(self, time_ms: int, branch: str = "") -> None:
        """Log a response."""
        self.count += 1
        line = assistant(f"m{self.count}", f"r{self.count}", time_ms, cwd=str(self.repo), gitBranch=branch)
        (append if self.log.exists() else write)(self.log, line)

    def told(self) -> dict[str, int]:
        """The number of responses by branch."""
        done = warm.tokcost("log", "--json", cwd=self.repo, env=self.environ)
        return {row["branch"]: row["usage"] for row in json.loads(done.stdout)["branches"] if row["usage"]}


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path)
    clone.switch("feat/a", (SECOND - 50) * 1000)
    return clone


def test_what_came_before_the_move_within_its_second_is_on_the_branch_that_was_left(clone: Clone) -> None:
    clone.reply(SECOND * 1000 + 300)
    clone.switch("feat/b", SECOND * 1000 + 500)
    clone.reply(SECOND * 1000 + 700)
    assert clone.told() == {"feat/a": 1, "feat/b": 1}


def test_it_stays_there_when_head_moves_on_and_nothing_tells_the_finer_time_any_more(clone: Clone) -> None:
    clone.reply(SECOND * 1000 + 300)
    clone.switch("feat/b", SECOND * 1000 + 500)
    assert clone.told() == {"feat/a": 1}
    clone.switch("main", SECOND * 1000 + 90_000)
    clone.reply(SECOND * 1000 + 95_000)
    assert clone.told() == {"feat/a": 1, "main": 1}


def test_a_time_that_belongs_to_another_second_says_nothing(clone: Clone) -> None:
    clone.reply(SECOND * 1000 + 300)
    clone.switch("feat/b", SECOND * 1000 + 500)
    later = (SECOND + 1000) * 10**9
    os.utime(clone.repo / ".git/HEAD", ns=(later, later))
    assert clone.told() == {"feat/b": 1}


def test_a_time_without_a_fraction_is_one_that_a_file_system_or_a_copy_cut_off_so_the_log_decides(clone: Clone) -> None:
    clone.reply(SECOND * 1000 + 300, "feat/a")
    clone.switch("feat/b", SECOND * 1000)
    clone.reply(SECOND * 1000 + 700, "feat/b")
    assert clone.told() == {"feat/a": 1, "feat/b": 1}


def test_without_a_fraction_and_without_a_branch_in_the_log_where_head_came_to_rest_counts(clone: Clone) -> None:
    clone.reply(SECOND * 1000 + 300)
    clone.switch("feat/b", SECOND * 1000)
    assert clone.told() == {"feat/b": 1}


def test_of_two_moves_within_the_second_the_time_of_the_last_one_does_not_order_the_first(clone: Clone) -> None:
    clone.switch("feat/b", SECOND * 1000 + 100)
    clone.reply(SECOND * 1000 + 300)
    clone.switch("main", SECOND * 1000 + 500)
    assert clone.told() == {"main": 1}
