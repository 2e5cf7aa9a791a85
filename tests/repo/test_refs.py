"""Local branches, held against `git for-each-ref`."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from support.meanwhile import meanwhile
from tokcost.repo.head import head_commit
from tokcost.repo.reflog import read_reflog
from tokcost.repo.refs import (
    all_tips,
    default_branch,
    has_many_refs,
    local_branches,
    merged_branches,
    tips_of_branches,
)
from tokcost.repo.worktree import find_worktree

ODD = ["feat/x", "feat/y/z", "#1", "quo'te\"s", "caf\u00e9", "next\u0085line", "separator\u2028", "a.lock.b"]


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    sandbox = GitSandbox(tmp_path / "repo")
    sandbox.commit()
    return sandbox


def git_dir(repo: GitSandbox) -> str:
    return f"{repo.path}/.git"


def as_git_says(repo: GitSandbox) -> dict[str, str]:
    lines = repo.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/").split("\n")
    return {name.removeprefix("refs/heads/"): tip for name, tip in (line.split(" ") for line in lines)}


def test_branches_are_those_git_lists_loose_packed_and_moved_since(repo: GitSandbox) -> None:
    for name in ODD:
        repo.git("branch", name)
    assert local_branches(git_dir(repo)) == as_git_says(repo)
    repo.git("pack-refs", "--all")
    repo.git("branch", "-D", "feat/y/z")
    repo.commit()
    assert local_branches(git_dir(repo)) == as_git_says(repo)


def test_git_is_asked_where_only_git_can_read_and_lists_the_same(repo: GitSandbox) -> None:
    for name in ODD:
        repo.git("branch", name)
    os.mkdir(f"{git_dir(repo)}/reftable")
    assert local_branches(git_dir(repo)) == as_git_says(repo)


def test_a_name_that_is_no_utf8_is_the_same_whether_files_or_git_tell_it(repo: GitSandbox) -> None:
    name = os.fsdecode(b"latin-\xe9")
    repo.switch("-c", name)
    repo.git("commit", "-q", "--allow-empty", "-m", name)
    here = find_worktree(str(repo.path))
    assert here is not None

    def told() -> tuple[object, ...]:
        return local_branches(here.common_dir), all_tips(here.common_dir), read_reflog(here)

    written = told()
    assert "latin-\\xe9" in (local_branches(here.common_dir) or {})
    os.mkdir(f"{git_dir(repo)}/reftable")
    assert told() == written


def test_a_repository_that_is_gone_has_unknown_branches_not_none(tmp_path: Path) -> None:
    assert local_branches(str(tmp_path / "gone")) is None


def test_a_branch_is_merged_when_it_has_commits_and_the_other_holds_them_all(repo: GitSandbox) -> None:
    for name in ("next\u0085line", "open", "forwarded"):
        repo.switch("-c", name, "main")
        repo.git("commit", "-q", "--allow-empty", "-m", name)
    repo.switch("main")
    repo.git("branch", "untouched")
    repo.git("merge", "-q", "--ff-only", "forwarded")
    repo.git("merge", "-q", "--no-ff", "--no-edit", "next\u0085line")
    among = {**(local_branches(git_dir(repo)) or {}), "never-was": "0" * 40}
    assert merged_branches(git_dir(repo), "main", among) == {"forwarded", "next\u0085line"}


@pytest.mark.parametrize("links", ["false", "true"])
def test_the_remotes_default_branch_is_what_others_are_merged_into(
    repo: GitSandbox, tmp_path: Path, links: str
) -> None:
    repo.switch("-c", "release/9")
    repo.git("clone", "-q", "-c", f"core.preferSymlinkRefs={links}", str(repo.path), str(tmp_path / "clone"))
    assert os.path.islink(tmp_path / "clone/.git/refs/remotes/origin/HEAD") == (links == "true")
    assert default_branch(f"{tmp_path}/clone/.git", {"main": "", "release/9": ""}) == "release/9"
    assert default_branch(git_dir(repo), {"x": "", "master": ""}) == "master"
    assert default_branch(git_dir(repo), {"x": ""}) is None


KINDS = ("refs/heads/x", "refs/remotes/origin/x", "refs/tags/x", "refs/stash", "refs/jj/keep/x", "refs/headsx/y")


@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_what_publishes_commits_is_branches_remote_branches_and_tags(repo: GitSandbox, packed: bool) -> None:
    for ref in KINDS:
        repo.git("update-ref", ref, "HEAD")
    if packed:
        repo.git("pack-refs", "--all")
    asked = ("for-each-ref", "--format=%(refname) %(objectname)")
    as_git_says = dict(
        line.split(" ") for line in repo.git(*asked, "refs/heads/", "refs/remotes/", "refs/tags/").split("\n")
    )
    assert all_tips(git_dir(repo)) == as_git_says
    assert {*KINDS[:3]} < as_git_says.keys()
    assert all_tips(git_dir(repo), only_local=True).keys() == {"refs/heads/main", "refs/heads/x"}


def test_annotated_tags_that_are_packed_are_what_their_line_says(repo: GitSandbox) -> None:
    repo.git("tag", "-a", "-m", "v1", "v1")
    before = all_tips(git_dir(repo))
    repo.git("pack-refs", "--all")
    assert all_tips(git_dir(repo)) == before


def test_many_refs_are_those_that_were_fetched_whatever_keeps_them(repo: GitSandbox) -> None:
    folder = f"{git_dir(repo)}/refs/remotes/origin/pull"
    os.makedirs(folder)
    for number in range(900):
        Path(f"{folder}/{number}").write_text(f"{'a' * 40}\n")
    assert not has_many_refs(git_dir(repo))
    for number in range(900, 1100):
        Path(f"{folder}/{number}").write_text(f"{'a' * 40}\n")
    assert has_many_refs(git_dir(repo))
    repo.git("init", "-q", "../packed", cwd=repo.path)
    packed = repo.path.parent / "packed/.git"
    assert not has_many_refs(str(packed))
    (packed / "packed-refs").write_text("".join(f"{'a' * 40} refs/remotes/origin/{n:07}\n" for n in range(20_000)))
    assert has_many_refs(str(packed))


def commit_at_head(common_dir: str) -> str:
    here = find_worktree(os.path.dirname(common_dir))
    assert here is not None
    return head_commit(here)


@pytest.mark.parametrize(
    "read", [local_branches, lambda folder: tips_of_branches(folder, ["main", "feat/x"]), all_tips, commit_at_head]
)
def test_no_ref_is_missing_while_git_packs_refs_at_any_moment(repo: GitSandbox, read: Callable[[str], object]) -> None:
    repo.git("branch", "feat/x")
    repo.git("tag", "v1")
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    expected = read(git_dir(repo))
    for moment in range(50):
        copy = Path(shutil.copytree(repo.path, repo.path.parent / f"copy{moment}"))
        with meanwhile(copy / ".git", moment, lambda copy=copy: repo.git("pack-refs", "--all", cwd=copy)) as packing:
            found = read(f"{copy}/.git")
        assert found == expected, f"packed at moment {moment}"
        if not packing.has_acted:
            assert moment > 1
            return
    raise AssertionError("so many files are read that not every moment was tried")
