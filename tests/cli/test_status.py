import json
from pathlib import Path

import pytest

from support.machine import Machine
from support.terminal import piped


@pytest.fixture(autouse=True)
def _imported(machine: Machine) -> None:
    piped(["log"], machine.repo, machine.environ)


def test_status_is_one_line_with_the_branch_first(machine: Machine) -> None:
    done = piped(["status"], machine.repo, machine.environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("main  ")
    assert done.stdout.count("\n") == 1


def test_a_format_chooses_what_is_shown(machine: Machine) -> None:
    done = piped(["status", "--no-refresh", "--format", "{{{branch}}} {models}"], machine.repo, machine.environ)
    assert done.stdout == "{main} sonnet-4-5\n"


def test_an_unknown_placeholder_is_a_usage_error_that_names_the_known(machine: Machine) -> None:
    done = piped(["status", "--format", "{cost}"], machine.repo, machine.environ)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "tokcost: --format: unknown placeholder {cost}\nhint: The placeholders are branch, list_cost,"
    )


def test_json_says_whether_the_logs_were_looked_at(machine: Machine) -> None:
    shown = [
        json.loads(piped(["status", "--json", *more], machine.repo, machine.environ).stdout)
        for more in ([], ["--no-refresh"])
    ]
    assert [one["current"] for one in shown] == [True, False]
    assert shown[0]["schema"] == "tokcost.status/1"


def test_a_prompt_outside_a_repository_stays_empty(machine: Machine, tmp_path: Path) -> None:
    done = piped(["status", "--quiet"], tmp_path, machine.environ)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert piped(["status"], tmp_path, machine.environ).returncode == 3
