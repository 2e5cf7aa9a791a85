"""Which worktrees belong to the folders of an editor."""

from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from tokcost.services.follow_folders import worktree_at, worktrees_around


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    sandbox = GitSandbox(tmp_path / "repo")
    sandbox.commit()
    return sandbox


def test_a_folder_brings_its_linked_worktrees_and_submodules(repo: GitSandbox, tmp_path: Path) -> None:
    source = GitSandbox(tmp_path / "source")
    source.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(source.path), "sub")
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    (tmp_path / "plain").mkdir()
    expected = {str(repo.path), str(tmp_path / "linked"), str(repo.path / "sub")}
    for folder in (repo.path, tmp_path / "linked"):
        found = worktrees_around([str(folder), str(tmp_path / "plain"), str(tmp_path / "gone")])
        assert {one.path for one in found} == expected
    assert {one.path for one in worktrees_around([str(repo.path / "sub")])} == {str(repo.path / "sub")}


def test_a_file_of_gits_own_belongs_to_the_worktree_it_is_of(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    for folder, path in [
        (repo.path, repo.path),
        (repo.path / ".git", repo.path),
        (repo.path / ".git/logs", repo.path),
        (repo.path / ".git/worktrees/linked", tmp_path / "linked"),
    ]:
        found = worktree_at(str(folder))
        assert found is not None
        assert found.path == str(path)
    assert worktree_at(str(tmp_path)) is None
    assert worktree_at("/") is None
