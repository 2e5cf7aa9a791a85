"""A rescue happens once, survives a kill, and is told until somebody says that it was read; backups outlive logs."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from support import damages, warm
from support.damages import Damage
from support.editor import Editor
from support.tables import few
from tokcost.errors import LedgerDamaged
from tokcost.ledger.backup import EVERY_SECONDS, back_up, backups, is_due
from tokcost.ledger.open import FILE_NAME, open_ledger
from tokcost.ledger.rescue_record import read_rescues
from tokcost.ledger.rollup import disagreements
from tokcost.model.rescue import Rescue
from tokcost.reports.rescues import saved_words
from tokcost.services.rescue import rescue

KILLED = """
import importlib, os, signal, sys
place, name, when = sys.argv.pop(1).split(":")
module = importlib.import_module(place)
done = getattr(module, name)
def dying(*args, **more):
    if when == "after":
        done(*args, **more)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, name, dying)
from tokcost.cli.start import main
main()
"""
"""A tokcost that is killed at a certain moment."""


class World:
    """A ledger without logs, made once; each test has its own copy."""

    def __init__(self, folder: Path) -> None:
        self.repo = damages.build(folder, replies=300)
        self.home = self.repo.ledger_home
        self.data = (self.home / FILE_NAME).read_bytes()
        self.pages = damages.pages_of(self.repo)
        self.held = self.all_held()

    def renew(self) -> "World":
        shutil.rmtree(self.home)
        self.home.mkdir(mode=0o700)
        (self.home / FILE_NAME).write_bytes(self.data)
        (self.home / FILE_NAME).chmod(0o600)
        return self

    def harm(self, damage: Damage) -> None:
        data = bytearray((self.home / FILE_NAME).read_bytes())
        damage.do(data)
        (self.home / FILE_NAME).write_bytes(data)

    def page(self, name: str, kind: str = "leaf") -> int:
        return next(page for page, found in self.pages.items() if found == (name, kind))

    def all_held(self) -> tuple[int, int]:
        with closing(damages.connect(self.repo)) as db:
            return db.execute("SELECT count(*), sum(tokens) FROM usage").fetchone()

    def check_whole(self) -> None:
        """Nothing is lost, nothing is half done, and nothing was left lying about."""
        assert self.all_held() == self.held
        with open_ledger(self.home) as ledger:
            assert disagreements(ledger) == []
        names = {path.name for path in self.home.iterdir()}
        assert not [name for name in names if "salvage" in name or "rescued" in name], names
        assert len([name for name in names if name.startswith("ledger.damaged-") and name.endswith(".db")]) == 1


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(made: World) -> World:
    return made.renew()


def test_processes_that_find_the_damage_at_once_rescue_once(world: World) -> None:
    world.harm(damages.fill(world.page("claim"), 0))
    command = (warm.COMMAND_LINE, ["log", "--json"])
    running = [warm.start(*command, cwd=world.repo.path, env=world.repo.environ) for _ in range(4)]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in running]
    assert [code for *_, code in ended] == [0] * 4, ended
    assert len(read_rescues(world.home)) == 1
    world.check_whole()


@pytest.mark.few
@pytest.mark.parametrize(
    "moment",
    few(
        [
            "tokcost.services.rescue:salvage:before",
            "tokcost.ledger.salvage:stand_in:before",
            "tokcost.services.rescue:salvage:after",
            "tokcost.claims.claim_journal:restore:after",
            "tokcost.services.rescue:record_rescue:before",
            "tokcost.services.rescue:record_rescue:after",
            "tokcost.services.rescue:finish:before",
            "tokcost.services.rescue:finish:after",
        ],
        4,
    ),
)
def test_the_next_command_finishes_a_rescue_that_was_killed(world: World, moment: str) -> None:
    world.harm(damages.fill(world.page("claim"), 0))
    done = warm.run(KILLED, [moment, "log"], cwd=world.repo.path, env=world.repo.environ)
    assert done.returncode == -9, done.stderr
    assert world.repo.tokcost("log").returncode == 0
    assert len(read_rescues(world.home)) == 1
    world.check_whole()


def test_a_kill_between_two_names_is_finished_too(world: World) -> None:
    """The damaged file has its new name, the rescued one not yet."""
    world.harm(damages.fill(world.page("claim"), 0))
    rescue(world.home, "damaged")
    (one,) = read_rescues(world.home)
    (world.home / FILE_NAME).rename(world.home / f"ledger.rescued-{one.stamp}.db")
    assert world.repo.tokcost("log").returncode == 0
    world.check_whole()


def test_it_is_told_until_somebody_says_that_it_was_read(world: World) -> None:
    world.harm(damages.fill(world.page("claim"), 0))
    told = "the ledger was damaged and was rescued"
    for _ in range(2):
        assert told in world.repo.tokcost("log").stdout
        assert "ledger rescued" in world.repo.tokcost("status").stdout
    assert world.repo.tokcost("doctor").returncode == 1
    assert world.repo.tokcost("doctor", "--acknowledge").returncode == 0
    assert told not in world.repo.tokcost("log").stdout
    assert "ledger rescued" not in world.repo.tokcost("status").stdout
    assert "ledger.damaged-" in world.repo.tokcost("doctor").stdout  # it remembers


def test_a_hook_says_it_once(tmp_path: Path) -> None:
    world = World(tmp_path)  # a commit changes the clone as well
    world.harm(damages.fill(world.page("claim"), 0))
    world.repo.tokcost("log")
    said = [world.repo.grumble("commit", "-q", "--allow-empty", "-m", "Work") for _ in range(2)]
    assert "was rescued" in said[0]
    assert "was rescued" not in said[1]


def test_an_editor_is_told(world: World) -> None:
    world.harm(damages.fill(world.page("claim"), 0))
    with Editor(world.repo.environ, world.repo.path) as editor:
        editor.open()
        editor.wait(lambda: [one for one in editor.told("window/showMessage") if "was rescued" in one["message"]])
        editor.quit()
    world.check_whole()


@pytest.mark.slow
@pytest.mark.parametrize("table", few(["carrier", "claim_version", "setting", "listing", "tip"], 2))
def test_a_table_that_was_dropped_is_a_damage(world: World, table: str) -> None:
    with closing(damages.connect(world.repo)) as db:
        db.execute(f"DROP TABLE {table}")
    for words in (["log"], ["doctor"]):
        assert world.repo.tokcost(*words).returncode in (0, 1)
    assert len(read_rescues(world.home)) == 1
    world.check_whole()


@pytest.mark.slow
def test_a_ledger_whose_schema_is_no_text_is_rescued(world: World) -> None:
    """Python cannot read what SQLite says of it."""
    with closing(damages.connect(world.repo)) as db:
        db.execute("PRAGMA writable_schema = 1")
        said = "UPDATE sqlite_schema SET name = CAST(x'fb61' AS TEXT), sql = 'CREATX' WHERE name = 'setting'"
        db.execute(said)
    for words in (["log"], ["doctor"]):
        done = world.repo.tokcost(*words)
        assert (done.returncode in (0, 1), "bug" in done.stderr) == (True, False), done.stderr
    assert len(read_rescues(world.home)) == 1
    world.check_whole()


def test_a_backup_is_due_after_a_week_and_two_are_kept(world: World) -> None:
    now = world.home.stat().st_mtime
    assert not is_due(world.home, now + EVERY_SECONDS - 7200)
    assert is_due(world.home, now + EVERY_SECONDS + 7200)
    made = [back_up(world.home)]
    assert not is_due(world.home, now + 7200)
    for number in range(1, 4):  # as if each were a second older
        first = backups(world.home)[0]
        first.rename(first.with_name(f"ledger.backup-2020010{number}T000000Z.db"))
        made.append(back_up(world.home))
    assert [path.name[14:18] for path in backups(world.home)] == [str(made[-1])[-19:-15], "2020"]
    with closing(sqlite3.connect(backups(world.home)[0])) as db:
        assert db.execute("SELECT count(*), sum(tokens) FROM usage").fetchone() == world.held


def test_a_backup_from_the_future_neither_delays_nor_replaces_others(world: World) -> None:
    """A clock was ahead, and is right again."""
    home, now = world.home, time.time()
    ahead = home / "ledger.backup-20990101T000000Z.db"
    ahead.write_bytes(b"")
    os.utime(ahead, (now + 9e8, now + 9e8))
    assert is_due(home, now)
    made = back_up(home)
    assert made is not None
    assert not is_due(home, time.time())
    older = home / "ledger.backup-20200101T000000Z.db"
    older.write_bytes(b"")
    made.unlink()
    newest = back_up(home)
    assert backups(home) == [newest, older]


def test_what_a_killed_process_was_making_is_gone_after_the_next_backup(world: World) -> None:
    home = world.home
    left, at_work = home / "ledger.db.0123456789abcdef.new", home / "ledger.db.fedcba9876543210.new-wal"
    for path, age in ((left, 7200), (at_work, 0), (home / "ledger.backup.new", -9e8)):
        path.write_bytes(b"x")
        os.utime(path, (time.time() - age, time.time() - age))
    assert back_up(home) is not None
    assert (left.exists(), at_work.exists()) == (False, True)


def test_no_backup_is_made_of_a_damaged_ledger(world: World) -> None:
    good = back_up(world.home)
    world.harm(damages.fill(world.page("claim"), 0))
    with pytest.raises(LedgerDamaged):
        back_up(world.home)
    assert backups(world.home) == [good]
    assert not list(world.home.glob("ledger.backup.new*"))


@pytest.mark.slow
@pytest.mark.parametrize("table", few(["usage", "series", "place", "assistant", "session", "claim", "repository"]))
def test_what_a_damaged_page_held_comes_from_the_backup(world: World, table: str) -> None:
    def seen() -> object:
        found = world.repo.tokcost("log", "--json").stdout
        return found.partition('"skipped"')[0]

    before = seen()
    back_up(world.home)
    world.harm(damages.fill(world.page(table), 0xFF))
    world.repo.tokcost("doctor")
    assert read_rescues(world.home)
    assert world.all_held() == world.held
    assert seen() == before


@pytest.mark.slow
def test_a_rescue_names_the_backup_that_all_usage_came_from(world: World) -> None:
    world.renew()
    back_up(world.home)
    (world.home / FILE_NAME).write_bytes(bytes(len(world.data)))
    said = world.repo.tokcost("log").stdout
    assert "tokens were saved from a backup" in " ".join(said.split())
    assert world.all_held() == world.held


def test_a_rescue_names_the_file_and_the_backup_where_usage_came_from_both() -> None:
    one = Rescue("20260101T000000Z", "kept", "what", {"usage": 5}, {"usage": 2}, 1, {}, (9, 90), (5, 50))
    assert saved_words(one) == "50 of 90 tokens were saved from it and a backup"
    assert saved_words(one._replace(from_backup={"session": 1})) == "50 of 90 tokens were saved from it"


@pytest.mark.slow
def test_rows_of_a_page_that_the_list_of_free_pages_names_are_found(world: World) -> None:
    free = set(range(2, len(world.data) // damages.PAGE + 1)) - world.pages.keys()
    world.harm(damages.swap(world.page("usage"), min(free)))
    world.repo.tokcost("doctor")
    assert read_rescues(world.home)
    assert world.all_held() == world.held
