"""The file of a large ledger shrinks after an upgrade, where nobody waits, whatever happens meanwhile."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from support.hooked import Hooked
from support.tables import few
from tokcost.errors import LedgerUnavailable
from tokcost.ledger.compact import compact, is_due
from tokcost.ledger.open import FILE_NAME, UPGRADED, open_for_reading, open_ledger
from tokcost.services.back_up import back_up_if_due

OLD = Path(__file__).parent.parent / "ledger" / "old"
PROGRAM = (
    "import sys, pathlib; from tokcost.services.back_up import back_up_if_due as do; do(pathlib.Path(sys.argv[1]))"
)
LEAST = 20_000_000


def old_ledger(home: Path, size: int = LEAST) -> None:
    """A ledger of schema 4 that is that large, most of it in a table that is copied."""
    home.mkdir(mode=0o700, exist_ok=True)
    with closing(sqlite3.connect(home / FILE_NAME)) as old:
        old.execute("PRAGMA journal_mode = WAL")
        old.executescript((OLD / "4.sql").read_text())
        old.execute("INSERT INTO setting VALUES ('long', ?)", ("x" * size,))
        old.commit()


def free_pages(home: Path) -> int:
    ledger = open_for_reading(home)
    assert ledger is not None
    with ledger:
        return ledger.db.execute("PRAGMA freelist_count").fetchone()[0]


def upgraded(home: Path) -> Path:
    """An upgraded ledger with many free pages."""
    old_ledger(home)
    open_ledger(home).close()
    assert (home / UPGRADED).exists()
    assert free_pages(home) * 4096 > LEAST / 2
    return home / FILE_NAME


def check_whole(home: Path) -> None:
    with closing(sqlite3.connect(home / FILE_NAME)) as ledger:
        assert ledger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert ledger.execute("PRAGMA foreign_key_check").fetchall() == []
        assert ledger.execute("SELECT key, tokens FROM usage").fetchall() == [("msg_mock00001", 11507)]
        assert ledger.execute("SELECT length(value) FROM setting WHERE name = 'long'").fetchone() == (LEAST,)


def started(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-P", "-c", PROGRAM, str(home)], env=os.environ)


def test_an_upgraded_ledger_shrinks_once(tmp_path: Path) -> None:
    file = upgraded(tmp_path)
    before = file.stat().st_size
    back_up_if_due(tmp_path)
    assert file.stat().st_size < 0.6 * before
    assert free_pages(tmp_path) == 0
    assert not (tmp_path / UPGRADED).exists()
    check_whole(tmp_path)
    assert not is_due(tmp_path, time.time())


def test_a_small_ledger_is_not_worth_it(tmp_path: Path) -> None:
    old_ledger(tmp_path, 1000)
    open_ledger(tmp_path).close()
    assert not (tmp_path / UPGRADED).exists()


def test_a_ledger_with_few_free_pages_is_left_as_it_is(tmp_path: Path) -> None:
    file = upgraded(tmp_path)
    compact(tmp_path)
    (tmp_path / UPGRADED).touch()
    before = file.stat().st_mtime_ns
    compact(tmp_path)
    assert (file.stat().st_mtime_ns, (tmp_path / UPGRADED).exists()) == (before, False)


def test_tokcost_log_does_not_wait_for_it(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    file = upgraded(repo.ledger_home)
    assert repo.tokcost("log").returncode == 0
    until = time.monotonic() + 60
    while (repo.ledger_home / UPGRADED).exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not (repo.ledger_home / UPGRADED).exists()
    assert file.stat().st_size < 1.5 * LEAST


def test_a_commit_leaves_it_to_others(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True)
    upgraded(repo.ledger_home / "other")
    (repo.ledger_home / "other" / FILE_NAME).rename(repo.ledger_home / FILE_NAME)
    (repo.ledger_home / "other" / UPGRADED).rename(repo.ledger_home / UPGRADED)
    free = free_pages(repo.ledger_home)
    repo.work("One")
    assert (repo.ledger_home / UPGRADED).exists()
    assert free_pages(repo.ledger_home) > 0.9 * free


@pytest.mark.slow
def test_a_ledger_in_use_is_tried_again_a_day_later(tmp_path: Path) -> None:
    upgraded(tmp_path)
    assert is_due(tmp_path, time.time())
    with open_ledger(tmp_path) as ledger, ledger.transaction():
        with pytest.raises(LedgerUnavailable, match="locked"):
            compact(tmp_path, busy_seconds=0.05)
    assert not is_due(tmp_path, time.time())
    assert is_due(tmp_path, time.time() + 90_000)
    compact(tmp_path)
    check_whole(tmp_path)


@pytest.mark.slow
def test_somebody_who_reads_meanwhile_goes_on_reading(tmp_path: Path) -> None:
    file = upgraded(tmp_path)
    before = file.stat().st_size
    with open_ledger(tmp_path) as reader:
        with reader.snapshot():
            assert reader.db.execute("SELECT count(*) FROM usage").fetchone() == (1,)
            compact(tmp_path)
            assert reader.db.execute("SELECT count(*) FROM usage").fetchone() == (1,)
    assert file.stat().st_size < 0.6 * before
    check_whole(tmp_path)


@pytest.mark.slow
def test_of_several_processes_one_does_it(tmp_path: Path) -> None:
    upgraded(tmp_path)
    processes = [started(tmp_path) for _ in range(4)]
    assert [process.wait(timeout=120) for process in processes] == [0] * 4
    assert free_pages(tmp_path) == 0
    assert not (tmp_path / UPGRADED).exists()
    check_whole(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("wal", few([LEAST // 3, 1, LEAST], 1))
def test_killed_while_it_writes_it_is_done_the_next_time(tmp_path: Path, wal: int) -> None:
    file = upgraded(tmp_path)
    process = started(tmp_path)
    log = Path(f"{file}-wal")
    while process.poll() is None and not (log.exists() and log.stat().st_size >= wal):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    check_whole(tmp_path)
    back_up_if_due(tmp_path)
    assert free_pages(tmp_path) == 0
    check_whole(tmp_path)
