"""`tokcost log --json` against the truth: what each real assistant spent, by branch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import samples

PROGRAM = "from tokcost.cli.start import main; main()"
NAMES = [name for name in samples.names() if name.startswith(("gemini", "opencode", "copilot", "qwen", "cline"))]


def tokcost(sample: samples.Sample, ledger: Path, *words: str) -> str:
    """What a command prints, in a repository where an assistant worked."""
    environ = {"PATH": os.environ["PATH"], **sample.environ, "TOKCOST_HOME": str(ledger), "TZ": "UTC"}
    program = [sys.executable, "-P", "-c", PROGRAM, *words]
    return subprocess.run(program, cwd=sample.repo, env=environ, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", NAMES)
def test_each_branch_has_what_was_spent_on_it_also_where_the_agent_switched_itself(name: str, tmp_path: Path) -> None:
    sample = samples.unpack(name, tmp_path)
    told = json.loads(tokcost(sample, tmp_path / "ledger", "log", "--json"))
    spent = {row["branch"]: row["tokens"] for row in told["branches"] if row["usage"]}
    totals = {branch: tokens.pop("total") for branch, tokens in spent.items()}
    by_branch = {branch: {**tokens, "reasoning": 0} for branch, tokens in spent.items()}
    assert totals == {branch: sum(tokens.values()) for branch, tokens in by_branch.items()}
    wanted = [
        {branch: {**tokens, "reasoning": 0} for branch, tokens in way["held"].items()}
        for way in sample.truth["expected"]["ways"]
    ]
    assert by_branch in wanted
    assert told["unplaced"]["usage"] == 0
    held = sample.truth["expected"]["held"]
    assert {one: sum(tokens[one] for tokens in by_branch.values()) for one in held} == held


@pytest.mark.parametrize("name", [name for name in samples.names() if name.startswith("aider")])
def test_what_an_assistant_estimated_is_on_its_branch_as_near_as_it_is_written(name: str, tmp_path: Path) -> None:
    sample = samples.unpack(name, tmp_path)
    told = json.loads(tokcost(sample, tmp_path / "ledger", "log", "--json"))
    (way,) = sample.truth["expected"]["ways"]
    spent = {row["branch"]: row["tokens"] for row in told["branches"] if row["usage"]}
    assert spent.keys() == way["held"].keys()
    for branch, tokens in spent.items():
        for one, least in way["lower"][branch].items():
            assert least <= tokens[one] <= way["upper"][branch][one]
    assert told["unplaced"]["usage"] == 0


def test_the_doctor_says_what_the_logs_that_are_there_tell(tmp_path: Path) -> None:
    shown = tokcost(samples.unpack("opencode-1.18.33/S1-single", tmp_path), tmp_path / "ledger", "doctor")
    lines = [line.split(None, 1)[1] for line in shown.splitlines() if line.startswith("  opencode ")]
    assert lines[0].endswith("opencode.db: a store, 0.3 MB")
    assert lines[1].startswith(
        "logs count input, cache read, cache write 5m, output, reasoning; name the folder of each"
    )
    assert "and no branch; checked with 1.18; billed but not logged: the request that makes" in lines[1]
    assert "gemini-cli" in shown
    assert "name the folder of each project" not in shown
