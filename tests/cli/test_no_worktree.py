"""Commands in a bare repository, inside `.git` and outside of any: each is named as what it is."""

import os
import subprocess
from pathlib import Path

import pytest

from support.machine import Machine
from support.terminal import piped

NEED_A_WORKTREE = [
    ["log"], ["status"], ["enable", "--yes"], ["disable"], ["preview"], ["budget"], ["budget", "check"],
    ["budget", "set", "5", "--day"], ["hooks", "status"], ["hooks", "install"], ["hooks", "uninstall"],
    ["assign", "main", "--unplaced"],
]  # fmt: skip


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "bare.git"], check=True)
    return tmp_path / "bare.git"


@pytest.mark.parametrize("words", NEED_A_WORKTREE, ids=" ".join)
def test_a_bare_repository_is_named_so(machine: Machine, bare: Path, words: list[str]) -> None:
    done = piped(words, bare, machine.environ)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(
        f"tokcost: {bare} is in the bare repository {bare}, which has no branch checked out\n"
    )
    assert "`tokcost report` needs neither" in done.stderr


def test_so_is_one_that_a_file_leads_to(machine: Machine, bare: Path, tmp_path: Path) -> None:
    """People keep linked worktrees in one folder, around a bare clone that is hidden in it."""
    around = tmp_path / "around"
    around.mkdir()
    (around / ".git").write_text("gitdir: ../bare.git\n")
    said = piped(["log"], around, machine.environ).stderr
    assert said.startswith(f"tokcost: {around} is in the bare repository {bare}, which has no branch checked out\n")


def test_the_doctor_and_all_repositories_work_in_a_bare_repository(machine: Machine, bare: Path) -> None:
    shown = piped(["doctor"], bare / "refs", machine.environ)
    assert "is in the bare repository" in shown.stdout
    assert shown.stderr == ""
    assert piped(["log", "--all-repos"], bare, machine.environ).returncode == 0


@pytest.mark.few
@pytest.mark.parametrize("words", [["report"], ["report", "--json"], ["doctor", "--forge"]], ids=" ".join)
def test_history_is_read_of_a_bare_repository_that_git_names(
    machine: Machine, bare: Path, tmp_path: Path, words: list[str]
) -> None:
    """git names it so to an alias, and a job of a forge does."""
    subprocess.run(["git", "push", "-q", bare, "HEAD:main", "HEAD:master"], cwd=machine.repo, check=True)
    for named in (str(bare), os.path.relpath(bare, tmp_path)):
        outside = piped(words, tmp_path, {**machine.environ, "GIT_DIR": named})
        inside = piped(words, bare, machine.environ)
        assert (outside.returncode, outside.stderr, outside.stdout) == (0, "", inside.stdout)


@pytest.mark.parametrize("words", [["log"], ["enable", "--yes"]], ids=" ".join)
def test_a_bare_repository_that_git_names_is_named_where_a_worktree_is_needed(
    machine: Machine, bare: Path, tmp_path: Path, words: list[str]
) -> None:
    done = piped(words, tmp_path, {**machine.environ, "GIT_DIR": str(bare)})
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"tokcost: GIT_DIR names {bare}, which has no worktree here\n")


def test_gits_own_folder_is_named_so(machine: Machine) -> None:
    done = piped(["log"], machine.repo / ".git" / "refs", machine.environ)
    assert done.returncode == 3
    assert f"is in git's own folder {machine.repo}/.git" in done.stderr


def test_a_folder_in_no_repository_is_still_one(machine: Machine, tmp_path: Path) -> None:
    assert "is not in a git repository" in piped(["log"], tmp_path, machine.environ).stderr


def test_in_a_repository_without_any_commit_the_doctor_finds_nothing_wrong(empty_machine: Machine) -> None:
    done = piped(["doctor"], empty_machine.repo, empty_machine.environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Nothing is wrong.\n")
    assert "!" not in done.stdout
