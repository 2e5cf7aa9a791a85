"""Logs that an assistant leaves at the roots of worktrees: found there, and a disk is not searched for them."""

from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from tokcost.services.look_at_clone import state_around
from tokcost.services.refresh import refresh
from tokcost.services.summarise import LogOptions, summarise

HISTORY = """
# aider chat started at {at}

> /usr/bin/aider
> Main model: gpt-4o with diff edit format

> Tokens: {sent} sent, 9 received.
"""


class Machine:
    """A home, a ledger, and a clone in which aider worked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environ = {"HOME": str(path / "home")}
        self.git = GitSandbox(path / "repo")
        self.git.commit()

    def work(self, folder: Path, sent: int, at: str = "2030-01-01 12:00:00") -> None:
        """Leave a session's history in a folder."""
        with (folder / ".aider.chat.history.md").open("a") as stream:
            stream.write(HISTORY.format(at=at, sent=sent))

    def log(self, folder: Path) -> dict[str, int]:
        """Input tokens by branch, asked in a folder."""
        refresh(self.path / "ledger", self.environ, here=state_around(folder))
        (summary,) = summarise(self.path / "ledger", folder, LogOptions())
        assert summary.conservation.closes
        found = {row.branch: row.split.total.tokens.input for row in summary.branches}
        return {branch: count for branch, count in found.items() if count}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_history_in_the_clone_that_is_asked_about_is_found_and_read_once(machine: Machine) -> None:
    machine.work(machine.git.path, 100)
    branch = machine.git.git("branch", "--show-current").strip()
    assert machine.log(machine.git.path) == {branch: 100}
    machine.work(machine.git.path, 20, "2030-01-01 13:00:00")
    assert machine.log(machine.git.path) == {branch: 120}


def test_each_worktree_of_a_clone_has_its_own_history_wherever_it_is_asked_from(machine: Machine) -> None:
    branch = machine.git.git("branch", "--show-current").strip()
    linked = machine.path / "linked"
    machine.git.git("worktree", "add", "-q", "-b", "feat/b", str(linked))
    machine.work(machine.git.path, 100)
    machine.work(linked, 20)
    assert machine.log(linked) == {branch: 100, "feat/b": 20}
    assert machine.log(machine.git.path) == {branch: 100, "feat/b": 20}


def test_a_worktree_that_is_known_is_looked_at_from_everywhere(machine: Machine) -> None:
    branch = machine.git.git("branch", "--show-current").strip()
    machine.work(machine.git.path, 100)
    machine.log(machine.git.path)
    machine.work(machine.git.path, 20, "2030-01-01 13:00:00")
    refresh(machine.path / "ledger", machine.environ)
    (summary,) = summarise(machine.path / "ledger", machine.git.path, LogOptions())
    assert {row.branch: row.split.total.tokens.input for row in summary.branches} == {branch: 120}


def test_a_folder_that_nobody_asked_about_is_not_searched(machine: Machine) -> None:
    other = GitSandbox(machine.path / "other")
    machine.work(other.path, 100)
    assert machine.log(machine.git.path) == {}


def test_a_history_that_came_with_the_repository_may_be_anybodys_and_is_not_read(machine: Machine) -> None:
    machine.work(machine.git.path, 100)
    machine.git.git("add", "-f", ".aider.chat.history.md")
    assert machine.log(machine.git.path) == {}
    machine.git.git("commit", "-q", "-m", "Keep the chat")
    assert machine.log(machine.git.path) == {}


def test_a_link_of_the_repository_to_a_history_elsewhere_is_not_followed(machine: Machine) -> None:
    elsewhere = machine.path / "elsewhere"
    elsewhere.mkdir()
    machine.work(elsewhere, 100)
    (machine.git.path / ".aider.chat.history.md").symlink_to(elsewhere / ".aider.chat.history.md")
    machine.git.git("add", "-f", ".aider.chat.history.md")
    assert machine.log(machine.git.path) == {}
