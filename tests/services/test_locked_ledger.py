"""No process waits for git while it holds the ledger: a commit that is made meanwhile would not get its line."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.hooked import NO_HOOKS, Hooked
from support.tables import few
from tokcost.ledger.open import FILE_NAME
from tokcost.model.claims import Terms
from tokcost.model.trailer import format_line
from tokcost.repo.run import on_behalf_of
from tokcost.services.enable import enable
from tokcost.services.preview import look_ahead
from tokcost.services.refresh import refresh

_GIT = """#!{python} -IS
import os, sqlite3, sys
ledger = sqlite3.connect("file:{ledger}?mode=rw", uri=True, timeout=0, isolation_level=None)
try:
    ledger.execute("BEGIN IMMEDIATE")
    ledger.execute("ROLLBACK")
    said = "free"
except sqlite3.OperationalError as error:
    said = str(error)
finally:
    ledger.close()
with open("{asked}", "a") as stream:
    stream.write(f"{{said}}: {{' '.join(sys.argv[1:])}}\\n")
os.execv("{git}", sys.argv)
"""
"""git, which first notes whether the ledger can be written at this moment."""
_FETCHED = 120
"""Commits that a fetch brings: too many to be read without git."""

COMMANDS = (
    *("check", "budget", "preview", "log", "status", "why", "doctor", "prices", "export usage", "disable"),
    *("assign feat/x --from main", "purge --branch feat/x --yes", "uninstall --yes", "enable --yes --from-now"),
)


class Watched:
    """A clone with claims and with commits that a fetch brought, and a git that notes the state of the ledger."""

    def __init__(self, folder: Path) -> None:
        self.repo = Hooked(folder, rooted=True, forks=True)
        self.repo.git("switch", "-q", "-c", "feat/x")
        self.repo.work()
        self.repo.git("switch", "-q", "main")
        self.repo.work()
        self._asked, self._git, git = folder / "asked", folder / "bin" / "git", shutil.which("git")
        ledger = self.repo.ledger_home / FILE_NAME
        self._git.parent.mkdir()
        self._git.write_text(_GIT.format(python=sys.executable, ledger=ledger, asked=self._asked, git=git))
        self._git.chmod(0o755)
        self.fetch()
        self.repo.spend()

    def fetch(self) -> None:
        """New commits of somebody else."""
        self.repo.now += _FETCHED
        commits = "".join(
            f"commit refs/remotes/origin/x{number % 3}\ncommitter A <a@x.org> {self.repo.now - number} +0000\n"
            f"data 5\nm{number:04}\n"
            for number in range(_FETCHED)
        )
        command = ["git", "fast-import", "--quiet", "--force"]
        subprocess.run(command, cwd=self.repo.path, env=self.repo.environ, input=commits.encode(), check=True)

    @property
    def path(self) -> str:
        """The search path with that git."""
        return f"{self._git.parent}:{self.repo.environ['PATH']}"

    def asked_for(self, command: str = "") -> list[str]:
        """What git was asked, each with the state of the ledger at that moment."""
        said = self._asked.read_text().splitlines() if self._asked.exists() else []
        return [line for line in said if f" {command}" in line]

    def locked(self) -> list[str]:
        """What git was asked while the ledger was held."""
        return [line for line in self.asked_for() if not line.startswith("free: ")]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.mark.parametrize("command", few(COMMANDS, 4))
def test_no_command_holds_the_ledger_while_git_is_asked(watched: Watched, command: str) -> None:
    """Hooks do, for half a second at most: what commits carry decides what is claimed in the same transaction."""
    done = watched.repo.tokcost(*command.split(), PATH=watched.path)
    assert done.returncode in (0, 1), done.stderr
    assert watched.locked() == []


def test_neither_a_preview_nor_an_enabling_holds_the_ledger_while_a_fetch_is_read(watched: Watched) -> None:
    home, worktree, terms = watched.repo.ledger_home, watched.repo.worktree, Terms("exact")
    refresh(home, watched.repo.environ)
    with on_behalf_of(watched.repo.environ | {"PATH": watched.path}):
        for look in (
            lambda: look_ahead(home, worktree, terms),
            lambda: enable(home, worktree, terms, from_now=True),
        ):
            watched.fetch()
            before = len(watched.asked_for("log"))
            look()
            assert len(watched.asked_for("log")) > before
    assert watched.locked() == []


def test_a_preview_after_a_fetch_is_what_the_commit_then_carries(watched: Watched) -> None:
    repo, terms = watched.repo, Terms("exact")
    (lost,) = repo.lines()
    repo.run(*NO_HOOKS, "reset", "-q", "--hard", "HEAD^")
    refresh(repo.ledger_home, repo.environ)
    before = look_ahead(repo.ledger_home, repo.worktree, terms)
    repo.plumb(f"Theirs\n\n{format_line(lost)}", ref="refs/remotes/origin/x")
    ahead = look_ahead(repo.ledger_home, repo.worktree, terms)
    assert [line.id == lost.id for line in (*before.lines, *ahead.lines)] == [True, False]
    repo.change()
    repo.hooked("-m", "Next")
    assert [line.tokens for line in repo.lines()] == [line.tokens for line in ahead.lines]
