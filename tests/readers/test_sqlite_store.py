"""What all readers of SQLite stores have in common."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from support.opencode_store import T0, StoreOf
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources import sqlite_store
from tokcost.readers.sources.files import store_source
from tokcost.readers.sources.sqlite_store import SqliteStoreReader

SCHEMA = "CREATE TABLE call (id INTEGER PRIMARY KEY, changed, output)"


class Reader(SqliteStoreReader):
    """A reader of one table."""

    name = "x"
    required: Mapping[str, Sequence[str]] = {"call": ("id", "changed", "output")}
    query = "SELECT changed, id, output FROM call WHERE changed >= ? ORDER BY changed, id"

    def usage(self, row: tuple[Any, ...]) -> Usage | None:
        _, number, output = row
        return Usage("x", f"x:{number}", T0, "m", Tokens(output=int(output)))


@pytest.fixture
def store(tmp_path: Path) -> StoreOf:
    return StoreOf(tmp_path / "a #1?%20.db", SCHEMA)


def source(store: StoreOf) -> Source:
    found = store_source(str(store.path))
    assert found is not None
    return found


def add(store: StoreOf, *rows: tuple[Any, ...]) -> None:
    for row in rows:
        store.run("INSERT OR REPLACE INTO call VALUES (?, ?, ?)", *row)


def read(store: StoreOf, cursor: bytes | None = None) -> Batch:
    (batch,) = Reader().read(source(store), cursor)
    return batch


def keys(batch: Batch) -> list[str]:
    return [usage.key for usage in batch.usage]


def test_rows_of_the_newest_number_are_read_again_only_where_they_are_new_or_changed(store: StoreOf) -> None:
    add(store, (1, 5, 10), (2, 7, 20), (3, 7, "damaged"))
    first = read(store)
    assert (keys(first), first.skipped) == (["x:1", "x:2"], {"damaged record": 1})
    add(store, (4, 7, 40))
    second = read(store, first.cursor)
    assert (keys(second), second.skipped) == (["x:4"], {})
    add(store, (2, 7, 21))
    assert keys(read(store, second.cursor)) == ["x:2"]


@pytest.mark.parametrize("cursor", [b"", b"x", b"7;8", b"\xff", b"1.5"])
def test_a_cursor_that_fits_nothing_begins_again(store: StoreOf, cursor: bytes) -> None:
    add(store, (1, -5, 10), (2, 7, 20))
    assert keys(read(store, cursor)) == ["x:1", "x:2"]


def test_a_row_whose_number_is_none_stops_nothing(store: StoreOf) -> None:
    add(store, (1, 5, 10), (2, "later", 20))
    first = read(store)
    assert keys(first) == ["x:1", "x:2"]
    assert keys(read(store, first.cursor)) == []


def test_very_many_rows_come_in_several_batches_also_with_one_number(
    store: StoreOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "MOST_ROWS", 3)
    add(store, *((number, number // 5, 1) for number in range(12)))
    batches = list(Reader().read(source(store), None))
    assert [batch.more for batch in batches] == [True, True, False]
    assert sorted(key for batch in batches for key in keys(batch)) == sorted(f"x:{number}" for number in range(12))


def test_a_store_without_a_column_that_is_needed_is_told(store: StoreOf) -> None:
    store.run("ALTER TABLE call DROP COLUMN output")
    with pytest.raises(OSError, match="lacks a table or column"):
        read(store)


def test_a_store_that_is_gone_may_come_back(store: StoreOf) -> None:
    there = source(store)
    os.unlink(store.path)
    with pytest.raises(OSError, match="cannot be read") as problem:
        list(Reader().read(there, None))
    assert problem.value.errno is not None
    assert store_source(str(store.path)) is None


class Timed(Reader):
    """A reader whose first column is a time in milliseconds."""

    ticks = 1000


def read_timed(store: StoreOf, cursor: bytes | None = None) -> Batch:
    (batch,) = Timed().read(source(store), cursor)
    return batch


NOW = round(time.time() * 1000)
HOUR = 3_600_000


@pytest.mark.parametrize("changed", [1 << 61, (1 << 63) - 1, NOW + 48 * HOUR], ids=["far", "farthest", "two days"])
def test_a_time_in_the_far_future_hides_no_later_row_and_is_counted_once(store: StoreOf, changed: int) -> None:
    add(store, (1, T0, 10), (2, changed, 20))
    first = read_timed(store)
    assert (keys(first), first.skipped) == (["x:1"], {"damaged record": 1})
    add(store, (3, T0 + 5, 30))
    second = read_timed(store, first.cursor)
    assert (keys(second), second.skipped) == (["x:3"], {})
    add(store, (4, changed, 40))
    assert read_timed(store, second.cursor).skipped == {"damaged record": 1}


def test_a_row_of_a_clock_that_is_ahead_is_read_and_hides_no_later_one(store: StoreOf) -> None:
    add(store, (1, NOW + 2 * HOUR, 10), (2, NOW + 2 * HOUR, "damaged"))
    first = read_timed(store)
    assert (keys(first), first.skipped) == (["x:1"], {})
    add(store, (3, NOW + HOUR, 30))
    second = read_timed(store, first.cursor)
    assert (keys(second), second.skipped) == (["x:3", "x:1"], {})


def test_a_cursor_from_the_future_begins_again(store: StoreOf) -> None:
    add(store, (1, T0, 10))
    assert keys(read_timed(store, b"%d 5" % (1 << 61))) == ["x:1"]


@pytest.mark.parametrize("changed", ["later", b"x", 1.5e300])
def test_a_row_without_a_number_that_comes_later_is_counted_once(store: StoreOf, changed: object) -> None:
    add(store, (1, 5, 10), (2, changed, 20))
    first = read(store)
    add(store, (3, changed, 30))
    second = read(store, first.cursor)
    assert (keys(second), second.skipped) == ([], {"damaged record": 1})
    assert read(store, second.cursor).skipped == {}


@pytest.mark.parametrize("changed", ["later", (1 << 63) - 1])
def test_very_many_rows_with_no_number_or_an_impossible_one_end(
    store: StoreOf, changed: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "MOST_ROWS", 3)
    add(store, *((number, changed, 1) for number in range(9)), (10, 5, 1))
    batches = list(Timed().read(source(store), None))
    found = [key for batch in batches for key in keys(batch)]
    assert "x:10" in found
    assert len(found) + sum(batch.skipped.get("damaged record", 0) for batch in batches) == 10


def test_a_value_too_large_for_memory_is_the_problem_of_its_store(store: StoreOf) -> None:
    store.run("INSERT INTO call VALUES (1, 5, zeroblob(100000000))")
    with pytest.raises(OSError, match="too big") as problem:
        read(store)
    assert problem.value.errno is None


def test_a_view_is_no_table(store: StoreOf) -> None:
    store.run("ALTER TABLE call RENAME TO other")
    store.run("CREATE VIEW call AS SELECT * FROM other")
    with pytest.raises(OSError, match="lacks a table or column"):
        read(store)


def test_a_query_that_does_not_end_is_stopped(store: StoreOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "_STEPS", 200_000)

    class Endless(Reader):
        query = """WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)
            SELECT n, n, n FROM r WHERE n < 0 AND n >= ?"""

    with pytest.raises(OSError, match="more steps") as problem:
        list(Endless().read(source(store), None))
    assert problem.value.errno is None


def test_a_tree_of_pages_that_has_one_page_many_times_is_stopped(
    store: StoreOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "_STEPS", 200_000)
    with closing(store.open()) as db:
        db.executescript("PRAGMA page_size = 512; VACUUM")
        numbers = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5000)"
        db.execute(f"{numbers} INSERT INTO call SELECT n, n, 1 FROM r")
    data = bytearray(store.path.read_bytes())
    inner = [at for at in range(512, len(data), 512) if data[at] == 5]  # https://sqlite.org/fileformat.html
    leaf = next(at for at in range(512, len(data), 512) if data[at] == 13)
    for page, below in pairwise([*inner, leaf]):
        pointer = (below // 512 + 1).to_bytes(4, "big")
        data[page + 8 : page + 12] = pointer
        for cell in range(page + 12, page + 12 + 2 * int.from_bytes(data[page + 3 : page + 5], "big"), 2):
            at = page + int.from_bytes(data[cell : cell + 2], "big")
            data[at : at + 4] = pointer
    store.path.write_bytes(data)
    with pytest.raises(OSError, match="more steps"):
        read(store)


def test_what_is_remembered_of_very_many_rows_with_one_number_is_bounded(
    store: StoreOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "_MOST_SUMS", 3)
    add(store, *((number, 5, 1) for number in range(9)))
    first = read(store)
    assert len(first.cursor.split()) == 1 + 3
    assert len(keys(read(store, first.cursor))) == 6


class ByRow(SqliteStoreReader):
    """A reader of rows that never change, by their ids."""

    name = "x"
    required: Mapping[str, Sequence[str]] = {"call": ("id", "changed", "output")}
    query = "SELECT id, changed, output FROM call WHERE id >= ? ORDER BY id"

    def usage(self, row: tuple[Any, ...]) -> Usage | None:
        number, made, output = row
        return Usage("x", f"x:{number}:{made}", T0, "m", Tokens(output=int(output)))


class ByRowThatChanges(ByRow):
    """The same, but what follows the id and the time of a row may change."""

    identity = 2


BY_ROW = [ByRow, ByRowThatChanges]


def read_by_row(reader: type[ByRow], store: StoreOf, cursor: bytes | None = None) -> Batch:
    (batch,) = reader().read(source(store), cursor)
    return batch


@pytest.mark.parametrize("later", [1, 3, 5])
@pytest.mark.parametrize("left", [2, 0])
@pytest.mark.parametrize("reader", BY_ROW)
def test_rows_that_take_the_ids_of_deleted_ones_are_read(
    reader: type[ByRow], left: int, later: int, store: StoreOf
) -> None:
    add(store, *((number, number, 1) for number in range(1, 6)))
    first = read_by_row(reader, store)
    assert len(first.usage) == 5
    store.run("DELETE FROM call WHERE id > ?", left)
    for number in range(later):
        store.run("INSERT INTO call (changed, output) VALUES (?, 1)", 100 + number)
    second = read_by_row(reader, store, first.cursor)
    assert second.restarted
    assert [one.key for one in second.usage if int(one.key.split(":")[2]) >= 100] == [
        f"x:{left + 1 + number}:{100 + number}" for number in range(later)
    ]
    third = read_by_row(reader, store, second.cursor)
    assert (third.usage, third.restarted) == ([], False)


@pytest.mark.parametrize("reader", BY_ROW)
def test_where_the_newest_row_is_still_there_only_later_ones_are_read(reader: type[ByRow], store: StoreOf) -> None:
    empty = read_by_row(reader, store)
    add(store, (1, 1, 1), (2, 2, "damaged"))
    first = read_by_row(reader, store, empty.cursor)
    assert (keys(first), first.skipped, first.restarted) == (["x:1:1"], {"damaged record": 1}, False)
    store.run("DELETE FROM call WHERE id = 1")
    add(store, (3, 3, 1))
    second = read_by_row(reader, store, first.cursor)
    assert (keys(second), second.skipped, second.restarted) == (["x:3:3"], {}, False)


def test_a_store_that_was_emptied_is_read_again_once(store: StoreOf) -> None:
    add(store, (1, 1, 1))
    first = read_by_row(ByRow, store)
    store.run("DELETE FROM call")
    second = read_by_row(ByRow, store, first.cursor)
    assert second.restarted
    third = read_by_row(ByRow, store, second.cursor)
    assert (third.usage, third.restarted) == ([], False)
    add(store, (1, 7, 1))
    assert keys(read_by_row(ByRow, store, third.cursor)) == ["x:1:7"]


def test_a_row_that_changes_begins_a_store_again_unless_its_reader_says_what_does_not_change(store: StoreOf) -> None:
    add(store, (1, 1, 1), (2, 2, 2))
    first, told = read_by_row(ByRow, store), read_by_row(ByRowThatChanges, store)
    add(store, (2, 2, 20))
    assert keys(read_by_row(ByRow, store, first.cursor)) == ["x:1:1", "x:2:2"]
    again = read_by_row(ByRowThatChanges, store, told.cursor)
    assert (keys(again), again.restarted) == (["x:2:2"], False)


@pytest.mark.parametrize("reader", BY_ROW)
def test_very_many_rows_come_in_several_batches_also_where_ids_repeat(
    reader: type[ByRow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "MOST_ROWS", 3)
    store = StoreOf(tmp_path / "repeating.db", "CREATE TABLE call (id, changed, output)")
    for number in range(12):
        store.run("INSERT INTO call VALUES (?, ?, 1)", number // 2, number)
    batches = list(reader().read(source(store), None))
    assert [batch.restarted for batch in batches] == [False, False, False]
    assert [key for batch in batches for key in keys(batch)] == [f"x:{number // 2}:{number}" for number in range(12)]


def test_rows_that_take_the_ids_of_deleted_ones_are_read_by_their_time_without_beginning_again(store: StoreOf) -> None:
    add(store, (1, T0, 10), (2, T0 + 1, 20))
    first = read_timed(store)
    store.run("DELETE FROM call WHERE id = 2")
    add(store, (2, T0 + 2, 30))
    second = read_timed(store, first.cursor)
    assert (keys(second), second.restarted) == (["x:2"], False)


def test_a_cursor_of_a_version_that_did_not_look_at_the_newest_row_begins_again_once(store: StoreOf) -> None:
    add(store, (1, 1, 1), (2, 2, 2))
    first = read_by_row(ByRowThatChanges, store, b"2 5")
    assert (keys(first), first.restarted) == (["x:1:1", "x:2:2"], True)
    assert read_by_row(ByRowThatChanges, store, first.cursor).restarted is False
