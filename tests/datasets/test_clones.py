"""Repositories that are named by their address: clones of our own, and what is read of partial ones."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from support.organisation import Work, claim_id, environ_of, make_repository, team
from support.terminal import piped
from tokcost.datasets.folder import read_files
from tokcost.model.dataset import Collected
from tokcost.services.collect import CollectOptions, collect

SIX = "abcdef"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    works = [
        *team(SIX, "2026-09-05", "api"),
        *team("bcdefg", "2026-09-06", "web", 5),
        Work("a", "2026-09-08", "x", 1, claim_id(1)),
    ]
    found = make_repository(tmp_path / "shop.git", works)
    for name in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        subprocess.run(["git", "config", name, "true"], cwd=found, check=True)
    return found


def collected(tmp_path: Path, name: str, into: str, **more: object) -> Collected:
    plan = CollectOptions(tmp_path / into, tmp_path / f"cache-{into}", "2026-10", **more)  # pyright: ignore[reportArgumentType]
    return collect([name], plan, lambda *_: None)


def cells(tmp_path: Path, into: str) -> list[bytes]:
    return [Path(path).read_bytes() for path in read_files(tmp_path / into, "cells").counted]


@pytest.mark.parametrize("without", ["blobs", "nothing"])
def test_a_clone_without_blobs_says_what_the_repository_says(tmp_path: Path, shop: Path, without: str) -> None:
    collected(tmp_path, str(shop), "whole")
    found = collected(tmp_path, f"file://{shop}", "clone", without=without)
    assert [one.problem for one in found.outcomes] == [""]
    assert cells(tmp_path, "clone") == cells(tmp_path, "whole")


def test_a_clone_without_trees_has_no_areas_and_the_same_total(tmp_path: Path, shop: Path) -> None:
    found = collected(tmp_path, f"file://{shop}", "clone", without="trees")
    assert [one.problem for one in found.outcomes] == [""]
    assert (found.claims, found.published) == (13, 13)
    assert "does not have the files" in found.outcomes[0].notes[0]


@pytest.mark.parametrize(("contributors", "published"), [(4, 7), (5, 0)])
def test_the_rules_and_the_mailmap_of_a_repository_hold_in_a_clone_without_blobs(
    tmp_path: Path, contributors: int, published: int
) -> None:
    """Six names, and the mailmap knows that three of them are one person."""
    works = [*team(SIX, "2026-09-05", "api"), Work("a", "2026-09-08", "api", 1, claim_id(1), more=".mailmap")]
    shop = make_repository(tmp_path / "shop.git", works)
    aliases = "".join(f"one <one@x.org> <{who}@x.org>\n" for who in "abc").encode()
    rules = f"[report]\ncontributors = {contributors}\n".encode()
    data = b"commit refs/heads/main\ncommitter a <a@x.org> 1790000000 +0000\ndata 1\nx\nfrom refs/heads/main^0\n"
    for path, content in ((b".mailmap", aliases), (b".tokcost.toml", rules)):
        data += b"M 100644 inline %s\ndata %d\n%s\n" % (path, len(content), content)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=shop, input=data, check=True)
    subprocess.run(["git", "config", "uploadpack.allowFilter", "true"], cwd=shop, check=True)
    found = collected(tmp_path, f"file://{shop}", "clone")
    assert found.published == published


def test_the_next_run_fetches_what_is_new_and_drops_what_was_deleted(tmp_path: Path, shop: Path) -> None:
    subprocess.run(["git", "branch", "old", "main"], cwd=shop, check=True)
    clones = tmp_path / "clones"
    collected(tmp_path, f"file://{shop}", "costs", clones=clones)
    later = make_repository(tmp_path / "later.git", team(SIX, "2026-10-05", "api", 1, name="later"))
    fetch = ["git", "fetch", "-q", str(later), "+main:main"]
    subprocess.run(["git", "branch", "-q", "-D", "old"], cwd=shop, check=True)
    subprocess.run(fetch, cwd=shop, check=True)
    found = collected(tmp_path, f"file://{shop}", "costs", clones=clones)
    assert found.new == 6
    (clone,) = clones.glob("*.git")
    refs = subprocess.run(["git", "for-each-ref", "--format=%(refname)"], cwd=clone, capture_output=True, check=True)
    assert refs.stdout.decode().split() == ["refs/remotes/origin/HEAD", "refs/remotes/origin/main"]


def test_a_partial_clone_that_is_named_by_its_folder_fetches_nothing(tmp_path: Path, shop: Path) -> None:
    partial = tmp_path / "partial.git"
    asked = ["git", "clone", "-q", "--bare", "--filter=blob:none", f"file://{shop}", str(partial)]
    subprocess.run(asked, check=True)
    objects = sorted(os.listdir(partial / "objects/pack"))
    shop.rename(tmp_path / "away")
    found = collected(tmp_path, str(partial), "costs")
    assert (found.published, [one.problem for one in found.outcomes]) == (13, [""])
    assert sorted(os.listdir(partial / "objects/pack")) == objects


def test_an_address_that_cannot_be_fetched_is_told_without_its_secret(tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(f"file://me:hunter2@localhost{tmp_path}/gone.git\next::sh -c touch% {tmp_path}/owned\n")
    args = ["collect", "--from", str(listed), "--into", "costs", "--through", "2026-10", "--json"]
    done = piped(args, tmp_path, environ_of(tmp_path / "home"))
    assert done.returncode == 1
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "owned").exists()
    problems = [one["problem"] for one in json.loads(done.stdout)["repositories"]]
    assert len(problems) == 2
    for problem in problems:
        assert problem.startswith("it cannot be fetched: ")
        assert "stderr" not in problem
        assert problem.count("'") % 2 == 0
