"""`tokcost dataset` and jobs that are killed: whatever is stopped where, the dataset says the same in the end."""

import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from support.meanwhile import meanwhile
from support.organisation import environ_of, make_repository, team
from support.tables import few
from support.terminal import piped
from tokcost.datasets.folder import read_files
from tokcost.errors import EnvironmentProblem
from tokcost.services.check_dataset import check_dataset, compact_dataset
from tokcost.services.collect import CollectOptions, collect

SIX = "abcdef"


def collected(tmp_path: Path, *repositories: Path, through: str = "2026-10") -> Path:
    plan = CollectOptions(tmp_path / "costs", tmp_path / "cache", through)
    collect([str(one) for one in repositories], plan, lambda *_: None)
    return plan.into


def two_runs(tmp_path: Path) -> Path:
    shop = make_repository(tmp_path / "shop", [*team(SIX, "2026-09-05", "api"), *team(SIX, "2026-10-05", "web")])
    collected(tmp_path, shop, through="2026-09")
    return collected(tmp_path, shop)


def report(tmp_path: Path) -> str:
    return piped(["report", "--dataset", "costs", "--json"], tmp_path, environ_of(tmp_path / "home")).stdout


def test_compaction_changes_no_figure_and_another_one_no_byte(tmp_path: Path) -> None:
    costs = two_runs(tmp_path)
    before, digest = report(tmp_path), check_dataset(costs).digest
    assert compact_dataset(costs).files == {"cells": 2, "claims": 2}
    assert len(list(costs.rglob("*.parquet"))) == 2
    after = check_dataset(costs)
    assert (after.problems, after.digest) == ([], digest)
    assert report(tmp_path) == before
    assert compact_dataset(costs).files == {"cells": 0, "claims": 0}


def test_a_file_that_compaction_replaced_and_a_copy_brings_back_is_counted_no_more(tmp_path: Path) -> None:
    costs = two_runs(tmp_path)
    before = report(tmp_path)
    shutil.copytree(costs, tmp_path / "copy")
    compact_dataset(costs)
    shutil.copytree(tmp_path / "copy", costs, dirs_exist_ok=True)
    assert report(tmp_path) == before
    found = check_dataset(costs)
    assert (found.problems, found.replaced) == ([], 4)


def test_a_file_that_is_copied_into_the_dataset_during_a_compaction_counts_once(tmp_path: Path) -> None:
    costs = two_runs(tmp_path)
    other = make_repository(tmp_path / "other", team(SIX, "2026-09-07", "docs"), "https://git.example.com/other.git")
    collect([str(other)], CollectOptions(tmp_path / "others", tmp_path / "cache", "2026-10"), lambda *_: None)
    shutil.copytree(costs, tmp_path / "both")
    shutil.copytree(tmp_path / "others", tmp_path / "both", dirs_exist_ok=True)
    expected = check_dataset(tmp_path / "both")
    for moment in range(200):
        copy = tmp_path / f"costs{moment}"
        shutil.copytree(costs, copy)
        add = partial(shutil.copytree, tmp_path / "others", copy, dirs_exist_ok=True)
        with meanwhile(copy, moment, add) as adding:
            compact_dataset(copy)
        if not adding.has_acted:
            assert moment > 5
            return
        found = check_dataset(copy)
        assert (found.problems, found.digest) == ([], expected.digest), f"copied at moment {moment}"
    raise AssertionError("so many files are read that not every moment was tried")


def test_a_run_after_compaction_knows_what_was_collected(tmp_path: Path) -> None:
    costs = two_runs(tmp_path)
    compact_dataset(costs)
    before = sorted(costs.rglob("*.parquet"))
    collected(tmp_path, tmp_path / "shop")
    assert sorted(costs.rglob("*.parquet")) == before


def test_cells_that_a_killed_run_did_not_write_come_with_the_next_run(tmp_path: Path) -> None:
    costs = two_runs(tmp_path)
    before = report(tmp_path)
    lost = Path(read_files(costs, "cells").counted[0])
    data = lost.read_bytes()
    lost.unlink()
    assert [text for text in check_dataset(costs).problems if "do not match the claims" in text]
    collected(tmp_path, tmp_path / "shop")
    assert lost.read_bytes() == data
    assert report(tmp_path) == before


def test_cells_that_were_lost_after_a_compaction_come_with_the_next_one(tmp_path: Path) -> None:
    costs = two_runs(tmp_path)
    before = report(tmp_path)
    compact_dataset(costs)
    Path(read_files(costs, "cells").counted[0]).unlink()
    assert [text for text in check_dataset(costs).problems if "do not match the claims" in text]
    compact_dataset(costs)
    assert check_dataset(costs).problems == []
    assert report(tmp_path) == before


def test_nothing_is_compacted_where_claims_were_lost(tmp_path: Path) -> None:
    costs = two_runs(tmp_path)
    before = report(tmp_path)
    shutil.rmtree(costs / "claims")
    with pytest.raises(EnvironmentProblem, match="claims has no files"):
        compact_dataset(costs)
    assert json.loads(report(tmp_path))["list_cost"] == json.loads(before)["list_cost"]


def test_a_half_written_file_is_no_file_and_is_removed(tmp_path: Path) -> None:
    costs = two_runs(tmp_path)
    half = costs / "claims/0123.parquet.99.tokcost-new"
    half.write_bytes(b"PAR1")
    before = report(tmp_path)
    assert '"claims": 12,' in before
    collected(tmp_path, tmp_path / "shop")
    assert not half.exists()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    costs = two_runs(tmp_path)
    path = Path(read_files(costs, "cells").counted[0])
    path.write_bytes(path.read_bytes()[:100])
    done = piped(["dataset", "check", "costs", "--json"], tmp_path, environ_of(tmp_path / "home"))
    assert done.returncode == 1
    assert path.name in json.loads(done.stdout)["problems"][0]
    done = piped(["report", "--dataset", "costs"], tmp_path, environ_of(tmp_path / "home"))
    assert done.returncode == 3
    assert "cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    for args in (["dataset", "check", "."], ["dataset", "compact", "."], ["report", "--dataset", "."]):
        done = piped(args, tmp_path, environ_of(tmp_path / "home"))
        assert done.returncode == 3
        assert "is not a dataset" in done.stderr


def two_jobs_apart(tmp_path: Path) -> Path:
    """A fork that went on, and what it was forked from, by jobs that did not see each other's files."""
    common = team(SIX, "2026-09-05", "api")
    web, api = team(SIX, "2026-10-05", "web", 5, name="fork"), team("ghi", "2026-09-06", "api")
    for name, works in (("shop", [*common, *team(SIX, "2026-09-05", "ops")]), ("fork", [*common, *api, *web])):
        plan = CollectOptions(tmp_path / f"costs of {name}", tmp_path / "cache", "2026-10")
        collect([str(make_repository(tmp_path / name, works))], plan, lambda *_: None)
        shutil.copytree(plan.into, tmp_path / "costs", dirs_exist_ok=True)
    return tmp_path / "costs"


def test_compaction_takes_one_of_two_cells_with_common_claims_out_as_a_whole(tmp_path: Path) -> None:
    costs = two_jobs_apart(tmp_path)
    compact_dataset(costs)
    told = json.loads(report(tmp_path))
    assert told["claims_counted_twice"] == 0
    assert {one["name"]: one["claims"] for one in told["groups"]["area"]} == {"api": 9, "web": 6, "ops": 6}
    assert told["list_cost"] == "60.000000000"
    after = check_dataset(costs)
    assert (after.problems, after.claims, after.list_cost) == ([], 21, 60 * 10**9)
    assert compact_dataset(costs).files == {"cells": 0, "claims": 0}


def test_a_run_that_sees_what_two_jobs_published_publishes_none_of_it_again(tmp_path: Path) -> None:
    costs = two_jobs_apart(tmp_path)
    compact_dataset(costs)
    before = report(tmp_path)
    collected(tmp_path, tmp_path / "shop", tmp_path / "fork")
    assert report(tmp_path) == before
    assert check_dataset(costs).problems == []


def test_whoever_may_read_the_cells_alone_gets_the_report(tmp_path: Path) -> None:
    costs = two_runs(tmp_path)
    before = report(tmp_path).replace('"claims_counted_twice": 0', '"claims_counted_twice": null')
    shutil.rmtree(costs / "claims")
    assert report(tmp_path) == before
    (costs / "claims").write_text("no folder, so it cannot be listed, not even by root")
    assert report(tmp_path) == before


@pytest.mark.few
@pytest.mark.parametrize("name", few(["a*", "a?", "[ab]", "a[b", "month=2020-01-01", "tokens=7", "a'b"]))
def test_a_dataset_is_read_from_its_own_folder_whatever_that_is_called(tmp_path: Path, name: str) -> None:
    costs = two_runs(tmp_path)
    before = report(tmp_path)
    for other in ("ab", "a", "b"):  # what a pattern of that name would find
        shutil.copytree(costs, tmp_path / "in" / other / "costs")
    shutil.copytree(costs, tmp_path / "in" / name / "costs")
    shutil.rmtree(costs)
    costs.symlink_to(tmp_path / "in" / name / "costs")
    assert report(tmp_path) == before
    at = tmp_path / "in" / name / "costs"
    shown = piped(["report", "--dataset", str(at), "--json"], tmp_path, environ_of(tmp_path / "home")).stdout
    assert json.loads(shown)["list_cost"] == json.loads(before)["list_cost"]
    assert compact_dataset(at).files == {"cells": 2, "claims": 2}
    assert check_dataset(at).problems == []


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def circle(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.few
@pytest.mark.parametrize("kind", ["cells", "claims"])
@pytest.mark.parametrize("make", [pipe, device, circle, Path.mkdir])
def test_what_is_no_file_of_a_dataset_is_named_and_not_waited_for(
    tmp_path: Path, make: Callable[[Path], None], kind: str
) -> None:
    costs = two_runs(tmp_path)
    make(costs / kind / f"{'0' * 32}.parquet")
    for asked in (check_dataset, compact_dataset, lambda folder: collected(tmp_path, tmp_path / "shop")):
        with pytest.raises(EnvironmentProblem, match="is not a file"):
            asked(costs)


@pytest.mark.few
@pytest.mark.parametrize("is_compacted", [False, True])
@pytest.mark.parametrize("folder_too", [False, True])
def test_a_report_whose_cells_were_all_lost_says_so_and_what_brings_them_back(
    tmp_path: Path, is_compacted: bool, folder_too: bool
) -> None:
    costs = two_runs(tmp_path)
    before = report(tmp_path)
    if is_compacted:
        compact_dataset(costs)
    shutil.rmtree(costs / "cells")
    if not folder_too:
        (costs / "cells").mkdir()
    done = piped(["report", "--dataset", "costs"], tmp_path, environ_of(tmp_path / "home"))
    assert "nothing that was collected" not in done.stdout
    assert "No cells are left" in done.stdout
    assert "`tokcost dataset compact DATASET` restores them" in done.stdout
    assert json.loads(report(tmp_path))["cells_lost"] is True
    assert piped(["dataset", "compact", "costs"], tmp_path, environ_of(tmp_path / "home")).returncode == 0
    assert report(tmp_path) == before


@pytest.mark.few
@pytest.mark.parametrize("form", [[], ["--csv"], ["--markdown"]])
def test_a_report_from_which_some_cells_were_lost_says_that_its_figures_lack_them(
    tmp_path: Path, form: list[str]
) -> None:
    Path(read_files(two_runs(tmp_path), "cells").counted[0]).unlink()
    done = piped(["report", "--dataset", "costs", *form], tmp_path, environ_of(tmp_path / "home"))
    assert done.returncode == 0
    assert "their content is in no figure" in done.stdout + done.stderr
