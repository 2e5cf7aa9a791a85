"""A clone is renamed, or deleted, and another repository is made where it was: each publishes what was spent in it."""

import shutil
from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked
from tokcost_hooks.installation.hooks import install


def another_project(repo: Hooked) -> None:
    """Another repository at the path of this one, with cost lines switched on."""
    repo.path.mkdir(exist_ok=True)
    repo.git("init", "-q", "-b", "main")
    repo.agree()
    install(repo.worktree)
    repo.fork_again()


def tokens(repo: Hooked, folder: Path, *revisions: str) -> list[int]:
    """Of the lines in that folder's newest commit, or in others."""
    repo.path, before = folder, repo.path
    found = [line.tokens for revision in revisions or ("HEAD",) for line in repo.lines(revision)]
    repo.path = before
    return found


@pytest.mark.parametrize("is_known", [True, False], ids=["looked at", "not looked at"])
def test_another_project_in_the_place_of_a_renamed_clone_publishes_nothing_of_it(
    repo: Hooked, tmp_path: Path, is_known: bool
) -> None:
    repo.work("One")
    repo.spend()
    repo.log()
    old = repo.path.rename(tmp_path / "old")
    another_project(repo)
    if is_known:
        repo.log()
    repo.change()
    repo.hooked("-m", "Nothing was spent here")
    assert tokens(repo, repo.path) == []
    repo.work("Spent here")
    assert repo.replies() == {"total": 1, "carried": 1}
    repo.change(cwd=old)
    repo.hooked("-m", "Two", cwd=old)
    assert tokens(repo, old) == [REPLY]
    repo.path = old
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_repository_begun_anew_in_its_folder_publishes_nothing_of_the_older_one(repo: Hooked) -> None:
    repo.work("One")
    repo.spend()
    repo.log()
    shutil.rmtree(repo.path / ".git")
    another_project(repo)
    repo.work("Anew")
    assert tokens(repo, repo.path) == [REPLY]
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_clone_made_again_publishes_what_was_pending_in_the_deleted_one(repo: Hooked, tmp_path: Path) -> None:
    repo.work("One")
    repo.spend()
    repo.log()
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "upstream.git"))
    shutil.rmtree(repo.path)
    repo.git("clone", "-q", "upstream.git", str(repo.path), cwd=tmp_path)
    another_project(repo)  # cost lines are switched on for each clone
    repo.work("Two")
    assert tokens(repo, repo.path) == [2 * REPLY]
    assert repo.replies() == {"total": 3, "carried": 3}
