"""Facts that a reader of another package declares about its assistant: the worktrees that the assistant creates for
itself, and the logs of its sub-agents."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.claude_lines import append
from support.git_sandbox import T0, GitSandbox
from tokcost.ledger.open import open_ledger
from tokcost.ledger.rollup import disagreements
from tokcost.readers import registry
from tokcost.readers.registry import broken_readers, readers
from tokcost.services.explain_cost import WhyOptions, explain_cost
from tokcost.services.refresh import refresh
from tokcost.services.summarise import LogOptions, summarise

READER = """
import os

from tokcost.model.usage import Tokens, Usage
from tokcost.readers.environment import user_home
from tokcost.readers.protocol import Capabilities, Location, OwnWorktrees
from tokcost.readers.sources.jsonl import JsonlReader


class EpsReader(JsonlReader):
    name = "eps"
    capabilities = Capabilities(versions="1", branch="each response", {declared})
    words = (b'"reply"',)

    def locations(self, environ):
        return [Location(os.path.join(user_home(environ), ".eps"))]

    def usage(self, record, session):
        return Usage(
            assistant=self.name,
            key=record["reply"],
            time_ms=record["time"],
            model="claude-opus-4-5",
            tokens=Tokens(input=1),
            session="s",
            cwd=record["cwd"],
            branch=record["branch"],
        )
"""
DECLARED = (
    'worktrees=(OwnWorktrees(".eps/trees/*", "eps-*"), OwnWorktrees("eps/loose/*/*")), subagent_logs=r"/helpers/[^/]+$"'
)


class Machine:
    """A repository, and a home in which the assistant `eps` leaves its logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = folder / "site-packages"
        self.ledger = folder / "ledger"
        self.environ = {"HOME": str(folder / "home")}
        self.git = GitSandbox(folder / "repo")
        self.git.commit()
        self.git.at(4).switch("-c", "feat/a")
        self.own = self.git.path / ".eps/trees/x"

    def install(self, declared: str = DECLARED) -> None:
        """Install the package with the assistant's reader, which declares this."""
        about = self.packages / "eps_reader-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "entry_points.txt").write_text("[tokcost.readers]\neps = eps_reader:EpsReader\n")
        (self.packages / "eps_reader.py").write_text(READER.replace("{declared}", declared))
        registry.forget()

    def say(self, reply: str, seconds: int, cwd: Path, branch: str = "", file: str = "log.jsonl") -> None:
        """Append a response of one token."""
        path = self.folder / "home/.eps" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        append(path, {"reply": reply, "time": (T0 + seconds) * 1000, "cwd": str(cwd), "branch": branch})

    def create_own(self) -> None:
        """Create a worktree as the assistant does."""
        self.git.at(5).git("worktree", "add", "-q", "-b", "eps-x", str(self.own))

    def tokens(self) -> dict[str, int]:
        """Tokens by branch; without a branch under the empty name."""
        assert refresh(self.ledger, self.environ).notes == []
        (summary,) = summarise(self.ledger, self.git.path, LogOptions())
        assert summary.conservation.closes
        with open_ledger(self.ledger) as ledger:
            assert disagreements(ledger) == []
        found = {row.branch: row.split.total.tokens.total for row in summary.branches}
        return {name: count for name, count in {**found, "": summary.unplaced.total.tokens.total}.items() if count}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    monkeypatch.syspath_prepend(str(machine.packages))
    yield machine
    sys.modules.pop("eps_reader", None)
    registry.forget()


@pytest.mark.parametrize("looked_before", [True, False])
def test_usage_in_a_declared_worktree_goes_back_to_where_it_began_once_it_is_gone_without_a_commit(
    machine: Machine, looked_before: bool
) -> None:
    machine.install()
    machine.create_own()
    machine.say("r1", 10, machine.own, "eps-x")
    machine.say("r2", 11, machine.own / "src", "eps-x")
    if looked_before:
        assert machine.tokens() == {"eps-x": 2}
    machine.git.git("worktree", "remove", "--force", str(machine.own))
    machine.git.git("branch", "-q", "-D", "eps-x")
    assert machine.tokens() == {"feat/a": 2}


def test_the_branch_of_a_declared_worktree_keeps_its_usage_if_it_has_a_commit(machine: Machine) -> None:
    machine.install()
    machine.create_own()
    machine.say("r1", 10, machine.own, "eps-x")
    machine.git.at(20).commit("one", cwd=machine.own)
    machine.git.at(30).git("worktree", "remove", "--force", str(machine.own))
    assert machine.tokens() == {"eps-x": 1}


def test_a_worktree_in_a_folder_that_no_reader_declares_keeps_its_branch(machine: Machine) -> None:
    machine.install(declared="")
    machine.create_own()
    machine.say("r1", 10, machine.own, "eps-x")
    machine.git.git("worktree", "remove", "--force", str(machine.own))
    machine.git.git("branch", "-q", "-D", "eps-x")
    assert machine.tokens() == {"eps-x": 1}


@pytest.mark.parametrize(("declared", "branch"), [(DECLARED, ""), ("", "feat/a")])
def test_a_gone_folder_where_worktrees_are_declared_is_no_part_of_the_worktree_around_it(
    machine: Machine, declared: str, branch: str
) -> None:
    machine.install(declared)
    machine.say("r1", 10, machine.own / "src")
    assert machine.tokens() == {branch: 1}


def test_a_declared_detached_worktree_belongs_to_the_branch_it_began_from(machine: Machine) -> None:
    machine.install()
    loose = machine.folder / "eps/loose/1a2b/repo"
    machine.git.at(10).git("worktree", "add", "-q", "--detach", str(loose))
    machine.git.at(20).switch("main")
    machine.say("r1", 30, loose)
    machine.say("r2", 30, loose / "src", "HEAD")
    assert machine.tokens() == {"feat/a": 2}


@pytest.mark.parametrize("place", ["eps/loose/1a2b", "eps/loose/1a2b/repo/wt", "loose/1a2b/repo", "xeps/loose/1/repo"])
def test_a_detached_worktree_beside_the_declared_places_has_no_branch(machine: Machine, place: str) -> None:
    machine.install()
    machine.git.at(10).git("worktree", "add", "-q", "--detach", str(machine.folder / place))
    machine.say("r1", 30, machine.folder / place)
    assert machine.tokens() == {"": 1}


def test_declared_logs_of_sub_agents_are_their_share_and_no_others(machine: Machine) -> None:
    machine.install()
    for number, file in enumerate(("log.jsonl", "helpers/one.jsonl", "helpers/old/two.jsonl", "subagents/x.jsonl")):
        machine.say(f"r{number}", 10 + number, machine.git.path, file=file)
    assert machine.tokens() == {"feat/a": 4}
    found = explain_cost(machine.ledger, machine.git.path, WhyOptions()).explanation
    assert (found.total.tokens, found.shares["subagents"].tokens) == (4, 1)


def test_a_reader_that_is_no_longer_installed_leaves_its_usage_readable(machine: Machine) -> None:
    machine.install()
    machine.say("r1", 10, machine.git.path, file="helpers/one.jsonl")
    assert machine.tokens() == {"feat/a": 1}
    shutil.rmtree(machine.packages)
    registry.forget()
    found = explain_cost(machine.ledger, machine.git.path, WhyOptions()).explanation
    assert (found.total.tokens, found.shares["subagents"].tokens) == (1, 0)


@pytest.mark.parametrize(
    "declared",
    [
        "worktrees=None",
        'worktrees=".eps/trees/*"',
        'worktrees=(".eps/trees/*",)',
        "worktrees=(OwnWorktrees(None),)",
        'worktrees=(OwnWorktrees(""),)',
        'worktrees=(OwnWorktrees("*"),)',
        'worktrees=(OwnWorktrees("/eps/trees/*"),)',
        'worktrees=(OwnWorktrees(".eps/trees"),)',
        'worktrees=(OwnWorktrees(".eps/../*"),)',
        'worktrees=(OwnWorktrees(".eps/tree-*/*"),)',
        'worktrees=(OwnWorktrees(".eps/" + "t" * 5000 + "/*"),)',
        'worktrees=(OwnWorktrees(".eps/trees/*", None),)',
        "subagent_logs=None",
        'subagent_logs="("',
        "subagent_logs=b'/agents/'",
    ],
)
def test_a_reader_whose_declaration_means_nothing_is_not_used_and_named(machine: Machine, declared: str) -> None:
    machine.install(declared)
    assert "eps" not in [reader.name for reader in readers()]
    (broken,) = broken_readers()
    assert broken.target == "eps_reader:EpsReader"
    assert broken.reason.startswith(f"its {declared.partition('=')[0]} ")
