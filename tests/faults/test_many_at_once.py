"""Eight processes import and commit at once in worktrees of one clone, some are killed: nothing is lost or doubled."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from random import Random

import pytest

from faults.world import published_once
from support.boundaries import SEED, python_of_tests, record_figures
from support.claude_lines import append, assistant, counts
from support.git_sandbox import T0
from support.hooked import NO_HOOKS, REPLY, Hooked

SECONDS = float(os.environ.get("TOKCOST_SECONDS", "8"))
COMMITTERS, IMPORTERS = 5, 3


class Committer(threading.Thread):
    """Somebody with a worktree and an assistant of their own."""

    def __init__(self, repo: Hooked, number: int, until: float) -> None:
        super().__init__()
        self.path = repo.path.parent / f"worktree{number}"
        self.spent = self.commits = 0
        self._repo, self._number, self._until = repo, number, until
        repo.git(*NO_HOOKS, "worktree", "add", "-q", "-b", f"feat/{number}", str(self.path))

    def run(self) -> None:
        while time.monotonic() < self._until or not self.commits:
            self.work()

    def work(self) -> None:
        """Spend some replies and commit."""
        log = self._repo.home / f".claude/projects/p{self._number}/session.jsonl"
        log.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(2):
            self.spent += 1
            name = f"{self._number}_{self.spent}"
            said = assistant(f"msg_{name}", f"req_{name}", self._now() * 1000, usage=counts(output=1000))
            append(log, said | {"cwd": str(self.path), "gitBranch": "", "sessionId": f"s{self._number}"})
        (self.path / "file").write_text(f"{self.spent}\n")
        environ = self._repo.environ | {"GIT_AUTHOR_DATE": f"{self._now()} +0000"}
        environ["GIT_COMMITTER_DATE"] = environ["GIT_AUTHOR_DATE"]
        for words in (["add", "-A"], ["commit", "-q", "-m", f"Work {self.spent}"]):
            subprocess.run(["git", *words], cwd=self.path, env=environ, capture_output=True, check=True)
        self.commits += 1

    def _now(self) -> int:
        return T0 + 100 + self.spent


class Importer(threading.Thread):
    """Somebody who looks again and again, and is killed now and then."""

    def __init__(self, repo: Hooked, number: int, until: float) -> None:
        super().__init__()
        self.looks = self.killed = 0
        self.said: list[str] = []
        self._repo, self._until, self._chance = repo, until, Random(f"{SEED} {number}")

    def run(self) -> None:
        while time.monotonic() < self._until:
            process = subprocess.Popen(
                [*python_of_tests(), "log"], cwd=self._repo.path, env=self._repo.environ,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            if self._chance.random() < 0.5:
                time.sleep(self._chance.random())
                process.send_signal(signal.SIGKILL)
            _, said = process.communicate()
            self.looks += 1
            if process.returncode == -signal.SIGKILL:
                self.killed += 1
            elif process.returncode:
                self.said.append(said)


@pytest.mark.slow
def test_eight_processes_that_import_and_commit_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True)
    until = time.monotonic() + SECONDS
    committers = [Committer(repo, number, until) for number in range(COMMITTERS)]
    importers = [Importer(repo, number, until) for number in range(IMPORTERS)]
    for thread in (*committers, *importers):
        thread.start()
    for thread in (*committers, *importers):
        thread.join()
    assert [said for one in importers for said in one.said] == []
    spent = sum(one.spent for one in committers)
    assert repo.log().conservation.total[0] == spent * REPLY
    for one in committers:
        one.work()
    spent = sum(one.spent for one in committers)
    assert repo.replies() == {"total": spent, "carried": spent}
    published_once(repo)
    commits = sum(one.commits for one in committers)
    killed = sum(one.killed for one in importers)
    record_figures("eight at once", "kill -9", commits=commits, met=killed, looks=sum(one.looks for one in importers))
