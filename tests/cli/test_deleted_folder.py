"""Commands in a folder that was deleted, as those are in which an assistant had a worktree."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support.machine import Machine

HERE = [
    ["log"], ["log", "main"], ["status"], ["preview"], ["why"], ["doctor"], ["check"], ["budget"], ["hooks", "status"],
    ["enable", "--yes"], ["disable"], ["report"], ["export", "usage"], ["assign", "main", "--unplaced"],
    ["purge", "--all", "--dry-run"], ["uninstall"], ["prices"],
]  # fmt: skip


def run_in_deleted_folder(machine: Machine, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    program = shlex.join([sys.executable, "-m", "tokcost", *words])
    script = f"cd {shlex.quote(str(folder))} && rmdir {shlex.quote(str(folder))} && exec {program}"
    return subprocess.run(["sh", "-c", script], env=machine.environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", HERE, ids=" ".join)
def test_it_is_named_and_is_no_bug(machine: Machine, tmp_path: Path, words: list[str]) -> None:
    done = run_in_deleted_folder(machine, tmp_path / "gone", *words)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "tokcost: the current folder was deleted\nhint: Change to one that exists, for example with `cd ~`.\n"
    )


@pytest.mark.parametrize("more", [[], ["--format", "{branch}"], ["--json"], ["--no-refresh"]])
def test_a_prompt_is_empty_there(machine: Machine, tmp_path: Path, more: list[str]) -> None:
    done = run_in_deleted_folder(machine, tmp_path / "gone", "status", "--quiet", *more)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_assistant_goes_on_there(machine: Machine, tmp_path: Path) -> None:
    done = run_in_deleted_folder(machine, tmp_path / "gone", "guard", "check", "claude-code", "prompt")
    assert (done.returncode, done.stdout, done.stderr) == (0, "{}\n", "")
