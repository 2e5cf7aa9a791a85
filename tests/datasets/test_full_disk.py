"""A disk that fills, or fails, while files of a dataset are put into one: the dataset says what it said."""

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.boundaries import BROKEN, CAN_FAIL, FULL, SYNC, Boundaries, Fault, chosen
from support.organisation import environ_of, make_repository, team
from support.terminal import piped
from tokcost.services.check_dataset import check_dataset
from tokcost.services.collect import CollectOptions, collect

pytestmark = pytest.mark.skipif(not CAN_FAIL, reason="needs Linux and a C compiler")
_JOB = "import sys; from tokcost.cli.main import main; main()"
LATE = Fault("no space left when what was written goes to the disk", errno.ENOSPC, SYNC, onwards=True)
"""File systems that give out room later than they promise it: btrfs, NFS, quotas."""


class Costs:
    """A dataset, and the command line."""

    def __init__(self, tmp_path: Path, fresh: Path) -> None:
        self.folder, self._home = tmp_path / "data" / "costs", tmp_path / "home"
        (tmp_path / "scratch").mkdir()
        self._fresh = fresh
        self.disk = Boundaries(tmp_path / "scratch", tmp_path / "data")
        self.renew()
        self.said = self.report()

    def renew(self) -> None:
        """Have the dataset as it was before."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self._fresh, self.folder)

    def compact_on_that_disk(self) -> "subprocess.CompletedProcess[str]":
        """Put the files into one, on the disk that may fail."""
        environ = environ_of(self._home) | self.disk.environ
        words = (sys.executable, "-P", "-c", _JOB, "dataset", "compact", str(self.folder))
        return subprocess.run(words, env=environ, capture_output=True, text=True, check=False)

    def compact(self) -> "subprocess.CompletedProcess[str]":
        """The same where nothing fails."""
        return self._run("dataset", "compact", str(self.folder))

    def report(self) -> str:
        """All that the dataset says."""
        return self._run("report", "--dataset", str(self.folder), "--json").stdout

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return piped([*words], self.folder.parent, environ_of(self._home))

    def files(self) -> list[Path]:
        """All files of cells and claims."""
        return sorted(self.folder.rglob("*.parquet"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of three repositories, each collected by itself; only to be copied."""
    folder = tmp_path_factory.mktemp("fresh")
    for number in range(3):
        name = f"r{number}"
        works = [*team("abcdefg", "2026-09-05", "api", name=name), *team("bcdefgh", "2026-10-05", "web", name=name)]
        repository = make_repository(folder / name, works)
        collect([str(repository)], CollectOptions(folder / "costs", folder / "cache", "2026-10"), lambda *_: None)
    return folder / "costs"


@pytest.mark.slow
@pytest.mark.parametrize("fault", [FULL, pytest.param(LATE, marks=pytest.mark.slow)], ids=["full", "late"])
def test_a_disk_that_fills_during_a_compaction_costs_nothing(fault: Fault, tmp_path: Path, fresh: Path) -> None:
    costs = Costs(tmp_path, fresh)
    with costs.disk.watched(fault) as moments:
        assert costs.compact_on_that_disk().returncode == 0
    assert any(moment.call == "fsync" for moment in moments) or fault is FULL
    for moment in chosen(moments, 3, fault.name):
        costs.renew()
        before = costs.files()
        costs.disk.arm(moment.number, fault)
        done = costs.compact_on_that_disk()
        assert costs.disk.disarm() > 0, moment
        assert (done.returncode, "cannot be written" in done.stderr) == (3, True), (moment, done.stderr)
        assert set(before) <= set(costs.files()), "no old file goes before the new ones are on the disk"
        assert costs.report() == costs.said
        assert check_dataset(costs.folder).problems == []
        assert costs.compact().returncode == 0
        assert (len(costs.files()), costs.report()) == (2, costs.said)


def test_old_files_go_after_the_new_ones_and_their_names_are_on_the_disk(tmp_path: Path, fresh: Path) -> None:
    costs = Costs(tmp_path, fresh)
    with costs.disk.watched(BROKEN) as moments:
        assert costs.compact_on_that_disk().returncode == 0
    calls = [moment.call for moment in moments]
    first_removed = min(
        place for place, moment in enumerate(moments) if moment.call == "unlink" and moment.path.endswith(".parquet")
    )
    assert calls[:first_removed].count("fsync") >= 4, "two files, and the two folders that name them"
