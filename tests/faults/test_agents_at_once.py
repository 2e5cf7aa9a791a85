"""Three agents commit in worktrees of one clone at once and rewrite what they made, while their logs grow: whatever
happens to hooks and server meanwhile, nothing is lost or doubled.

`TOKCOST_COMMITS` says how many commits each makes, `TOKCOST_SEED` begins another story.
"""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from support.boundaries import SEED
from support.claude_lines import assistant, counts
from support.git_sandbox import T0
from support.hooked import NO_HOOKS, REPLY, Hooked
from support.invariants import Invariants

COMMITS = int(os.environ.get("TOKCOST_COMMITS", "12"))
LAST = 3
"""Commits that an interactive rebase has before it."""


class Agent(threading.Thread):
    """An assistant in a worktree of its own, and what it does to its commits."""

    def __init__(self, repo: Hooked, number: int, is_hurried: bool) -> None:
        super().__init__()
        self.path = repo.path.parent / f"worktree{number}"
        self.spent = self.made = 0
        self.problems: list[str] = []
        self._repo, self._number, self._is_hurried = repo, number, is_hurried
        self._now = T0 + 100
        self._chance = Random(f"{SEED} {number}")
        self._log = repo.home / f".claude/projects/p{number}/session.jsonl"
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._rest = ""
        self._stashed = False
        repo.git(*NO_HOOKS, "worktree", "add", "-q", "-b", f"feat/{number}", str(self.path))

    def run(self) -> None:
        try:
            for _ in range(COMMITS):
                self.spend()
                self.commit()
                self.rewrite()
        except AssertionError as problem:
            self.problems.append(f"agent {self._number}: {problem}")

    def spend(self) -> None:
        """Some replies; the last one may be written to its half only, until more is spent."""
        for _ in range(self._chance.randint(1, 3)):
            self.spent += 1
            name = f"{self._number}_{self.spent}"
            said = assistant(f"msg_{name}", f"req_{name}", self._now * 1000, usage=counts(output=1000))
            line = json.dumps(said | {"cwd": str(self.path), "gitBranch": "", "sessionId": f"s{self._number}"}) + "\n"
            cut = self._chance.randrange(len(line)) if self._chance.random() < 0.3 else len(line)
            with self._log.open("a") as log:
                log.write(self._rest + line[:cut])
            self._rest = line[cut:]

    def finish(self) -> None:
        """All that is left is written, and another commit takes it, with all the time it needs."""
        self._is_hurried = False
        self.spend()
        with self._log.open("a") as log:
            log.write(self._rest)
        self._rest = ""
        self.commit()

    def commit(self, *how: str) -> None:
        self.made += 1
        (self.path / f"{self._number}_{self.made}").write_text(f"{self.made}\n")
        assert self.git("add", "-A"), "add"
        assert self.git("commit", "-q", *(how or ("-m", f"Work {self.made}"))), "commit"

    def rewrite(self) -> None:
        """What this agent does to commits, now and then."""
        if self._chance.random() < 0.5:
            (self.amend, self.rebase, self.copy)[self._number]()

    def amend(self) -> None:
        self.spend()
        self.commit("--amend", *self._chance.choice([("--no-edit",), ("-m", "Another message")]))

    def rebase(self) -> None:
        todo = self._chance.choice(
            ["2s/pick/fixup/", "2,3s/pick/squash/", "2s/pick/drop/", "1{h;d};2{G}", "1s/pick/reword/"]
        )
        self.git("rebase", "-q", "-i", f"HEAD~{LAST}", env={"GIT_SEQUENCE_EDITOR": f"sed -i -e '{todo}'"})
        self.give_up("rebase", "rebase-merge")

    def copy(self) -> None:
        """Put work aside, take a commit of another agent, take one back, go on with the work."""
        (self.path / f"aside{self.made}").write_text(f"{self.made}\n")
        assert self.git("add", "-A"), "add"
        assert self.git("stash", "push", "-q"), "stash"
        self.spend()
        self.git("cherry-pick", f"feat/{self._chance.randrange(2)}")
        self.give_up("cherry-pick", "CHERRY_PICK_HEAD")
        if self._chance.random() < 0.3:
            self.git("revert", "--no-edit", "HEAD")
            self.give_up("revert", "REVERT_HEAD")
        assert self.git("stash", "pop", "-q"), "stash pop"

    def give_up(self, command: str, mark: str) -> None:
        """What git stopped in: a commit that is there already, or is empty."""
        git_dir = self._repo.git("rev-parse", "--absolute-git-dir", cwd=self.path)
        if (Path(git_dir) / mark).exists():
            assert self.git(command, "--abort"), f"{command} --abort"

    def git(self, *words: str, env: dict[str, str] | None = None) -> bool:
        self._now += 1
        environ = self._repo.environ | {"GIT_AUTHOR_DATE": f"{self._now} +0000"} | (env or {})
        environ["GIT_COMMITTER_DATE"] = environ["GIT_AUTHOR_DATE"]
        if self._is_hurried and self._chance.random() < 0.5:
            environ["TOKCOST_DEADLINE"] = f"{self._chance.random() * 0.5:.3f}"
        done = subprocess.run(["git", *words], cwd=self.path, env=environ, capture_output=True, text=True, check=False)
        if "a bug" in done.stderr or "Traceback" in done.stderr:
            self.problems.append(done.stderr)
        return not done.returncode


@contextmanager
def serving(repo: Hooked, agents: list[Agent], is_killed: bool) -> Iterator[None]:
    """An editor has the clone open; where it `is_killed`, again and again, and opened anew."""
    chance, is_over = Random(f"{SEED} server"), threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            with repo.serve() as editor:
                until = sum(one.made for one in agents) + chance.randint(1, 12)
                while not is_over.is_set() and (not is_killed or sum(one.made for one in agents) < until):
                    is_over.wait(chance.random() * 0.1)
                editor.process.send_signal(signal.SIGKILL)

    server = threading.Thread(target=serve)
    server.start()
    try:
        yield
    finally:
        is_over.set()
        server.join()


@pytest.mark.slow
@pytest.mark.parametrize("hooks", ["patient", "hurried"])
@pytest.mark.parametrize("server", ["none", "open", "killed"])
def test_three_agents_that_commit_and_rewrite_at_once_lose_and_double_nothing(
    tmp_path: Path, server: str, hooks: str
) -> None:
    repo = Hooked(tmp_path, rooted=True)
    for name in ("before", "and", "again"):
        repo.change(name)
        repo.git(*NO_HOOKS, "commit", "-q", "-m", name)
    agents = [Agent(repo, number, hooks == "hurried") for number in range(3)]
    book = Invariants(repo)
    if server == "none":
        play(agents)
    else:
        with serving(repo, agents, server == "killed"):
            play(agents)
    assert [problem for one in agents for problem in one.problems] == []
    repo.log()  # closes, with half a line here and there
    for one in agents:
        one.finish()
    spent = sum(one.spent for one in agents)
    book.check(spent * REPLY)
    assert repo.replies() == {"total": spent, "carried": spent}


def play(agents: list[Agent]) -> None:
    for one in agents:
        one.start()
    for one in agents:
        one.join()
