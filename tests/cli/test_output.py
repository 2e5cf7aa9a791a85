"""Commands whose output, errors or input are full, closed or left: a sentence and an exit code, never a crash."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.machine import Machine
from support.tables import few

PROGRAM = "from tokcost.cli.start import main; main()"
COMMANDS = [
    ["log"], ["log", "--json"], ["log", "--csv"], ["log", "main", "--by", "session"], ["status"], ["status", "--json"],
    ["doctor"], ["prices", "explain", "claude-sonnet-4-5"], ["hooks", "print", "post-commit"], ["preview"],
    ["uninstall", "--dry-run"], ["--help"], ["log", "--help"], ["--version"],
]  # fmt: skip


def run(machine: Machine, words: list[str], redirected: str) -> "subprocess.CompletedProcess[str]":
    """The command as a shell starts it with these redirections."""
    return subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {redirected}', sys.executable, "-P", "-c", PROGRAM, *words],
        cwd=machine.repo, env=machine.environ, capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False,
    )  # fmt: skip


def crashes(machine: Machine) -> list[str]:
    return [path.name for path in Path(machine.environ["TOKCOST_HOME"]).glob("crash-*")]


@pytest.mark.few
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", few(COMMANDS, 5), ids=" ".join)
def test_a_disk_that_is_full_is_a_sentence(machine: Machine, words: list[str]) -> None:
    done = run(machine, words, ">/dev/full")
    assert done.stderr.splitlines()[0] == "tokcost: standard output cannot be written: No space left on device"
    assert (done.returncode, crashes(machine)) == (3, [])


@pytest.mark.few
@pytest.mark.parametrize("words", few(COMMANDS, 5), ids=" ".join)
def test_a_closed_output_is_no_crash(machine: Machine, words: list[str]) -> None:
    done = run(machine, words, ">&-")
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    is_ours = not any(word in ("--help", "--version") for word in words)
    assert done.returncode == (3 if is_ours else 0)
    assert crashes(machine) == []


@pytest.mark.few
@pytest.mark.parametrize("redirected", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full", "<&-"])
def test_nothing_needs_all_three_streams(machine: Machine, redirected: str) -> None:
    for words in (["log"], ["enable"], ["log", "--since", "gibberish"], ["uninstall"]):
        done = run(machine, words, redirected)
        assert "Traceback" not in done.stderr + done.stdout
        assert done.returncode in (0, 2, 3)
    assert crashes(machine) == []


@pytest.mark.few
@pytest.mark.parametrize("words", [["log"], ["doctor"], ["log", "--help"], ["log", "--json"]], ids=" ".join)
def test_a_reader_that_leaves_at_once_is_no_trouble(machine: Machine, words: list[str]) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" "$@" | true', sys.executable, "-P", "-c", PROGRAM, *words],
        cwd=machine.repo, env=machine.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert crashes(machine) == []
