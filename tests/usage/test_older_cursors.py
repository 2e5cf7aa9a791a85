"""A ledger that an earlier version of tokcost wrote has the places in SQLite stores in another form. Such a store is
read once more, and nothing in it counts twice."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from estimates.writing import Cursor
from readers import test_copilot_chat as copilot_chat
from readers.test_goose import Store
from support import copilot_lines as copilot_cli
from support.opencode_store import StoreOf, message
from tokcost.ledger.open import open_ledger
from tokcost.ledger.rollup import disagreements
from tokcost.ledger.sources import tallies
from tokcost.services.refresh import refresh

T0 = 1_790_000_000_000


class Assistant(NamedTuple):
    """An assistant with a SQLite store below a home folder."""

    path: Path
    table: str
    says: Callable[[int], object]
    """Write a response with a number."""
    fails: Callable[[], object]
    """Write a damaged one."""

    def deletes_all_but_the_first(self) -> None:
        """Delete rows, so that their numbers are given again."""
        with closing(sqlite3.connect(self.path)) as db:
            db.execute(f"DELETE FROM {self.table} WHERE rowid > 1")
            if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").fetchone():
                db.execute("UPDATE sqlite_sequence SET seq = 1")
            db.commit()


def goose(home: Path) -> Assistant:
    store = Store(home)
    return Assistant(
        store.path,
        "usage_ledger",
        lambda number: store.call(at=T0 // 1000 + number),
        lambda: store.call(input_tokens=-1),
    )


def chat(home: Path) -> Assistant:
    user = home / ".config/Code/User"
    return Assistant(
        copilot_chat.store(user),
        "spans",
        lambda number: copilot_chat.store(user, copilot_chat.span(f"s{number}", T0 + number)),
        lambda: copilot_chat.store(user, copilot_chat.span("bad", output_tokens=-1)),
    )


def cli(home: Path) -> Assistant:
    return Assistant(
        copilot_cli.store(home),
        "assistant_usage_events",
        lambda number: copilot_cli.store(home, copilot_cli.row(T0 + number, number)),
        lambda: copilot_cli.store(home, copilot_cli.row(created_at="yesterday")),
    )


def opencode(home: Path) -> Assistant:
    store = StoreOf(home / ".local/share/opencode/opencode.db")
    store.session()
    return Assistant(
        store.path,
        "message",
        lambda number: store.say(f"msg_{number}", message(T0 + number)),
        lambda: store.say("msg_bad", "{", updated=T0),
    )


def cursor(home: Path) -> Assistant:
    editor = Cursor(home)
    (home / "ledger").mkdir(mode=0o700)
    (home / "ledger/config.toml").write_text("[estimates]\ntext = true\n")
    return Assistant(
        editor.path,
        "cursorDiskKV",
        lambda number: editor.says(number, T0 + number),
        lambda: editor.put_text("bubbleId:c1:bad", "7"),
    )


def of_row_numbers(place: bytes) -> bytes:
    """The older form of a place by the numbers of rows: what is told of the row itself was not in it."""
    return re.sub(rb"\|(\d+)\|\d+", lambda match: b"" if match[1] == b"0" else b"|" + match[1], place)


def of_opencode(place: bytes) -> bytes:
    known = msgspec.json.decode(place)
    del known["rows"]
    return msgspec.json.encode(known)


def of_cursor(place: bytes) -> bytes:
    return place.partition(b" ")[0]


each = pytest.mark.parametrize(
    ("assistant", "older"),
    [
        (goose, of_row_numbers),
        (chat, of_row_numbers),
        (cli, of_row_numbers),
        (opencode, of_opencode),
        (cursor, of_cursor),
    ],
    ids=["Goose", "Copilot Chat", "Copilot CLI", "opencode", "Cursor"],
)
Older = Callable[[bytes], bytes]


class Ledger:
    """The ledger of somebody with one assistant."""

    def __init__(self, home: Path) -> None:
        self._home, self.path = home, home / "ledger"

    def look(self) -> tuple[int, int]:
        """Import; the number of responses, and that of damaged records."""
        refresh(self.path, {"HOME": str(self._home), "TOKCOST_HOME": str(self.path)})
        with open_ledger(self.path) as ledger:
            assert disagreements(ledger) == []
            (found,) = ledger.db.execute("SELECT count(*) FROM usage").fetchone()
            return found, sum(tallies(ledger, "skipped").values())

    def place(self, store: Path) -> bytes:
        """The place that is remembered of a store."""
        with open_ledger(self.path) as ledger:
            (found,) = ledger.db.execute("SELECT cursor FROM source WHERE path = ?", (str(store),)).fetchone()
            return found

    def make_older(self, store: Path, older: Older) -> None:
        """Write it as an earlier version did."""
        before = self.place(store)
        assert older(before) != before
        with open_ledger(self.path) as ledger, ledger.transaction():
            ledger.db.execute("UPDATE source SET cursor = ? WHERE path = ?", (older(before), str(store)))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


@pytest.mark.few
@each
def test_a_store_with_an_older_place_is_read_once_more_and_nothing_counts_twice(
    tmp_path: Path, ledger: Ledger, assistant: Callable[[Path], Assistant], older: Older
) -> None:
    one = assistant(tmp_path)
    one.says(1)
    one.fails()
    one.says(2)
    assert ledger.look() == (2, 1)
    ledger.make_older(one.path, older)
    one.says(3)
    assert ledger.look() == (3, 1)
    assert older(ledger.place(one.path)) != ledger.place(one.path)
    one.says(4)
    assert ledger.look() == (4, 1)


@each
def test_behind_an_older_place_responses_are_found_that_took_the_numbers_of_deleted_ones(
    tmp_path: Path, ledger: Ledger, assistant: Callable[[Path], Assistant], older: Older
) -> None:
    one = assistant(tmp_path)
    for number in (1, 2, 3):
        one.says(number)
    assert ledger.look() == (3, 0)
    ledger.make_older(one.path, older)
    one.deletes_all_but_the_first()
    for number in (4, 5, 6):
        one.says(number)
    assert ledger.look() == (6, 0)


@each
def test_a_store_whose_rows_took_the_numbers_of_deleted_ones_has_its_damage_counted_once(
    tmp_path: Path, ledger: Ledger, assistant: Callable[[Path], Assistant], older: Older
) -> None:
    one = assistant(tmp_path)
    one.fails()
    for number in (1, 2, 3):
        one.says(number)
    assert ledger.look() == (3, 1)
    one.deletes_all_but_the_first()
    for number in (4, 5, 6):
        one.says(number)
    assert ledger.look() == (6, 1)
    assert older(ledger.place(one.path)) != ledger.place(one.path)
