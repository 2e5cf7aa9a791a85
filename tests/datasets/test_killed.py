"""Many collectors at once, real processes that are killed at random: the dataset is that of a quiet run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from support.organisation import Work, environ_of, make_repository, team
from tokcost.services.check_dataset import check_dataset
from tokcost.services.collect import CollectOptions, collect

_JOB = "import sys; from tokcost.cli.main import main; main()"
_JOBS = 8


def start(tmp_path: Path, job: int, listed: Path) -> "subprocess.Popen[bytes]":
    args = ["collect", "--from", str(listed), "--into", "costs", "--through", "2026-10"]
    environ = environ_of(tmp_path / f"home{job}")
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _JOB, *args],
        cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.rglob("*") if one.is_file() and one.name != ".lock"}


def make_all(tmp_path: Path, shards: int) -> list[Path]:
    """Lists of repositories, each with teams of their own, one-person projects, and a fork of the second one that went
    on."""
    lists: list[Path] = []
    for shard in range(shards):
        names: list[str] = []
        works, name = list[Work](), ""
        for number in range(2):
            name = f"s{shard}r{number}"
            works = [*team("abcdefg", "2026-09-05", "api", name=name), *team("bcdefgh", "2026-10-05", "web", name=name)]
            works += team("a", "2026-10-09", "docs", 50, name=name)
            names.append(str(make_repository(tmp_path / name, works)))
        raised = [one._replace(version=2, dollars=5) if one.who == "b" else one for one in works]
        raised += team("ijklmn", "2026-10-07", "web", 5, name=name)
        names.append(str(make_repository(tmp_path / f"s{shard}fork", raised)))
        lists.append(tmp_path / f"list{shard}")
        lists[-1].write_text("\n".join(names))
    return lists


@pytest.mark.slow
@pytest.mark.parametrize(("shards", "seed"), [(1, 1), (_JOBS, 8), (_JOBS, 9)])
def test_eight_collectors_killed_at_random_and_run_again_give_the_bytes_of_a_quiet_run(
    tmp_path: Path, shards: int, seed: int
) -> None:
    lists = make_all(tmp_path, shards)
    for listed in lists:
        collect(
            listed.read_text().split(),
            CollectOptions(tmp_path / "quiet", tmp_path / "cache", "2026-10"),
            lambda *_: None,
        )
    random = Random(seed)
    for _ in range(3):
        jobs = [start(tmp_path, job, lists[job % shards]) for job in range(_JOBS)]
        until = time.monotonic() + random.uniform(1, 12)
        while time.monotonic() < until and any(job.poll() is None for job in jobs):
            time.sleep(0.2)
            victim = random.choice(jobs)
            if victim.poll() is None and random.random() < 0.3:
                os.killpg(victim.pid, signal.SIGKILL)
        for job in jobs:
            if job.poll() is None:
                os.killpg(job.pid, signal.SIGKILL)
            job.wait()
        if (tmp_path / "costs/cells").is_dir():
            assert [text for text in check_dataset(tmp_path / "costs").problems if "cells" not in text] == []
    jobs = [start(tmp_path, job, lists[job % shards]) for job in range(_JOBS)]
    assert [job.wait() for job in jobs] == [0] * _JOBS
    assert files(tmp_path / "costs") == files(tmp_path / "quiet")
    assert check_dataset(tmp_path / "costs").problems == []
