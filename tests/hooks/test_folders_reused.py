"""A clone is renamed, or deleted, and another repository is made where it was: each publishes what was spent in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked
from tokcost_hooks.installation.hooks import install


@pytest.fixture
def repo(tmp_path: Path, request: pytest.FixtureRequest, way: str) -> Iterator[Hooked]:
    """A repository that the disk dates by the test's clock."""
    hooked = Hooked(tmp_path, rooted=True, forks=way == "alone" and request.node.get_closest_marker("slow") is None)
    made_now(hooked)
    hooked.agree()
    hooked.now += 1
    with hooked.serve() if way == "served" else nullcontext():
        yield hooked


def made_now(repo: Hooked) -> None:
    """Let the disk say that the clone was made at the time of the test's clock."""
    os.utime(repo.common_dir / "description", (repo.now, repo.now))


def another_project(repo: Hooked) -> None:
    """Another repository at the path of this one, made now, with cost lines switched on."""
    repo.path.mkdir(exist_ok=True)
    repo.git("init", "-q", "-b", "main")
    made_now(repo)
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


def enabled_alone(repo: Hooked) -> int:
    repo.tokcost("enable", "--yes", "--precision", "exact")
    return 0


def committed_once(repo: Hooked) -> int:
    repo.work("One")
    return 1


def committed_and_looked_at(repo: Hooked) -> int:
    repo.work("One")
    repo.log()
    return 1


LOOKS = {"new first": ("new", "old"), "old first": ("old", "new"), "new alone": ("new", "new", "old")}


@pytest.mark.parametrize("before", [enabled_alone, committed_once, committed_and_looked_at])
@pytest.mark.parametrize("order", LOOKS)
def test_what_nobody_has_looked_at_belongs_to_the_clone_that_was_there_when_it_was_spent(
    repo: Hooked, tmp_path: Path, before: Callable[[Hooked], int], order: str
) -> None:
    """The new clone was made later, and the log names the same folder for both."""
    spent = before(repo)
    repo.spend()
    repo.now += 1
    new, old = repo.path, repo.path.rename(tmp_path / "old")
    another_project(repo)
    repo.now += 1
    repo.spend()
    for number, which in enumerate(LOOKS[order]):
        folder = {"new": new, "old": old}[which]
        repo.change(cwd=folder)
        repo.hooked("-m", f"Commit {number}", cwd=folder)
    for folder, whole in ((new, 1), (old, spent + 1)):
        repo.path = folder
        assert repo.replies() == {"total": whole, "carried": whole}
        assert [row.branch for row in repo.log().branches if row.split.total.usage] == ["main"]


def test_what_was_spent_in_a_deleted_clone_is_not_published_by_another_in_its_place(repo: Hooked) -> None:
    committed_once(repo)
    for title in ("Spent here", "Spent here again"):
        repo.spend()
        repo.now += 1
        shutil.rmtree(repo.path)
        another_project(repo)
        repo.work(title)
        assert repo.replies() == {"total": 1, "carried": 1}
        repo.now += 1


def test_what_was_spent_in_a_folder_before_its_first_clone_was_made_is_published_there(repo: Hooked) -> None:
    shutil.rmtree(repo.path)
    repo.path.mkdir()
    repo.spend()
    another_project(repo)
    repo.work("One")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_what_was_spent_in_a_folder_that_the_new_clone_lacks_belongs_to_the_older_one(
    repo: Hooked, tmp_path: Path
) -> None:
    committed_once(repo)
    (repo.path / "deep").mkdir()
    repo.spend(cwd=repo.path / "deep")
    repo.now += 1
    new, old = repo.path, repo.path.rename(tmp_path / "old")
    another_project(repo)
    repo.work("Spent here")
    assert repo.replies() == {"total": 1, "carried": 1}
    repo.path = old
    repo.change()
    repo.hooked("-m", "Two")
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.path = new
    repo.work("Spent here again")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_each_of_three_clones_that_took_one_place_gets_what_was_spent_in_it(repo: Hooked, tmp_path: Path) -> None:
    """All is read at the end, by the newest one."""
    place, first, second = repo.path, tmp_path / "first", tmp_path / "second"
    for moved in (first, second):
        repo.tokcost("enable", "--yes", "--precision", "exact")
        repo.now += 1
        repo.spend()
        repo.now += 1
        place.rename(moved)
        another_project(repo)
    repo.now += 1
    repo.spend()
    for folder in (place, first, second):
        repo.path = folder
        repo.change()
        repo.hooked("-m", "Commit")
        assert repo.replies() == {"total": 1, "carried": 1}
