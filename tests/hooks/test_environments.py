"""Odd environments: of programs with windows, of other Pythons, of git's aliases, of a repository that git is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked

WORLDS = {
    "a short PATH": {"PATH": "/usr/bin:/bin"},
    "LC_ALL=POSIX": {"LC_ALL": "POSIX"},
    "PYTHONHOME of another": {"PYTHONHOME": "/nonexistent", "PYTHONPATH": "/nonexistent"},
    "PYTHONWARNINGS=error": {"PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"},
    "PYTHONSTARTUP and others": {"PYTHONSTARTUP": "/nonexistent", "PYTHONINSPECT": "1", "PYTHONOPTIMIZE": "2"},
    "no TMPDIR": {"TMPDIR": "/nonexistent"},
    "no HOME to speak of": {"XDG_CONFIG_HOME": "/nonexistent", "XDG_DATA_HOME": "relative"},
    "an environment of git": {"GIT_TRACE": "/dev/null", "GIT_PAGER": "false", "GIT_EXTERNAL_DIFF": "false"},
}


@pytest.mark.few
@pytest.mark.parametrize("world", WORLDS)
def test_a_commit_carries_its_line_in_an_odd_environment(repo: Hooked, world: str) -> None:
    repo.spend()
    repo.change()
    repo.hooked("-m", "Work", env=WORLDS[world])
    assert [line.tokens for line in repo.lines()] == [REPLY]


def asked(repo: Hooked, *words: str, cwd: Path, command: str = "status") -> "subprocess.CompletedProcess[str]":
    """An alias of git that asks us."""
    program = repo.home.parent / "tokcost"
    program.write_text('#!/bin/sh\nexec "$PYTHON" -P -c "from tokcost.cli.start import main; main()" "$@"\n')
    program.chmod(0o755)
    alias = ("-c", f"alias.cost=!{program} {command}")
    environ = repo.environ | {"PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        ["git", *words, *alias, "cost"], cwd=cwd, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def told_of(repo: Hooked, branch: str, *words: str, cwd: Path) -> None:
    done = asked(repo, *words, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    assert branch in done.stdout


@pytest.fixture
def tree(repo: Hooked) -> Path:
    """A linked worktree on `side`; the main one is on `main`."""
    path = repo.path.parent / "tree"
    repo.git("worktree", "add", "-q", "-b", "side", str(path))
    repo.work("One")
    return path


def test_an_alias_tells_of_the_repository_that_git_names(repo: Hooked, tree: Path, tmp_path: Path) -> None:
    deep, outside = repo.path / "deep/er", tmp_path / "outside"
    deep.mkdir(parents=True)
    outside.mkdir()
    git_dir = repo.path / ".git"
    told_of(repo, "main", cwd=deep)
    told_of(repo, "side", cwd=tree)
    told_of(repo, "side", "-C", str(tree), cwd=repo.path)
    told_of(repo, "main", f"--git-dir={git_dir}", f"--work-tree={repo.path}", cwd=outside)
    told_of(repo, "main", f"--git-dir={os.path.relpath(git_dir, outside)}", "--work-tree=../repo", cwd=outside)
    told_of(repo, "main", f"--git-dir={git_dir}", cwd=outside)
    told_of(repo, "side", f"--git-dir={git_dir}/worktrees/tree", f"--work-tree={tree}", cwd=outside)
    told_of(repo, "side", f"--git-dir={git_dir}/worktrees/tree", cwd=outside)


def test_a_repository_that_git_names_is_told_of_also_from_within_another_one(repo: Hooked, tmp_path: Path) -> None:
    repo.work("One")
    repo.git("switch", "-q", "-c", "named")
    subprocess.run(["git", "init", "-q", "-b", "another", tmp_path / "other"], check=True)
    told_of(repo, "named", f"--git-dir={repo.path}/.git", f"--work-tree={repo.path}", cwd=tmp_path / "other")
    for command in ("log", "report", "doctor", "preview"):
        done = asked(repo, f"--git-dir={repo.path}/.git", cwd=tmp_path / "other", command=command)
        assert done.returncode in (0, 1)
        assert "another" not in done.stdout


def test_a_git_folder_that_is_none_is_no_reason_to_find_nothing(repo: Hooked) -> None:
    repo.work("One")
    for git_dir in ("/nonexistent", "", ".git/objects"):
        done = repo.tokcost("status", GIT_DIR=git_dir)
        assert (done.returncode, "main" in done.stdout) == (0, True), done.stderr


def test_a_commit_from_elsewhere_carries_the_line_of_the_repository_that_git_names(
    repo: Hooked, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for options in (("-C", str(repo.path)), (f"--git-dir={repo.path}/.git", f"--work-tree={repo.path}")):
        repo.spend()
        repo.change()
        repo.run(*options, "commit", "-q", "-m", "From elsewhere", cwd=outside)
        assert [line.tokens for line in repo.lines()] == [REPLY]
    repo.spend()
    repo.change()
    named = {"GIT_DIR": f"{repo.path}/.git", "GIT_WORK_TREE": str(repo.path)}
    repo.run("commit", "-q", "-m", "Named in the environment", cwd=outside, env=named)
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_commit_with_an_index_of_its_own_carries_its_line(repo: Hooked) -> None:
    repo.change()
    repo.spend()
    (repo.path / "only").write_text("this one\n")
    repo.git("add", "only")
    repo.hooked("-m", "Only this file", "only")
    repo.change()
    repo.spend()
    index = str(repo.common_dir / "other-index")
    repo.git("read-tree", "HEAD", GIT_INDEX_FILE=index)
    repo.git("add", "-A", GIT_INDEX_FILE=index)
    repo.hooked("-m", "Another index", env={"GIT_INDEX_FILE": index})
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_repository_kept_apart_from_the_files_it_tracks(repo: Hooked, tmp_path: Path) -> None:
    """`git --git-dir=~/.dotfiles --work-tree=~`: bare by its configuration, with a working tree by the command line."""
    home, bare = tmp_path / "files", tmp_path / "dotfiles.git"
    home.mkdir()
    subprocess.run(["git", "init", "-q", "--bare", "-b", "dots", bare], check=True)
    (home / "rc").write_text("1\n")
    options = (f"--git-dir={bare}", f"--work-tree={home}")
    repo.run(*options, "add", str(home / "rc"), cwd=home)
    repo.run(*options, "commit", "-q", "-m", "Dots", cwd=home)
    told_of(repo, "dots", *options, cwd=home)
