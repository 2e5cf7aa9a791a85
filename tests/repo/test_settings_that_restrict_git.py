"""Settings that restrict git: they hide nothing from us, and no check of safety is switched off."""

from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from support.tables import few
from tokcost.errors import EnvironmentProblem
from tokcost.repo.history import find_repository, read_files, remote_address
from tokcost.repo.messages import read_commit
from tokcost.repo.run import run_git

ADDRESS = "https://example.com/a/b.git"


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    found = GitSandbox(tmp_path / "repo")
    found.commit("file", "1\n")
    found.git("remote", "add", "origin", ADDRESS)
    return found


def set_for_all(monkeypatch: pytest.MonkeyPatch, key: str, value: str) -> None:
    """A setting of the user's own: git heeds some nowhere else."""
    for name, said in (("COUNT", "1"), ("KEY_0", key), ("VALUE_0", value)):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", said)


@pytest.mark.parametrize("where", few(["the git folder", "a bare repository", "below the git folder"], 2))
def test_a_bare_repository_that_nobody_named_to_git(
    tmp_path: Path, repo: GitSandbox, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    repo.git("clone", "-q", "--bare", str(repo.path), "../bare.git")
    repo.git("--git-dir", str(tmp_path / "bare.git"), "remote", "set-url", "origin", ADDRESS)
    folders = {"the git folder": repo.path / ".git", "below the git folder": repo.path / ".git/refs"}
    folder = str(folders.get(where, tmp_path / "bare.git"))
    set_for_all(monkeypatch, "safe.bareRepository", "explicit")
    assert remote_address(find_repository(folder)) == ADDRESS
    assert read_commit(folder, repo.head()).id == repo.head()
    assert "safe.bareRepository" not in run_git(["config", "--local", "--list"], folder)


@pytest.mark.parametrize(
    "setting",
    few(["log.showRoot=false", "diff.ignoreSubmodules=all", "submodule.sub.ignore=all", "diff.relative=true"], 2),
)
def test_no_setting_hides_a_file_that_a_commit_changed(repo: GitSandbox, setting: str) -> None:
    root = repo.head()
    (repo.path / "inner").mkdir()
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.path), "sub")
    commit = repo.commit("inner/file", "1\n")
    key, _, value = setting.partition("=")
    if key.startswith("submodule."):
        repo.git("config", "--file", ".gitmodules", key, value)
    repo.git("config", key, value)
    found = read_files(find_repository(str(repo.path / "inner")), [root, commit])
    assert {name: set(files.paths) for name, files in found.items()} == {
        root: {"file"},
        commit: {"inner/file", "sub", ".gitmodules"},
    }


def test_a_repository_of_another_user_stays_closed(repo: GitSandbox) -> None:
    for folder in (repo.path, repo.path / ".git"):
        with pytest.raises(EnvironmentProblem):
            run_git(["log"], folder, more={"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
