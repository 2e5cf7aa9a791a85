"""Clones that change places: each keeps its own usage, whatever stands at its old path now."""

import json
import shutil
from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked
from support.tables import few
from tokcost.model.trailer import read_message
from tokcost.repo.worktree import find_worktree
from tokcost.services.look_at_clone import state_here
from tokcost.services.refresh import refresh
from tokcost.services.summarise import LogOptions, summarise
from tokcost_hooks.installation.hooks import install

SWAP = ("repo>aside", "other>repo", "aside>other")


FIRST = {
    "log": ["log"],
    "status": ["status"],
    "enable": ["enable", "--yes"],
    "enable from now": ["enable", "--yes", "--from-now"],
    "hooks": ["hooks", "install"],
    "budget": ["budget", "set", "5", "--day"],
    "assign": ["assign", "main", "--unplaced"],
    "preview": ["preview"],
    "doctor": ["doctor"],
    "uninstall": ["hooks", "uninstall"],
}
"""Commands that somebody may run first in a clone that has taken the place of another one."""


class Clones:
    """Several clones beside each other, of one person."""

    def __init__(self, tmp_path: Path, *names: str) -> None:
        self.first = Hooked(tmp_path, enabled=False, rooted=True)
        self.folder = tmp_path
        for name in names:
            self.first.git("clone", "-q", ".", f"../{name}")

    def spend(self, name: str, replies: int = 1) -> None:
        for _ in range(replies):
            self.first.spend(cwd=self.folder / name)

    def run(self, name: str, *words: str) -> None:
        """A command of ours, which may find nothing to do."""
        assert self.first.tokcost(*words, cwd=self.folder / name).returncode in (0, 1, 2)

    def move(self, *steps: str) -> None:
        for old, new in (step.split(">") for step in steps):
            (self.folder / old).rename(self.folder / new)

    def git(self, name: str, *words: str) -> None:
        self.first.now += 1
        self.first.git(*words, cwd=self.folder / name)

    def shown(self, *names: str) -> dict[str, int]:
        """The replies that `tokcost log` shows in each, asked in this order."""
        return {name: self._shown(name) for name in names}

    def _shown(self, name: str) -> int:
        refresh(self.first.ledger_home, self.first.environ, here=state_here(self.folder / name))
        (summary,) = summarise(self.first.ledger_home, self.folder / name, LogOptions())
        assert summary.conservation.closes
        return summary.conservation.total[0] // REPLY

    def make_project(self, name: str, how: str = "init") -> None:
        """Another project in a folder that is free: a new repository, without a commit (`unborn`), or a `clone`."""
        place = f"{name}-upstream" if how == "clone" else name
        self.first.git("init", "-q", "-b", "main", str(self.folder / place), cwd=self.folder)
        if how != "unborn":
            self.commit(place)
        if how == "clone":
            self.first.git("clone", "-q", place, name, cwd=self.folder)

    def commit(self, name: str) -> None:
        self.git(name, "commit", "-q", "--allow-empty", "-m", f"In {name}")


@pytest.fixture
def two(tmp_path: Path) -> Clones:
    """A clone `repo` with two replies and a clone `other` with one."""
    clones = Clones(tmp_path, "other")
    clones.spend("repo", 2)
    clones.spend("other")
    assert clones.shown("repo", "other") == {"repo": 2, "other": 1}
    return clones


@pytest.mark.parametrize("order", [("repo", "other"), ("other", "repo")])
def test_clones_that_swap_their_names_keep_their_usage(two: Clones, order: tuple[str, str]) -> None:
    two.move(*SWAP)
    assert two.shown(*order) == {"repo": 1, "other": 2}
    two.spend("repo", 4)
    two.spend("other", 8)
    assert two.shown(*order) == {"repo": 5, "other": 10}


def test_what_is_spent_after_a_swap_that_nobody_has_looked_at_belongs_to_the_clone_at_that_path(two: Clones) -> None:
    two.move(*SWAP)
    two.spend("repo", 4)
    two.spend("other", 8)
    assert two.shown("other", "repo") == {"repo": 5, "other": 10}


def test_a_swap_back_is_followed_too(two: Clones) -> None:
    two.move(*SWAP)
    assert two.shown("repo") == {"repo": 1}
    two.move(*SWAP)
    two.spend("repo")
    assert two.shown("repo", "other") == {"repo": 3, "other": 1}


def test_what_was_spent_before_the_swap_stays_when_head_moves_afterwards(two: Clones) -> None:
    two.move(*SWAP)
    for name in ("repo", "other"):
        two.git(name, "switch", "-q", "-c", f"new-{name}")
        two.git(name, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "X")
    assert two.shown("repo", "other") == {"repo": 1, "other": 2}
    assert two.shown("other", "repo") == {"repo": 1, "other": 2}


def test_three_clones_in_a_circle(tmp_path: Path) -> None:
    clones = Clones(tmp_path, "b", "c")
    for replies, name in enumerate(("repo", "b", "c"), 1):
        clones.spend(name, replies)
    clones.shown("repo", "b", "c")
    clones.move("repo>aside", "b>repo", "c>b", "aside>c")
    assert clones.shown("b", "c", "repo") == {"repo": 2, "b": 3, "c": 1}


def test_a_clone_that_takes_the_place_of_one_that_was_moved_away(two: Clones) -> None:
    two.move("repo>old", "other>repo")
    two.spend("repo")
    assert two.shown("repo", "old") == {"repo": 2, "old": 2}


def test_a_clone_that_takes_the_place_of_one_that_was_seen_elsewhere_before(two: Clones) -> None:
    two.move("repo>old")
    assert two.shown("old") == {"old": 2}
    two.move("other>repo")
    two.spend("repo")
    two.git("old", "switch", "-q", "-c", "new")
    assert two.shown("repo", "old") == {"repo": 2, "old": 2}


def test_a_clone_in_the_place_of_a_plain_folder_gets_what_was_spent_there_and_nothing_older(two: Clones) -> None:
    two.move("repo>old")
    (two.folder / "repo").mkdir()
    two.spend("repo", 4)
    assert two.shown("old") == {"old": 2}
    (two.folder / "repo").rmdir()
    two.move("other>repo")
    assert two.shown("repo", "old") == {"repo": 5, "old": 2}


def test_a_clone_that_was_moved_away_from_an_unknown_one_in_its_place(tmp_path: Path) -> None:
    clones = Clones(tmp_path, "other")
    clones.spend("repo", 2)
    assert clones.shown("repo") == {"repo": 2}
    clones.move(*SWAP)
    assert clones.shown("other", "repo") == {"repo": 0, "other": 2}


def test_a_clone_that_is_made_anew_in_its_folder_keeps_the_usage(two: Clones) -> None:
    shutil.rmtree(two.folder / "repo")
    two.git("other", "clone", "-q", ".", "../repo")
    two.spend("repo")
    assert two.shown("repo", "other") == {"repo": 3, "other": 1}


def test_a_copy_of_a_clone_is_no_clone_that_moved(two: Clones) -> None:
    shutil.copytree(two.folder / "repo", two.folder / "copy", symlinks=True, copy_function=shutil.copy2)
    two.spend("copy")
    assert two.shown("copy", "repo", "other") == {"copy": 1, "repo": 2, "other": 1}


def test_a_linked_worktree_follows_its_clone(two: Clones) -> None:
    two.git("repo", "worktree", "add", "-q", "-b", "linked", "../linked")
    two.spend("linked", 4)
    assert two.shown("linked") == {"linked": 6}
    two.move(*SWAP)
    two.git("other", "worktree", "repair", "../linked")
    two.spend("linked")
    assert two.shown("linked", "repo", "other") == {"linked": 7, "repo": 1, "other": 7}


def test_commits_after_a_swap_claim_what_their_own_clone_has_spent(tmp_path: Path) -> None:
    repo, other = Hooked(tmp_path, rooted=True, forks=True), tmp_path / "other"
    repo.git("clone", "-q", ".", "../other")
    repo.agree(cwd=other)
    found = find_worktree(str(other))
    assert found is not None
    install(found)
    for path, replies in ((repo.path, 1), (other, 2)):
        repo.work("Before", cwd=path)
        for _ in range(replies):
            repo.spend(cwd=path)
    repo.log()
    for old, new in (step.split(">") for step in SWAP):
        (tmp_path / old).rename(tmp_path / new)
    for path, replies in ((other, 1), (repo.path, 2)):
        repo.change("after", cwd=path)
        repo.hooked("-m", "After", cwd=path)
        lines = read_message(repo.git("log", "-1", "--format=%B", cwd=path)).lines
        assert [line.tokens for line in lines] == [replies * REPLY]
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.few
@pytest.mark.parametrize("where", ["moved", "disk/repo"])
@pytest.mark.parametrize("is_seen", [True, False])
def test_a_clone_that_leaves_a_link_in_its_old_place_keeps_its_usage(two: Clones, where: str, is_seen: bool) -> None:
    two.spend("repo")
    if is_seen:
        two.shown("repo")
    new = two.folder / where
    new.parent.mkdir(exist_ok=True)
    (two.folder / "repo").rename(new)
    (two.folder / "repo").symlink_to(new)
    two.spend("repo", 4)
    two.spend(where, 8)
    assert two.shown("repo", where, "other") == {"repo": 15, where: 15, "other": 1}


def test_clones_whose_folder_is_moved_and_leaves_a_link_keep_their_usage(two: Clones) -> None:
    code = two.folder.with_name(f"{two.folder.name}-disk")
    two.folder.rename(code)
    two.folder.symlink_to(code)
    two.spend("repo", 4)
    assert two.shown("repo", "other") == {"repo": 6, "other": 1}


def test_a_clone_that_is_copied_to_another_disk_and_leaves_a_link_keeps_its_usage(two: Clones) -> None:
    two.git("repo", "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "X")
    assert two.shown("repo") == {"repo": 2}
    shutil.copytree(two.folder / "repo", two.folder / "disk", symlinks=True)
    shutil.rmtree(two.folder / "repo")
    (two.folder / "repo").symlink_to(two.folder / "disk")
    two.spend("repo", 4)
    assert two.shown("repo", "other") == {"repo": 6, "other": 1}


def test_a_link_to_a_clone_that_takes_the_place_of_another_one_takes_nothing_over(two: Clones) -> None:
    two.move("repo>old")
    (two.folder / "repo").symlink_to(two.folder / "other")
    assert two.shown("other", "old") == {"other": 1, "old": 2}


@pytest.mark.few
@pytest.mark.parametrize("how", ["init", "unborn", "clone"])
@pytest.mark.parametrize("order", [("repo", "old"), ("old", "repo")])
def test_another_project_in_the_place_of_a_renamed_clone_takes_nothing_over(
    two: Clones, how: str, order: tuple[str, str]
) -> None:
    two.move("repo>old")
    two.make_project("repo", how)
    assert two.shown(*order) == {"repo": 0, "old": 2}
    two.spend("repo", 4)
    two.spend("old", 8)
    assert two.shown(*order) == {"repo": 4, "old": 10}
    two.commit("repo")
    assert two.shown(*order) == {"repo": 4, "old": 10}


def test_a_clone_that_was_first_seen_without_a_commit_is_told_from_another_one_later(tmp_path: Path) -> None:
    clones = Clones(tmp_path)
    clones.make_project("new", "unborn")
    clones.spend("new", 2)
    assert clones.shown("new") == {"new": 2}
    clones.commit("new")
    assert clones.shown("new") == {"new": 2}
    clones.git("new", "clone", "-q", ".", "../kept")
    shutil.rmtree(clones.folder / "new")
    clones.git("kept", "clone", "-q", ".", "../new")
    assert clones.shown("new") == {"new": 2}


def test_a_repository_that_is_begun_anew_in_its_folder_takes_nothing_over(two: Clones) -> None:
    shutil.rmtree(two.folder / "repo" / ".git")
    two.make_project("repo")
    two.spend("repo")
    assert two.shown("repo", "other") == {"repo": 1, "other": 1}


def test_a_clone_that_is_made_anew_with_more_commits_keeps_the_usage_and_gives_it_back(two: Clones) -> None:
    two.move("repo>old")
    two.commit("other")
    two.git("other", "clone", "-q", ".", "../repo")
    two.spend("repo")
    assert two.shown("repo", "other") == {"repo": 3, "other": 1}
    two.git("repo", "reflog", "expire", "--expire=all", "--all")
    two.commit("repo")
    assert two.shown("repo", "other") == {"repo": 3, "other": 1}
    assert two.shown("old") == {"old": 3}


def test_the_worktrees_and_submodules_of_a_renamed_clone_go_along(two: Clones) -> None:
    two.git("repo", "-c", "protocol.file.allow=always", "submodule", "add", "-q", "../other", "sub")
    two.git("repo", "worktree", "add", "-q", "-b", "linked", "../linked")
    two.spend("linked", 4)
    two.spend("repo/sub", 8)
    assert two.shown("linked", "repo/sub") == {"linked": 6, "repo/sub": 8}
    two.move("repo>old")
    two.make_project("repo")
    two.git("repo", "-c", "protocol.file.allow=always", "submodule", "add", "-q", "../repo", "sub")
    two.spend("repo/sub")
    assert two.shown("repo", "repo/sub") == {"repo": 0, "repo/sub": 1}
    two.git("old", "worktree", "repair", "../linked")
    assert two.shown("linked", "old", "old/sub") == {"linked": 6, "old": 6, "old/sub": 8}


# --- shallow clones ---


def make_shallow(two: Clones, upstream: str, depth: int = 1) -> None:
    """A shallow clone in the place of `repo`, which is gone."""
    shutil.rmtree(two.folder / "repo")
    two.git(upstream, "clone", "-q", f"--depth={depth}", f"file://{two.folder / upstream}", "../repo")
    two.spend("repo")


@pytest.mark.parametrize(("new", "depth"), [(0, 1), (1, 1), (2, 2), (3, 3)])
def test_a_shallow_clone_continues_if_it_ends_at_or_just_above_a_known_commit(
    two: Clones, new: int, depth: int
) -> None:
    for _ in range(new):
        two.commit("other")
    make_shallow(two, "other", depth)
    assert two.shown("repo", "other") == {"repo": 3, "other": 1}


def test_a_shallow_clone_that_ends_further_up_begins_anew(two: Clones) -> None:
    """docs/reliability.md: nothing shows that it is of the same project. Its address may be another project's now."""
    two.commit("other")
    two.commit("other")
    make_shallow(two, "other")
    assert two.shown("repo", "other") == {"repo": 1, "other": 1}


def test_a_shallow_clone_of_another_project_takes_nothing_over(two: Clones) -> None:
    two.make_project("upstream")
    two.commit("upstream")
    make_shallow(two, "upstream")
    assert two.shown("repo", "other") == {"repo": 1, "other": 1}


# --- whatever is run first ---


@pytest.mark.parametrize("first", few(FIRST, 5))
def test_a_clone_that_is_made_anew_gives_the_usage_back_whatever_is_run_first(two: Clones, first: str) -> None:
    two.move("repo>old")
    two.git("other", "clone", "-q", ".", "../repo")
    two.run("repo", *FIRST[first])
    two.spend("repo")
    assert two.shown("repo", "other") == {"repo": 3, "other": 1}
    assert two.shown("old") == {"old": 3}


@pytest.mark.parametrize("first", few(FIRST, 5))
def test_a_clone_that_is_made_anew_keeps_the_usage_whatever_is_run_first(two: Clones, first: str) -> None:
    shutil.rmtree(two.folder / "repo")
    two.git("other", "clone", "-q", ".", "../repo")
    two.run("repo", *FIRST[first])
    two.spend("repo")
    assert two.shown("repo", "other") == {"repo": 3, "other": 1}


@pytest.mark.parametrize("first", few(FIRST, 5))
@pytest.mark.parametrize("how", ["init", "clone"])
def test_another_project_takes_nothing_over_whatever_is_run_first(two: Clones, first: str, how: str) -> None:
    two.move("repo>old")
    two.make_project("repo", how)
    two.run("repo", *FIRST[first])
    two.spend("repo", 4)
    assert two.shown("repo", "old") == {"repo": 4, "old": 2}
    two.commit("repo")
    assert two.shown("repo", "old", "other") == {"repo": 4, "old": 2, "other": 1}


def test_a_clone_that_is_made_anew_gives_the_usage_back_after_a_commit_and_in_its_new_worktree(two: Clones) -> None:
    two.move("repo>old")
    two.git("other", "clone", "-q", ".", "../repo")
    two.run("repo", *FIRST["enable"])
    two.spend("repo")
    two.first.run("-c", "user.name=A", "-c", "user.email=a@x.org", "commit", "-q", "--allow-empty", "-m", "Work",
                  cwd=two.folder / "repo")  # fmt: skip
    two.git("repo", "worktree", "add", "-q", "-b", "linked", "../linked")
    two.spend("linked", 4)
    assert two.shown("repo", "linked") == {"repo": 7, "linked": 7}
    assert two.shown("old") == {"old": 7}


@pytest.mark.parametrize("how", ["anew", "init"])
def test_a_clone_takes_the_same_over_beside_an_open_editor(two: Clones, how: str) -> None:
    with two.first.serve():
        two.move("repo>old")
        if how == "anew":
            two.git("other", "clone", "-q", ".", "../repo")
        else:
            two.make_project("repo")
        two.run("repo", *FIRST["enable"])
        two.spend("repo", 4)
    assert two.shown("repo", "old") == ({"repo": 6, "old": 6} if how == "anew" else {"repo": 4, "old": 2})


@pytest.mark.parametrize("first", ["enable", "assign", "log"])
def test_nothing_is_concluded_where_git_does_not_answer(two: Clones, tmp_path: Path, first: str) -> None:
    two.move("repo>old")
    two.make_project("repo")
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    real = shutil.which("git")
    git.write_text(f'#!/bin/sh\ncase "$*" in *cat-file*) exit 1 ;; esac\nexec {real} "$@"\n')
    git.chmod(0o755)
    path = f"{git.parent}:{two.first.environ['PATH']}"
    two.first.tokcost(*FIRST[first], cwd=two.folder / "repo", PATH=path)
    assert two.shown("repo", "old") == {"repo": 0, "old": 2}


def test_a_linked_worktree_does_not_hide_a_main_one_that_git_does_not_record(tmp_path: Path) -> None:
    """A clone made with `--separate-git-dir`."""
    clones = Clones(tmp_path)
    clones.git("repo", "clone", "-q", "--separate-git-dir=../apart.git", ".", "../main")
    clones.git("main", "worktree", "add", "-q", "-b", "linked", "../linked")
    clones.spend("main")
    clones.shown("main")
    for words in (FIRST["hooks"], FIRST["assign"]):
        clones.run("linked", *words)
        shown = json.loads(clones.first.tokcost("log", "--json", cwd=clones.folder / "linked").stdout)
        assert shown["repository"] == str(clones.folder / "main")


def test_nothing_is_assigned_to_another_project_in_the_place_of_a_renamed_clone(two: Clones) -> None:
    two.move("repo>old")
    two.make_project("repo")
    two.git("repo", "branch", "feat/x")
    done = two.first.tokcost("assign", "feat/x", "--from", "main", cwd=two.folder / "repo")
    assert (done.returncode, "no usage matches" in done.stderr) == (2, True)
    assert two.shown("repo", "old") == {"repo": 0, "old": 2}
