"""Backing up and restoring with plain files, as docs/reliability.md says it."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from faults.world import published_once
from support.hooked import REPLY, Hooked
from tokcost.ledger.backup import back_up
from tokcost.ledger.open import FILE_NAME

SHELL = shutil.which("sqlite3")


def by_sqlite(repo: Hooked, target: Path) -> None:
    """`sqlite3 ledger.db ".backup copy.db"`, or the function of SQLite behind it."""
    with closing(sqlite3.connect(repo.ledger_home / FILE_NAME)) as ledger, closing(sqlite3.connect(target)) as copy:
        ledger.backup(copy)


def by_folder(repo: Hooked, target: Path) -> None:
    shutil.copytree(repo.ledger_home, target)


def by_tokcost(repo: Hooked, target: Path) -> None:
    made = back_up(repo.ledger_home)
    assert made is not None
    shutil.move(made, target)


def restore(repo: Hooked, kept: Path) -> None:
    """As the page says it."""
    if kept.is_dir():
        shutil.rmtree(repo.ledger_home)
        shutil.copytree(kept, repo.ledger_home)
        return
    shutil.copy(kept, repo.ledger_home / FILE_NAME)
    for ending in ("-wal", "-shm"):
        (repo.ledger_home / f"{FILE_NAME}{ending}").unlink(missing_ok=True)


@pytest.mark.parametrize("logs", ["there", pytest.param("gone", marks=pytest.mark.slow)])
@pytest.mark.parametrize("keep", [by_sqlite, pytest.param(by_folder, marks=pytest.mark.slow), by_tokcost])
def test_a_restored_ledger_goes_on_and_publishes_nothing_twice(
    tmp_path: Path, keep: Callable[[Hooked, Path], None], logs: str
) -> None:
    """What was spent since the copy comes from the logs that are there; which of it was published is in the clone."""
    repo = Hooked(tmp_path, rooted=True)
    repo.work("One")
    repo.spend()
    repo.log()
    kept = tmp_path / "kept"
    keep(repo, kept)
    repo.work("Two")
    repo.spend()
    repo.log()
    if logs == "gone":
        shutil.rmtree(repo.home)
    restore(repo, kept)
    balance = repo.balance()
    assert balance["total"] == sum(balance.values()) - balance["total"]
    assert balance["total"] == REPLY * (4 if logs == "there" else 2)
    repo.work("Three")
    published_once(repo)
    carried = sum(line.tokens for line in repo.published().values())
    assert carried == REPLY * (5 if logs == "there" else 4)


@pytest.mark.slow
@pytest.mark.skipif(SHELL is None, reason="the program sqlite3 is not there")
def test_the_command_of_the_page_makes_a_whole_copy_while_an_editor_is_open(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True)
    repo.work("One")
    with repo.serve():
        repo.spend()
        ledger, copy = repo.ledger_home / FILE_NAME, tmp_path / "copy.db"
        subprocess.run(["sqlite3", str(ledger), f".backup {copy}"], check=True)
    restore(repo, copy)
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
