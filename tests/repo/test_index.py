"""A file that is staged is found in every form of an index, and git is asked only where there may be one."""

import os
import subprocess
from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from tokcost.errors import EnvironmentProblem
from tokcost.repo.index import read_committed, read_staged
from tokcost.repo.worktree import find_worktree

NAME = ".tokcost.toml"
NEIGHBOURS = (".a", ".github/workflows/" + "long" * 40, ".tokcost", ".tokcost.tom", ".tokcost.toml~", "x/.tokcost.toml")


def staged(repo: GitSandbox, hash_bytes: int) -> bytes | None:
    worktree = find_worktree(str(repo.path))
    assert worktree is not None
    return read_staged(worktree, NAME, hash_bytes)


def stage(repo: GitSandbox, *names: str) -> None:
    for name in names:
        path = repo.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n")
    repo.git("add", "-A")


@pytest.mark.parametrize("hashes", [("sha1", 20), ("sha256", 32)], ids=["sha1", "sha256"])
@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_a_staged_file_is_found_among_its_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, hashes: tuple[str, int]
) -> None:
    subprocess.run(["git", "init", "-q", f"--object-format={hashes[0]}", tmp_path], check=True)
    repo = GitSandbox(tmp_path, init=False)
    stage(repo, *NEIGHBOURS)
    repo.git("update-index", "--index-version", version)
    if version == "3":
        repo.git("add", "-N", "-f", "--", *NEIGHBOURS)
        (repo.path / ".b").write_text("")
        repo.git("add", "-N", ".b")  # has more flags, which only that version can say
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        assert staged(repo, hashes[1]) is None
    stage(repo, NAME)
    assert staged(repo, hashes[1]) == b".tokcost.toml\n"
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        with pytest.raises(EnvironmentProblem):
            staged(repo, hashes[1])


@pytest.mark.parametrize("version", ["2", "4"])
def test_a_name_that_only_its_conflict_has_is_not_staged(tmp_path: Path, version: str) -> None:
    repo = GitSandbox(tmp_path)
    stage(repo, "a")
    blob = repo.git("hash-object", "-w", "a")
    lines = "".join(f"100644 {blob} {stage}\t{NAME}\n" for stage in (1, 2, 3))
    subprocess.run(["git", "update-index", "--index-info"], input=lines, text=True, cwd=tmp_path, check=True)
    repo.git("update-index", "--index-version", version)
    assert staged(repo, 20) is None


@pytest.mark.parametrize("version", ["2", "4"])
def test_a_file_is_found_behind_more_hidden_files_than_are_looked_at(tmp_path: Path, version: str) -> None:
    repo = GitSandbox(tmp_path)
    stage(repo, "a")
    blob = repo.git("hash-object", "-w", "a")
    lines = "".join(f"100644 {blob} 0\t.hidden/{number}\n" for number in range(6000))
    lines += f"100644 {blob} 0\t{NAME}\n"
    subprocess.run(["git", "update-index", "--index-info"], input=lines, text=True, cwd=tmp_path, check=True)
    repo.git("update-index", "--index-version", version)
    assert staged(repo, 20) == b"a\n"


BROKEN = [b"", b"DIRC", b"DIRC\0\0\0\2\0\0\0\7" + b"x" * 70, b"DIRC\0\0\0\4\0\0\0\7" + b"\xff" * 99]


@pytest.mark.parametrize("data", BROKEN, ids=["empty", "short", "damaged", "damaged and prefixed"])
def test_an_index_that_was_cut_or_damaged_is_left_to_git(tmp_path: Path, data: bytes) -> None:
    repo = GitSandbox(tmp_path)
    (tmp_path / ".git/index").write_bytes(data)
    assert staged(repo, 20) is None


def test_a_file_in_the_part_that_an_index_shares_is_found(tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path)
    stage(repo, NAME, *NEIGHBOURS)
    repo.git("update-index", "--split-index")
    stage(repo, "more")
    assert staged(repo, 20) == b".tokcost.toml\n"


def test_no_index_has_no_file(tmp_path: Path) -> None:
    assert staged(GitSandbox(tmp_path), 20) is None


def test_a_link_in_a_bare_repository_leads_to_a_file_of_the_same_commit(tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path / "repo")
    stage(repo, "conf/policy")
    (repo.path / NAME).symlink_to("conf/policy")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "Link")
    repo.git("clone", "-q", "--bare", ".", "../bare")
    assert read_committed(str(tmp_path / "bare"), NAME) == b"conf/policy\n"
    (repo.path / NAME).unlink()
    (repo.path / NAME).symlink_to("../outside")
    repo.git("commit", "-q", "-a", "-m", "Another link")
    repo.git("push", "-q", "../bare", "HEAD")
    with pytest.raises(OSError, match="is a link"):
        read_committed(str(tmp_path / "bare"), NAME)


@pytest.mark.parametrize("folder", ["..conf", "...", "conf", "..conf/.."])
def test_a_staged_link_leads_to_a_staged_file_whatever_its_name_begins_with(tmp_path: Path, folder: str) -> None:
    repo = GitSandbox(tmp_path)
    stage(repo, "..conf/policy", ".../policy", "conf/policy", "policy")
    (repo.path / NAME).symlink_to(f"{folder}/policy")
    repo.git("add", "-A")
    assert staged(repo, 20) == f"{os.path.normpath(folder)}/policy\n".removeprefix("./").encode()


@pytest.mark.parametrize("target", ["..", "../policy", "conf/../../policy", "/etc/hostname"])
def test_a_staged_link_that_leads_out_of_the_repository_is_refused(tmp_path: Path, target: str) -> None:
    repo = GitSandbox(tmp_path / "repo")
    (tmp_path / "policy").write_text("")
    stage(repo, "conf/policy")
    (repo.path / NAME).symlink_to(target)
    repo.git("add", "-A")
    with pytest.raises(OSError, match="leads out"):
        staged(repo, 20)
