"""The log that lies beside a ledger may be of another database, or an old one: it costs nothing that the ledger has."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from support import damages
from support.hooked import Hooked
from support.tables import few
from tokcost.errors import LedgerDamaged
from tokcost.ledger.open import FILE_NAME, open_for_reading, open_ledger
from tokcost.ledger.rescue_record import read_rescues
from tokcost.ledger.wal_identity import is_doubtful
from tokcost.services.rescue import rescue

WAL, INDEX = f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"


class World:
    """A ledger whose logs are gone, in one file, and what else may lie beside it."""

    def __init__(self, folder: Path) -> None:
        self.repo = damages.build(folder / "one", replies=300)
        self.home = self.repo.ledger_home
        self.data = (self.home / FILE_NAME).read_bytes()
        self.held, self.by_page = self.all_held(), damages.tokens_by_page(self.repo)
        with closing(sqlite3.connect(folder / "other.db")) as db:
            db.execute("PRAGMA page_size = 8192")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE t (a)")
            db.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 300)
            db.commit()
            database = (folder / "other.db-wal").read_bytes()
        second = Hooked(folder / "second")
        second.work("One")
        ledger = (second.ledger_home / WAL).read_bytes()
        self.foreign = {"another database": database, "another ledger": ledger}

    def all_held(self) -> tuple[int, int]:
        with closing(damages.connect(self.repo)) as db:
            return db.execute("SELECT count(*), sum(tokens) FROM usage").fetchone()

    def renew(self, log: bytes) -> None:
        shutil.rmtree(self.home)
        self.home.mkdir(mode=0o700)
        (self.home / FILE_NAME).write_bytes(self.data)
        (self.home / FILE_NAME).chmod(0o600)
        (self.home / WAL).write_bytes(log)

    def told(self, *words: str) -> str:
        done = self.repo.tokcost(*words)
        assert done.returncode in (0, 1), done.stderr
        assert "bug" not in done.stderr, done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("logs"))


def write_on(home: Path) -> None:
    """Leave a log that was not written back, and no index, as after a kill and a copy."""
    with closing(sqlite3.connect(home / FILE_NAME, isolation_level=None)) as db:
        db.execute("INSERT INTO setting VALUES ('written', 'on')")
        log = (home / WAL).read_bytes()
        main = (home / FILE_NAME).read_bytes()
    (home / FILE_NAME).write_bytes(main)
    (home / WAL).write_bytes(log)
    (home / INDEX).unlink(missing_ok=True)


@pytest.mark.few
@pytest.mark.parametrize("index", [b"", b"\0" * 32768], ids=["no index", "an index"])
@pytest.mark.parametrize("first", few(["log", "status", "doctor", "commit"], 2))
@pytest.mark.parametrize("whose", ["another database", "another ledger"])
def test_a_foreign_wal_is_set_aside_and_the_ledger_is_as_it_was(
    world: World, whose: str, first: str, index: bytes
) -> None:
    world.renew(world.foreign[whose])
    if index:
        (world.home / INDEX).write_bytes(index)
    if first == "commit":
        world.repo.grumble("commit", "-q", "--allow-empty", "-m", "One more")
    else:
        said = world.told(first)
        assert ("rescued" if first == "status" else "no usage is lost") in said, said
    assert world.all_held() == world.held
    assert "no usage is lost" in world.told("log")
    (one,) = read_rescues(world.home)
    assert Path(one.damaged_file).read_bytes() == world.foreign[whose]
    assert "write-ahead log of another database" in world.told("doctor")
    world.told("doctor", "--acknowledge")
    assert "rescued" not in world.told("log")


def test_the_file_is_not_written_to_before_the_log_is_set_aside(world: World) -> None:
    world.renew(world.foreign["another database"])
    with pytest.raises(LedgerDamaged, match="write-ahead log of another database"):
        open_ledger(world.home)
    with pytest.raises(LedgerDamaged, match="write-ahead log of another database"):
        open_for_reading(world.home)
    rescue(world.home, "asked for")
    assert (world.home / FILE_NAME).read_bytes() == world.data
    assert not (world.home / WAL).exists()


def test_an_older_log_of_the_same_ledger_takes_nothing_back(tmp_path: Path) -> None:
    repo = Hooked(tmp_path / "repo")
    repo.work("A")
    old = (repo.ledger_home / WAL).read_bytes()
    for _ in range(40):
        repo.spend()
    repo.work("B")
    with closing(damages.connect(repo)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        held = db.execute("SELECT count(*), sum(tokens) FROM usage").fetchone()
    shutil.rmtree(repo.home / ".claude")
    for suffix in (WAL, INDEX):
        with suppress(FileNotFoundError):
            (repo.ledger_home / suffix).unlink()
    (repo.ledger_home / WAL).write_bytes(old)
    assert "no usage is lost" in repo.tokcost("log").stdout
    with closing(damages.connect(repo)) as db:
        assert db.execute("SELECT count(*), sum(tokens) FROM usage").fetchone() == held


def test_a_log_of_its_own_is_taken_without_a_word(world: World) -> None:
    world.renew(b"")
    write_on(world.home)
    assert is_doubtful(world.home / FILE_NAME)
    assert "rescued" not in world.told("log")
    assert read_rescues(world.home) == []
    with closing(damages.connect(world.repo)) as db:
        assert db.execute("SELECT value FROM setting WHERE name = 'written'").fetchone() == ("on",)
    assert world.all_held() == world.held


def test_what_a_hook_leaves_open_is_no_doubt(tmp_path: Path) -> None:
    repo = Hooked(tmp_path / "repo")
    for number in range(3):
        repo.work(f"Work {number}")
        assert (repo.ledger_home / WAL).exists()
        assert not is_doubtful(repo.ledger_home / FILE_NAME)


def test_a_log_that_is_just_begun_anew_is_no_doubt(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as one:
        for number in range(3):
            with one.transaction():
                one.db.execute("INSERT INTO setting VALUES (?, 'x')", (f"name {number}",))
                assert not is_doubtful(tmp_path / FILE_NAME) or not number
            one.db.execute("PRAGMA wal_checkpoint(RESTART)")
            assert not is_doubtful(tmp_path / FILE_NAME)
            with open_ledger(tmp_path) as other:
                assert other.db.execute("SELECT count(*) FROM setting").fetchone()[0] >= number


@pytest.mark.parametrize("whose", ["another database", "another ledger"])
def test_of_a_damaged_file_with_a_foreign_log_more_is_saved_without_it(world: World, whose: str) -> None:
    world.renew(world.foreign[whose])
    data = bytearray(world.data)
    page = max(world.by_page)
    data[(page - 1) * damages.PAGE : page * damages.PAGE] = bytes(damages.PAGE)
    (world.home / FILE_NAME).write_bytes(data)
    assert "damaged" in world.told("log")
    assert world.all_held()[1] >= world.held[1] - world.by_page[page]
    kept = next(world.home.glob("ledger.damaged-*.db"))
    assert kept.read_bytes() == data


def test_the_log_of_a_ledger_that_was_deleted_is_none_of_the_next_one(tmp_path: Path) -> None:
    repo = Hooked(tmp_path / "repo")
    repo.work("A")
    assert (repo.ledger_home / WAL).stat().st_size
    os.unlink(repo.ledger_home / FILE_NAME)
    assert "rescued" not in repo.tokcost("log").stdout
    repo.work("B")
    assert repo.tokcost("log").returncode == 0
    assert read_rescues(repo.ledger_home) == []
