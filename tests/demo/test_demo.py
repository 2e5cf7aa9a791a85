"""The demo shows the real thing and touches nothing of the user's."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from support import samples
from support.make_demo_data import STORY
from tokcost.cli.commands.demo import command
from tokcost.demo.build import Demo, build
from tokcost.errors import EnvironmentProblem, UsageError
from tokcost.model.figures import Summary
from tokcost.model.money import NANO_PER_USD
from tokcost.model.trailer import highest, read_message
from tokcost.repo.run import run_git
from tokcost.reports.rows import branch_state
from tokcost.services.refresh import refresh
from tokcost.services.summarise import LogOptions, summarise


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return build(tmp_path_factory.mktemp("demo"), datetime.now(UTC))


@pytest.fixture(scope="module")
def summary(demo: Demo) -> Summary:
    home = Path(demo.environ["TOKCOST_HOME"])
    refresh(home, demo.environ)
    (found,) = summarise(home, demo.repository, LogOptions())
    return found


def test_its_sum_is_the_sum_of_the_real_runs_it_is_made_of(summary: Summary, tmp_path: Path) -> None:
    truths = [samples.unpack(name, tmp_path / "samples").truth["expected"]["recoverable"] for name, _ in STORY.values()]
    expected = sum(sum(truth.values()) for truth in truths)
    assert summary.totals.total.tokens.total == expected
    assert summary.conservation.closes
    assert not summary.unplaced.total.usage


def test_each_branch_of_its_story_is_there(summary: Summary) -> None:
    told = {row.branch: (branch_state(row), set(row.split.evidence)) for row in summary.branches}
    assert told == {
        "main": ("", {"reflog"}),
        "docs/readme": ("", {"carried"}),
        "fix/timeout": ("merged into main", {"reflog"}),
        "feat/login": ("squashed into main", {"reflog"}),
    }


def test_its_commits_carry_all_but_what_is_pending_once_though_a_squash_repeats_it(
    demo: Demo, summary: Summary
) -> None:
    sums = summary.conservation
    assert (sums.withheld, sums.bound, sums.unplaced) == ((0, 0),) * 3
    (pending,) = [row.branch for row in summary.branches if row.parts.pending[0]]
    assert pending == "main"
    found = read_message(run_git(["log", "--all", "--format=%B%n"], demo.repository)).lines
    assert (len(found), len(highest(found))) == (6, 4)
    rounding = 2 * NANO_PER_USD // 100
    assert abs(sum(line.cost or 0 for line in highest(found).values()) - sums.carried[1]) < rounding


def test_nothing_that_the_user_told_git_or_our_hooks_reaches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "post-commit").write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    (own / "post-commit").chmod(0o755)
    (tmp_path / "gitconfig").write_text(f"[core]\n\thooksPath = {own}\n[commit]\n\tgpgSign = true\n")
    settings = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": str(own)}
    for name, value in (settings | {"GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"), "TOKCOST": "off"}).items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(command, standalone_mode=False)
    assert result.exception is None
    assert result.output.count("AI-Cost: ") == 3
    assert [path.name for path in own.iterdir()] == ["post-commit"]
    assert not (tmp_path / "ran").exists()
    assert os.environ["GIT_CONFIG_COUNT"] == "1"


def test_it_ends_with_commits_that_carry_lines_and_the_branch_they_came_from() -> None:
    shown = CliRunner().invoke(command, standalone_mode=False).output
    branches, commits, branch = (shown.index(f"$ {words}") for words in ("tokcost log\n", "git log ", "tokcost log f"))
    assert branches < commits < branch
    (squash,) = re.findall(r"^([0-9a-f]{7}) Let customers log in$", shown, re.MULTILINE)
    assert shown.count(f"also {squash} on main") == 2
    for claim in re.findall(r"AI-Cost: .*; (\w{12})$", shown[commits:branch], re.MULTILINE)[:2]:
        assert claim in shown[branch:]


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


def test_a_folder_that_no_log_can_name_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    with pytest.raises(EnvironmentProblem, match="not UTF-8"):
        build(folder, datetime.now(UTC))
    assert not folder.exists()


def test_a_folder_with_a_quote_and_a_line_break_in_its_name_is_told_as_it_is(tmp_path: Path) -> None:
    built = build(tmp_path / 'the "new"\nshop', datetime.now(UTC))
    home = Path(built.environ["TOKCOST_HOME"])
    refresh(home, built.environ)
    (found,) = summarise(home, built.repository, LogOptions())
    assert found.totals.total.usage
    assert not found.unplaced.total.usage


def test_a_file_where_the_folder_should_be_is_a_sentence_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(command, ["--keep", str(tmp_path / "file")], standalone_mode=False)
    assert isinstance(result.exception, UsageError)
    below = CliRunner().invoke(command, ["--keep", str(tmp_path / "file/below")], standalone_mode=False)
    assert isinstance(below.exception, EnvironmentProblem)


@pytest.mark.slow
def test_the_way_to_look_further_can_be_pasted_though_the_folder_has_a_space_and_own_logs_are_configured(
    tmp_path: Path,
) -> None:
    result = CliRunner().invoke(command, ["--keep", str(tmp_path / "kept demo")], standalone_mode=False)
    assert result.exception is None
    program = f"{sys.executable} -P -c 'from tokcost.cli.start import main; main()'"
    pasted = result.output.split("Explore it:")[1].replace(" tokcost log", f" {program} log --json")
    own = {**os.environ, "CLAUDE_CONFIG_DIR": str(tmp_path / "own"), "CODEX_HOME": str(tmp_path / "own")}
    done = subprocess.run(pasted, shell=True, env=own, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["branches"][0]["branch"] == "feat/login"
