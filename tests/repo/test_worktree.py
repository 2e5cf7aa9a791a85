"""Finding the worktree around a folder, held against what git itself says of real repositories."""

import os
import shutil
from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from tokcost.model.worktree import Worktree
from tokcost.repo.worktree import (
    find_bare,
    find_worktree,
    linked_worktrees,
    repository_fingerprint,
    submodules,
    worktree_of_git_dir,
)


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    sandbox = GitSandbox(tmp_path / "repo")
    sandbox.commit()
    return sandbox


def find(folder: Path) -> Worktree | None:
    return find_worktree(str(folder))


def found(folder: Path) -> Worktree:
    worktree = find(folder)
    assert worktree is not None
    return worktree


def as_git_says(repo: GitSandbox, folder: Path) -> tuple[str, ...]:
    asked = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
    return tuple(repo.git("rev-parse", "--path-format=absolute", one, cwd=folder) for one in asked)


def agrees_with_git(repo: GitSandbox, folder: Path) -> bool:
    return found(folder)[:3] == as_git_says(repo, folder)


@pytest.mark.few
@pytest.mark.parametrize(
    "name", ["plain", "with space", "quo'te\"s", "$(x);&", "ünï", "-dash", "line\nend", "caf\udce9"]
)
def test_a_clone_and_its_linked_worktree_are_found_whatever_they_are_called(tmp_path: Path, name: str) -> None:
    repo = GitSandbox(tmp_path / name / "repo")
    repo.commit()
    linked = tmp_path / name / "linked"
    repo.git("worktree", "add", "-q", "-b", "x", str(linked))
    assert agrees_with_git(repo, repo.path)
    assert found(repo.path).root == str(repo.path)
    assert found(linked)[1:] == (f"{repo.path}/.git/worktrees/linked", f"{repo.path}/.git", str(repo.path))
    assert [one.path for one in linked_worktrees(f"{repo.path}/.git")] == [str(linked)]


def test_subfolders_and_symbolic_links_lead_to_the_real_worktree(repo: GitSandbox, tmp_path: Path) -> None:
    (repo.path / "a/b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(repo.path / "a")
    for folder in (repo.path / "a/b", tmp_path / "link/b", tmp_path / "link"):
        assert found(folder).path == str(repo.path)
        assert agrees_with_git(repo, folder)


def test_a_git_folder_behind_a_symbolic_link_is_one_repository_with_its_linked_worktrees(
    repo: GitSandbox, tmp_path: Path
) -> None:
    (repo.path / ".git").rename(tmp_path / "store")
    (repo.path / ".git").symlink_to(tmp_path / "store")
    repo.git("worktree", "add", "-q", "-b", "x", str(tmp_path / "linked"))
    assert found(repo.path).common_dir == found(tmp_path / "linked").common_dir == str(tmp_path / "store")


def test_a_submodule_is_a_repository_of_its_own_and_so_are_its_worktrees(repo: GitSandbox, tmp_path: Path) -> None:
    other = GitSandbox(tmp_path / "other")
    other.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.path), "sub")
    submodule = repo.path / "sub"
    repo.git("worktree", "add", "-q", "-b", "x", str(tmp_path / "linked"), cwd=submodule)
    assert agrees_with_git(repo, submodule)
    assert found(submodule).common_dir == f"{repo.path}/.git/modules/sub"
    assert found(submodule).root == found(tmp_path / "linked").root == str(submodule)


def test_a_clone_whose_git_folder_is_elsewhere_is_found(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--separate-git-dir", str(tmp_path / "store"), str(repo.path), str(tmp_path / "clone"))
    assert agrees_with_git(repo, tmp_path / "clone")


@pytest.mark.parametrize("inside", [".git", ".git/objects", ".git/worktrees/linked"])
def test_inside_a_git_folder_there_is_no_worktree(repo: GitSandbox, tmp_path: Path, inside: str) -> None:
    repo.git("worktree", "add", "-q", "-b", "x", str(tmp_path / "linked"))
    assert find(repo.path / inside) is None


def test_a_bare_repository_has_no_worktree_but_its_linked_ones(repo: GitSandbox, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    repo.git("clone", "-q", "--bare", str(repo.path), str(bare))
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"), "main", cwd=bare)
    assert find(bare) is None
    assert find(bare / "refs") is None
    assert [one and one.root for one in (find_bare(str(bare)), find_bare(str(bare / "refs")))] == [str(bare)] * 2
    assert find_bare(str(repo.path)) is None
    assert find_bare(str(tmp_path)) is None
    assert found(tmp_path / "linked").root == str(bare)


@pytest.mark.parametrize("hidden", [".bare", ".git"])
def test_a_project_folder_around_a_hidden_bare_repository_is_no_worktree(
    repo: GitSandbox, tmp_path: Path, hidden: str
) -> None:
    """A usual layout for many worktrees: `project/.bare`, `project/.git` that points to it, `project/main`, …"""
    project = tmp_path / "project"
    repo.git("clone", "-q", "--bare", str(repo.path), str(project / hidden))
    if hidden != ".git":
        (project / ".git").write_text(f"gitdir: ./{hidden}\n")
    repo.git("worktree", "add", "-q", str(project / "main"), "main", cwd=project)
    assert find(project) is None
    assert found(project / "main").root == str(project / hidden)
    (project / "notes").mkdir()
    around = [find_bare(str(project / folder)) for folder in ("", "notes", "gone")]
    assert {one and (one.path, one.common_dir, one.root) for one in around} == {
        (str(project), str(project / hidden), str(project / hidden))
    }


def test_sparse_worktrees_keep_bareness_in_another_file(repo: GitSandbox, tmp_path: Path) -> None:
    bare = tmp_path / "project/.git"
    repo.git("clone", "-q", "--bare", str(repo.path), str(bare))
    repo.git("worktree", "add", "-q", str(tmp_path / "project/main"), "main", cwd=bare)
    repo.git("sparse-checkout", "set", "src", cwd=tmp_path / "project/main")
    assert "bare" in (bare / "config.worktree").read_text()
    assert find(tmp_path / "project") is None


@pytest.mark.parametrize("folder", ["", "/", "/nowhere/at/all", "/a\0b", "/a\ud800b", "/" + "x" * 5000])
def test_no_repository_is_no_worktree_and_no_error(tmp_path: Path, folder: str) -> None:
    assert find_worktree(str(tmp_path) + folder) is None


def test_a_deleted_subfolder_still_lies_in_its_worktree(repo: GitSandbox) -> None:
    assert found(repo.path / "gone/deeper").path == str(repo.path)


def test_a_deleted_worktree_beside_its_clone_is_found_no_more(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "x", str(tmp_path / "linked"))
    shutil.rmtree(tmp_path / "linked")
    assert find(tmp_path / "linked") is None
    assert [one.path for one in linked_worktrees(f"{repo.path}/.git")] == [str(tmp_path / "linked")]


def test_a_deleted_worktree_inside_its_clone_is_itself_as_long_as_git_knows_of_it(repo: GitSandbox) -> None:
    inside = repo.path / ".claude/worktrees/x"
    repo.git("worktree", "add", "-q", "-b", "x", str(inside))
    (inside / "src").mkdir()
    shutil.rmtree(inside)
    assert found(inside / "src").git_dir == f"{repo.path}/.git/worktrees/x"
    repo.git("worktree", "prune")
    assert found(inside / "src").path == str(repo.path)


def test_a_worktree_whose_pointer_is_broken_does_not_fall_to_the_repository_around_it(repo: GitSandbox) -> None:
    inside = repo.path / ".claude/worktrees/x"
    repo.git("worktree", "add", "-q", "-b", "x", str(inside))
    shutil.rmtree(repo.path / ".git/worktrees/x")
    assert find(inside) is None
    assert repo.git("rev-parse", "--show-toplevel", cwd=inside, ok=False) == ""


def test_a_git_folder_that_is_no_repository_is_passed_over_as_git_does(repo: GitSandbox) -> None:
    (repo.path / "sub/.git").mkdir(parents=True)
    assert found(repo.path / "sub").path == str(repo.path)
    assert agrees_with_git(repo, repo.path / "sub")


def shared(first: str, second: str) -> set[str]:
    return {token.partition(":")[0] for token in set(first.split()) & set(second.split())}


def test_a_clone_that_was_renamed_or_moved_to_another_disk_is_recognised(repo: GitSandbox, tmp_path: Path) -> None:
    before = repository_fingerprint(f"{repo.path}/.git")
    shutil.copytree(repo.path, tmp_path / "other disk")
    repo.path.rename(tmp_path / "renamed")
    assert shared(before, repository_fingerprint(f"{tmp_path}/renamed/.git")) == {"inode", "reflog", "commit"}
    assert shared(before, repository_fingerprint(f"{tmp_path}/other disk/.git")) == {"reflog", "commit"}


def test_a_renamed_clone_is_recognised_also_when_its_reflog_expired(repo: GitSandbox, tmp_path: Path) -> None:
    before = repository_fingerprint(f"{repo.path}/.git")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.path.rename(tmp_path / "renamed")
    assert shared(before, repository_fingerprint(f"{tmp_path}/renamed/.git")) == {"inode"}


def test_a_new_clone_in_the_place_of_a_deleted_one_is_another_clone(repo: GitSandbox, tmp_path: Path) -> None:
    """File systems hand out inodes again at once."""
    before = repository_fingerprint(f"{repo.path}/.git")
    shutil.rmtree(repo.path)
    again = GitSandbox(tmp_path / "repo").at(60)
    again.commit()
    assert shared(before, repository_fingerprint(f"{again.path}/.git")) == set()


def test_a_git_folder_knows_its_worktree(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    add_submodule(repo, tmp_path, "deep/sub")
    for folder in (repo.path, tmp_path / "linked", repo.path / "deep/sub"):
        worktree = found(folder)
        assert worktree_of_git_dir(worktree.git_dir) == worktree
    assert worktree_of_git_dir(str(repo.path)) is None
    assert worktree_of_git_dir(str(repo.path / ".git/objects")) is None


def test_submodules_are_found_at_any_depth(repo: GitSandbox, tmp_path: Path) -> None:
    assert list(submodules(str(repo.path / ".git"))) == []
    add_submodule(repo, tmp_path, "deep/sub")
    inner = GitSandbox(repo.path / "deep/sub", init=False)
    add_submodule(inner, tmp_path, "inner")
    assert {one.path for one in submodules(str(repo.path / ".git"))} == {
        str(repo.path / "deep/sub"),
        str(repo.path / "deep/sub/inner"),
    }


def add_submodule(repo: GitSandbox, tmp_path: Path, name: str) -> None:
    source = GitSandbox(tmp_path / f"source-{Path(name).name}")
    source.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(source.path), name)


def test_folders_that_are_gone_are_not_asked_for_one_by_one(repo: GitSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = repo.path / "/".join(["gone"] * 700)
    asked: list[object] = []
    stat, lstat = os.stat, os.lstat
    monkeypatch.setattr(os, "stat", lambda *words, **named: (asked.append(words), stat(*words, **named))[1])
    monkeypatch.setattr(os, "lstat", lambda *words, **named: (asked.append(words), lstat(*words, **named))[1])
    assert found(deep).path == str(repo.path)
    assert len(asked) < 100
    assert find(Path("/gone") / deep.relative_to("/")) is None
    assert len(asked) < 200


def test_a_folder_that_is_gone_lies_where_its_path_leads(repo: GitSandbox, tmp_path: Path) -> None:
    (repo.path / "there").mkdir()
    (tmp_path / "link").symlink_to(repo.path / "there")
    (tmp_path / "broken").symlink_to(repo.path / "gone/a")
    for name in ("link/gone/a", "gone/../link/gone", "link/gone/../../../gone/../repo/a", "broken/b", "./link//gone/."):
        assert found(Path(f"{tmp_path}/{name}")).path == str(repo.path), name
        assert find_worktree(f"{tmp_path}/{name}") == found(repo.path), name
    for name in ("gone/a", "link/../../gone", "repo/gone/.git/a", "repo/gone/../../a"):
        assert find_worktree(f"{tmp_path}/{name}") is None, name


def test_a_path_that_no_folder_can_have_lies_nowhere(repo: GitSandbox) -> None:
    path = f"{repo.path}/" + "a/" * 3_000
    assert find_worktree(path[:4095]) == found(repo.path)
    assert find_worktree(path[:4096] + "a") is None
    assert find_worktree(f"{repo.path}/a\0b") is None
    assert find_worktree(f"{repo.path}/a\ud800") is None
