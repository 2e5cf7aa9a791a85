"""What a server observed of HEAD belongs to a clone, not to its path."""

import shutil
from pathlib import Path

import pytest

from support.folders import Folders
from tokcost.ledger.observations import observations, record_observation
from tokcost.ledger.open import open_ledger
from tokcost.model.place import Observation


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def observe(folders: Folders, git_dir: Path, branch: str) -> Observation:
    seen = Observation(1_000, 2_000, branch)
    with open_ledger(folders.first.ledger_home) as ledger, ledger.transaction():
        record_observation(ledger, str(git_dir), branch, seen.first_ms, 0)
        record_observation(ledger, str(git_dir), branch, seen.last_ms, 0)
    return seen


def seen_in(folders: Folders, git_dir: Path) -> list[Observation]:
    with open_ledger(folders.first.ledger_home) as ledger:
        return observations(ledger, str(git_dir))


def test_what_a_server_observed_in_a_clone_goes_along_with_it_and_its_worktrees(folders: Folders) -> None:
    folders.make_project("proj")
    folders.git("proj", "worktree", "add", "-q", "-b", "linked", "../linked")
    folders.spend("linked")
    assert folders.shown("proj") == {"proj": 1}
    git = folders.folder / "proj/.git"
    main = observe(folders, git, "main")
    linked = observe(folders, git / "worktrees/linked", "linked")
    folders.move("proj", "old")
    folders.make_project("proj")
    assert folders.shown("proj") == {"proj": 0}
    assert (seen_in(folders, git), seen_in(folders, git / "worktrees/linked")) == ([], [])
    assert folders.shown("old") == {"old": 1}
    moved = folders.folder / "old/.git"
    assert (seen_in(folders, moved), seen_in(folders, moved / "worktrees/linked")) == ([main], [linked])
    shutil.rmtree(folders.folder / "proj")
    folders.move("old", "proj")
    assert folders.shown("proj") == {"proj": 1}
    assert (seen_in(folders, git), seen_in(folders, git / "worktrees/linked")) == ([main], [linked])


@pytest.mark.parametrize(
    "words", ["--session session-1", "--before now", "--assistant claude-code", "--repository {path}", "--all"]
)
def test_a_purge_leaves_no_branch_that_was_observed_in_a_replaced_clone(folders: Folders, words: str) -> None:
    folders.make_project("proj")
    folders.git("proj", "switch", "-q", "-c", "canary-branch")
    folders.spend("proj", 3)
    assert folders.shown("proj") == {"proj": 3}
    observe(folders, folders.folder / "proj/.git", "canary-branch")
    folders.replace("proj")
    folders.spend("proj", session="session-2")
    assert folders.shown("proj") == {"proj": 1}
    folders.run("proj", "purge", *words.format(path=folders.folder / "proj").split(), "--yes")
    assert not folders.holds("canary-branch")
