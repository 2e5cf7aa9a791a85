import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from support.machine import Machine
from support.terminal import piped
from tokcost import __version__
from tokcost.cli.main import COMMANDS
from tokcost.cli.start import ANSWERED_DIRECTLY


def test_the_version_is_the_constant(empty_machine: Machine) -> None:
    assert piped(["--version"], empty_machine.repo, empty_machine.environ).stdout == f"tokcost {__version__}\n"


def test_the_package_itself_can_be_run(empty_machine: Machine) -> None:
    command = [sys.executable, "-P", "-m", "tokcost", "--version"]
    environ = empty_machine.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=empty_machine.repo, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == f"tokcost {__version__}\n"


def test_an_unknown_command_is_a_usage_error(empty_machine: Machine) -> None:
    done = piped(["frobnicate"], empty_machine.repo, empty_machine.environ)
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'frobnicate'" in done.stderr


@pytest.mark.parametrize("name", [name for name, place in COMMANDS.items() if find_spec(place.split(":")[0])])
def test_every_help_has_an_example(empty_machine: Machine, name: str) -> None:
    done = piped([name, "--help"], empty_machine.repo, empty_machine.environ)
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert f"tokcost {name}" in done.stdout


def test_only_the_command_that_runs_is_loaded(empty_machine: Machine) -> None:
    environ = {**empty_machine.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    loaded = piped(["--version"], empty_machine.repo, environ).stderr
    assert "tokcost.cli.commands" not in loaded
    assert "tokcost.services" not in loaded


@pytest.mark.parametrize("words", list(ANSWERED_DIRECTLY), ids=" ".join)
@pytest.mark.parametrize("place", ["a repository", "no repository"])
def test_a_quick_command_says_what_the_command_says(machine: Machine, words: tuple[str, ...], place: str) -> None:
    folder = machine.repo if place == "a repository" else machine.repo.parent
    quick = piped(list(words), folder, machine.environ)
    slow = piped(list(words), folder, machine.environ, main="tokcost.cli.main")
    assert (quick.returncode, quick.stdout, quick.stderr) == (slow.returncode, slow.stdout, slow.stderr)
    assert "$" in quick.stdout or place == "no repository"


def test_a_quick_command_waits_for_nothing_it_does_not_need(machine: Machine) -> None:
    environ = {**machine.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    piped(["log"], machine.repo, environ)
    loaded = {line.rpartition("|")[2].strip() for line in piped(["log"], machine.repo, environ).stderr.splitlines()}
    assert "tokcost.cli.log" in loaded
    assert loaded & {"click", "dataclasses", "inspect", "json", "rich", "msgspec"} == set()
