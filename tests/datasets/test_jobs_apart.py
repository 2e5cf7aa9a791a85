"""Jobs that publish the same claims without seeing each other's files: no report counts one twice without a word."""

import json
import shutil
from collections.abc import Callable, Sequence
from html import unescape
from pathlib import Path

import pytest

from support.organisation import Work, environ_of, make_repository, team
from support.tables import few
from support.terminal import piped
from tokcost.services.check_dataset import check_dataset, compact_dataset
from tokcost.services.collect import CollectOptions, collect

SIX = "abcdef"
COMMON = team(SIX, "2026-09-05", "api")
NINE = [*COMMON, *team("ghi", "2026-09-06", "api")]
NO_CORRECTION = {"claims_published_twice": 0, "cells_left_out": 0, "claims_left_out": 0, "engine": ""}


def job(tmp_path: Path, name: str, works: Sequence[Work], base: Path | None = None) -> Path:
    """The dataset of a job that sees only the files of `base`."""
    into = tmp_path / f"costs of {name}"
    if base is not None:
        shutil.copytree(base, into)
    repository = make_repository(tmp_path / name, works, f"https://git.example.com/{name}.git")
    collect([str(repository)], CollectOptions(into, tmp_path / "cache", "2026-10"), lambda *_: None)
    return into


def together(tmp_path: Path, *datasets: Path) -> Path:
    """One dataset with the files of several."""
    for one in datasets:
        shutil.copytree(one, tmp_path / "costs", dirs_exist_ok=True)
    return tmp_path / "costs"


def told(tmp_path: Path, *more: str) -> dict[str, object]:
    done = piped(["report", "--dataset", "costs", "--json", *more], tmp_path, environ_of(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def shown(tmp_path: Path, *args: str) -> str:
    done = piped(["report", "--dataset", "costs", *args], tmp_path, environ_of(tmp_path / "home"))
    return (done.stdout + done.stderr).replace("\n", " ")


def a_fork_that_went_on(tmp_path: Path) -> Path:
    fork = [*NINE, *team(SIX, "2026-10-05", "web", 5)]
    shop = [*COMMON, *team(SIX, "2026-09-05", "ops")]
    return together(tmp_path, job(tmp_path, "shop", shop), job(tmp_path, "fork", fork))


def the_same_in_another_area(tmp_path: Path) -> Path:
    moved = [one._replace(area="src", more="docs/one docs/two") for one in COMMON]
    return together(tmp_path, job(tmp_path, "shop", NINE), job(tmp_path, "fork", moved))


def raised_by_both(tmp_path: Path) -> Path:
    base = job(tmp_path, "base", COMMON)
    raised = [one._replace(version=2, dollars=5, tokens=2_000_000) for one in COMMON]
    return together(
        tmp_path, job(tmp_path, "shop", raised, base), job(tmp_path, "fork", [*raised, *NINE[6:]], base)
    )  # fmt: skip


def raised_further_by_one(tmp_path: Path) -> Path:
    base = job(tmp_path, "base", COMMON)
    second = [one._replace(version=2, dollars=5, tokens=2_000_000) for one in COMMON]
    third = [one._replace(version=3, dollars=10, tokens=5_000_000) for one in COMMON]
    return together(tmp_path, job(tmp_path, "shop", second, base), job(tmp_path, "fork", third, base))


def compacted_before_it_came_together(tmp_path: Path) -> Path:
    shop = job(tmp_path, "more", team(SIX, "2026-10-07", "ops"), job(tmp_path, "shop", COMMON))
    compact_dataset(shop)
    return together(tmp_path, shop, job(tmp_path, "fork", NINE))


APART = [
    (a_fork_that_went_on, 21, 60, 6, 1, 0),
    (the_same_in_another_area, 9, 18, 6, 2, 0),
    (raised_by_both, 9, 36, 6, 1, 0),
    (raised_further_by_one, 6, 60, 6, 1, 0),
    (compacted_before_it_came_together, 15, 30, 6, 1, 0),
]


@pytest.mark.few
@pytest.mark.parametrize(("made", "claims", "dollars", "twice", "cells", "missing"), few(APART))
def test_a_report_counts_each_claim_once_and_says_what_the_compacted_dataset_says(
    tmp_path: Path,
    made: Callable[[Path], Path],
    claims: int,
    dollars: int,
    twice: int,
    cells: int,
    missing: int,
) -> None:
    costs = made(tmp_path)
    assert f"{twice} claims were put into cells by two jobs" in check_dataset(costs).problems[0]
    before = told(tmp_path)
    assert (before["claims"], before["list_cost"]) == (claims, f"{dollars}.000000000")
    assert before["claims_counted_twice"] == 0
    assert [before[what] for what in list(NO_CORRECTION)[:3]] == [twice, cells, missing]
    compact_dataset(costs)
    assert {**told(tmp_path), "engine": ""} == {**before, **NO_CORRECTION}
    assert check_dataset(costs).problems == []
    assert compact_dataset(costs).files == {"cells": 0, "claims": 0}


@pytest.mark.slow
def test_what_was_in_a_cell_alone_that_is_left_out_is_counted_and_said_in_every_format(tmp_path: Path) -> None:
    works = team("ghijkl", "2026-09-06", "api")
    together(tmp_path, job(tmp_path, "shop", NINE), job(tmp_path, "fork", [*COMMON, *works[3:]]))
    found = told(tmp_path)
    assert [found[what] for what in ("claims", "claims_published_twice", "cells_left_out", "claims_left_out")] == [
        *(9, 6, 1, 3)
    ]
    said = (
        "6 claims published by two jobs that did not see each other's files, counted once: 1 cell left out, and 3"
        " claims"
    )
    assert said in shown(tmp_path)
    assert said in shown(tmp_path, "--csv")
    assert said in shown(tmp_path, "--markdown", "--by", "model")
    assert said in unescape(shown(tmp_path, "--html", "-"))
    done = piped(["dataset", "compact", "costs"], tmp_path, environ_of(tmp_path / "home"))
    assert "removed: 1 cell that counted claims of other cells again, and 3 claims" in done.stdout


def test_an_engine_is_given_the_same_cells(tmp_path: Path) -> None:
    a_fork_that_went_on(tmp_path)
    assert {**told(tmp_path, "--engine", "duckdb"), "engine": ""} == {**told(tmp_path), "engine": ""}


def test_a_report_without_some_of_the_claims_says_what_it_counts_twice(tmp_path: Path) -> None:
    a_fork_that_went_on(tmp_path)
    costs = together(tmp_path, job(tmp_path, "other", team(SIX, "2026-09-07", "ui")))
    other = next((tmp_path / "costs of other/claims").iterdir())
    (costs / "claims" / other.name).unlink()
    found = told(tmp_path)
    assert (found["claims_counted_twice"], found["claims"], found["list_cost"]) == (6, 33, "84.000000000")
    assert "6 claims counted twice" in shown(tmp_path)


def test_whoever_may_not_read_the_claims_is_told_that_a_claim_may_count_twice(tmp_path: Path) -> None:
    costs = a_fork_that_went_on(tmp_path)
    shutil.rmtree(costs / "claims")
    assert told(tmp_path)["claims_counted_twice"] is None
    assert "may have published a claim twice" in shown(tmp_path)
