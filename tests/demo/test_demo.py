"""The demo shows the real thing and touches nothing of the user's."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from support import samples
from support.make_demo_data import STORY
from tokcost.cli.commands.demo import command
from tokcost.demo.build import build
from tokcost.errors import EnvironmentProblem, UsageError
from tokcost.services.ingest import refresh
from tokcost.services.summary import LogOptions, summarise


def test_its_sum_is_the_sum_of_the_real_runs_it_is_made_of(tmp_path: Path) -> None:
    demo = build(tmp_path, datetime.now(UTC))
    refresh(tmp_path / "ledger", demo.environ)
    (summary,) = summarise(tmp_path / "ledger", demo.repository, LogOptions())
    truths = [samples.unpack(name, tmp_path / "samples").truth["expected"]["recoverable"] for name, _ in STORY.values()]
    expected = sum(sum(truth.values()) for truth in truths)
    assert summary.totals.total.tokens.total == expected
    assert summary.conservation.closes
    assert not summary.unplaced.total.usage


def test_each_branch_of_its_story_is_there(tmp_path: Path) -> None:
    demo = build(tmp_path, datetime.now(UTC))
    refresh(tmp_path / "ledger", demo.environ)
    (summary,) = summarise(tmp_path / "ledger", demo.repository, LogOptions())
    told = {row.branch: (row.state, set(row.split.evidence)) for row in summary.branches}
    assert told == {
        "main": ("active", {"reflog"}),
        "docs/readme": ("active", {"carried"}),
        "fix/timeout": ("active", {"reflog"}),
        "feat/login": ("merged", {"reflog"}),
    }


def test_it_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    result = CliRunner().invoke(command, standalone_mode=False)
    assert result.exception is None
    assert "docs/readme" in result.output
    assert list(tmp_path.iterdir()) == []


def test_it_does_not_build_into_a_folder_that_is_in_use(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(command, ["--keep", str(tmp_path)], standalone_mode=False)
    assert isinstance(result.exception, UsageError)
    assert "not empty" in str(result.exception)


def test_a_file_where_the_folder_should_be_is_a_sentence_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(command, ["--keep", str(tmp_path / "file")], standalone_mode=False)
    assert isinstance(result.exception, UsageError)
    below = CliRunner().invoke(command, ["--keep", str(tmp_path / "file/below")], standalone_mode=False)
    assert isinstance(below.exception, EnvironmentProblem)


def test_the_way_to_look_further_can_be_pasted_though_the_folder_has_a_space_and_own_logs_are_configured(
    tmp_path: Path,
) -> None:
    result = CliRunner().invoke(command, ["--keep", str(tmp_path / "kept demo")], standalone_mode=False)
    assert result.exception is None
    program = f"{sys.executable} -P -c 'from tokcost.cli.main import main; main()'"
    pasted = result.output.split("Look further:")[1].replace(" tokcost log", f" {program} log --json")
    own = {**os.environ, "CLAUDE_CONFIG_DIR": str(tmp_path / "own"), "CODEX_HOME": str(tmp_path / "own")}
    done = subprocess.run(pasted, shell=True, env=own, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["branches"][0]["branch"] == "feat/login"
