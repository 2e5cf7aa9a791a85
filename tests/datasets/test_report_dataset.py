"""`tokcost report --dataset`: the same cells in every format, and what is refused."""

import csv
import json
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from support.organisation import environ_of, make_repository, team
from support.tables import few
from support.terminal import piped
from tokcost.model.dataset import CellGroup
from tokcost.services.collect import CollectOptions, collect
from tokcost.services.report_dataset import as_report

SIX = "abcdef"


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("organisation")
    works = [*team(SIX, "2026-08-05", "api"), *team(SIX, "2026-09-05", "web|<b>", 5, "gpt-5.1-codex")]
    shop = make_repository(folder / "shop", works)
    collect([str(shop)], CollectOptions(folder / "costs", folder / "cache", "2026-10"), lambda *_: None)
    return folder / "costs"


def run(costs: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    return piped(["report", "--dataset", str(costs), *args], costs.parent, environ_of(costs.parent / "home"))


@pytest.mark.parametrize("by", few(["month", "area", "model"], 1))
def test_every_grouping_adds_up_to_the_total_in_every_format(costs: Path, by: str) -> None:
    told = json.loads(run(costs, "--json").stdout)
    assert (told["schema"], told["list_cost"], told["claims"]) == ("tokcost.dataset-report/1", "42.000000000", 12)
    assert sum(cell["claims"] for cell in told["groups"][by]) == told["claims"]
    rows = list(csv.DictReader(StringIO(run(costs, "--csv", "--by", by).stdout)))
    assert sorted(row["list_cost"] for row in rows) == sorted(cell["list_cost"] for cell in told["groups"][by])
    assert "~$42.00 list" in run(costs, "--by", by).stdout
    assert "$42.00 list" in run(costs, "--markdown", "--by", by).stdout


def test_months_can_be_chosen(costs: Path) -> None:
    assert json.loads(run(costs, "--json", "--since", "2026-09").stdout)["list_cost"] == "30.000000000"
    assert json.loads(run(costs, "--json", "--until", "2026-08-31").stdout)["list_cost"] == "12.000000000"
    assert json.loads(run(costs, "--json", "--since", "2026-10").stdout)["claims"] == 0
    assert "nothing that was collected may be published" in run(costs, "--since", "2026-10").stdout


def test_the_page_shows_the_same_and_escapes_names(costs: Path) -> None:
    done = run(costs, "--html", "-")
    assert done.returncode == 0, done.stderr
    assert "web|&lt;b&gt;" in done.stdout
    assert "<b>" not in done.stdout
    assert "AI list cost of many repositories" in done.stdout
    assert not re.search(r"<script|https?://", done.stdout)


def test_a_limit_is_checked(costs: Path) -> None:
    assert run(costs, "--check", "42").returncode == 0
    done = run(costs, "--check", "41.99")
    assert (done.returncode, "over the $41.99 that was allowed" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["main"], "RANGE needs a history"),
        (["--base", "main"], "--base needs a history"),
        (["--all"], "--all needs a history"),
        (["--by", "author"], "tokcost never reports what a person spent"),
        (["--by", "week"], "a dataset has no figures by week"),
        (["--since", "2026-08-02"], "is not the first day of a month"),
        (["--until", "2026-08-30"], "is not the last day of a month"),
        (["--until", "yesterday"], "With --dataset, write a month"),
        (["--since", "2026-09", "--until", "2026-08"], "is not before"),
        (["--html", "x.html", "--by", "area"], "Leave --by out"),
    ],
)
def test_what_cells_cannot_answer_is_refused_with_the_reason(costs: Path, args: list[str], said: str) -> None:
    done = run(costs, *args)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(("package", "args"), [("duckdb", []), ("ibis", ["--engine", "duckdb"])])
def test_a_missing_package_is_named_with_the_command_that_brings_it(costs: Path, package: str, args: list[str]) -> None:
    # For Python's import this is an environment without the package.
    code = f"import sys; sys.modules[{package!r}] = None; from tokcost.cli.main import main; main()"
    command = [sys.executable, "-P", "-c", code, "report", "--dataset", str(costs), *args]
    environ = environ_of(costs.parent / "home")
    done = subprocess.run(command, env=environ, cwd=costs.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "-m pip install '" in done.stderr


def test_months_are_from_the_first_to_the_last_however_an_engine_orders_its_answer() -> None:
    groups = [CellGroup(f"2026-{month:02d}", 10**9, 1000, 1, False, True) for month in (3, 1, 2)]
    assert as_report({"month": groups, "area": [], "model": []}, "an engine").range == "2026-01 to 2026-03"
