"""What all readers of SQLite stores have in common."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from support.opencode_store import T0, StoreOf
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources import sqlite_store
from tokcost.readers.sources.sqlite_store import SqliteStoreReader, store_source

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
