"""The write-ahead log of a ledger is cut, or a bit of it is flipped, as after a crash of the machine or on a bad disk:
the sums are as before, or a rescue is reported, and nothing is counted or published twice."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.hooked import Hooked
from support.tables import few
from tokcost.ledger.open import FILE_NAME
from tokcost.ledger.rescue_record import read_rescues

WAL, INDEX = f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"
FRAME = 8192 + 24
"""Bytes of a page in the log, with its header."""


class World:
    """A clone whose last usage and claims are in the write-ahead log alone; the assistant's logs are still there."""

    def __init__(self, folder: Path) -> None:
        self.repo = Hooked(folder, rooted=True, forks=True)
        self.repo.work("One")
        self.repo.log()
        with closing(sqlite3.connect(self.repo.ledger_home / FILE_NAME, isolation_level=None)) as reader:
            reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM usage").fetchall()  # whoever reads keeps the log from being emptied
            for number in range(6):
                self.repo.spend()
                self.repo.work(f"Work {number}")
            self.repo.spend()
            self.expected = self.repo.replies()
            self.kept = folder / "kept"
            shutil.copytree(self.repo.ledger_home, self.kept)
        self.head = self.repo.head()
        self.size = (self.kept / WAL).stat().st_size
        assert self.size > 20 * FRAME

    def renew(self, change: Callable[[Path], object], *, index: bool) -> None:
        shutil.rmtree(self.repo.ledger_home)
        shutil.copytree(self.kept, self.repo.ledger_home)
        change(self.repo.ledger_home / WAL)
        if not index:
            (self.repo.ledger_home / INDEX).unlink()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("cut"))


@pytest.fixture(autouse=True)
def as_it_was(world: World) -> Iterator[None]:
    yield
    world.repo.git("reset", "-q", "--hard", world.head)


def places(number: int) -> list[int]:
    """Thousandths of the file: its ends, and seeded places between them."""
    return [0, 1, *random.Random(20).sample(range(2, 999), number - 3), 1000]


def holds(world: World) -> None:
    """The sums are those of before, whether a rescue was needed or not, and the next commit publishes what is new."""
    said = world.repo.tokcost("log")
    assert said.returncode in (0, 1), said.stderr
    assert "bug" not in said.stderr
    assert world.repo.replies() == world.expected
    rescued = read_rescues(world.repo.ledger_home)
    assert bool(rescued) is ("rescued" in said.stdout), said.stdout
    world.repo.change()
    world.repo.grumble("commit", "-qm", "The next one")
    after = world.repo.replies()
    assert after["total"] == after["carried"] == world.expected["total"]
    assert len(world.repo.lines()) == 1


@pytest.mark.few
@pytest.mark.parametrize("index", [True, False], ids=["with its index", "without its index"])
@pytest.mark.parametrize("thousandth", few(places(24), 4))
def test_a_cut_log_costs_no_usage_and_publishes_nothing_twice(world: World, thousandth: int, index: bool) -> None:
    world.renew(lambda log: os.truncate(log, world.size * thousandth // 1000), index=index)
    holds(world)


@pytest.mark.few
@pytest.mark.parametrize("thousandth", few(places(24)[:-1], 4))
def test_a_flipped_bit_of_the_log_costs_no_usage_and_publishes_nothing_twice(world: World, thousandth: int) -> None:
    def flip(log: Path) -> None:
        data = bytearray(log.read_bytes())
        data[world.size * thousandth // 1000] ^= 0x10
        log.write_bytes(data)

    world.renew(flip, index=False)
    holds(world)
