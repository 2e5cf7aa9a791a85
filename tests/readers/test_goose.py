"""Goose's store and older files: each known trap, with its reasoning in the test's name."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tokcost.model.logs import Batch
from tokcost.model.usage import Tokens, Usage, merge
from tokcost.readers.goose.reader import GooseReader
from tokcost.readers.sources.files import file_source, store_source

READER = GooseReader()
T0 = 1_790_000_000
SESSIONS = """CREATE TABLE sessions (id TEXT PRIMARY KEY, working_dir TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    total_tokens INTEGER, input_tokens INTEGER, output_tokens INTEGER, accumulated_total_tokens INTEGER,
    accumulated_input_tokens INTEGER, accumulated_output_tokens INTEGER{more})"""
MODEL = ", provider_name TEXT, model_config_json TEXT"
CALLS = """CREATE TABLE usage_ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,
    created_timestamp INTEGER NOT NULL, model TEXT, input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER,
    cache_read_tokens INTEGER, cache_write_tokens INTEGER, cost REAL, cost_source TEXT,
    is_compaction INTEGER DEFAULT 0)"""


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class Store:
    """Goose's store below a home folder."""

    def __init__(self, home: Path, *, calls: bool = True, more: str = MODEL) -> None:
        self.path = home / ".local/share/goose/sessions/sessions.db"
        self.path.parent.mkdir(parents=True)
        self.run(SESSIONS.format(more=more))
        if calls:
            self.run(CALLS)

    def run(self, *statement: Any) -> None:
        with closing(sqlite3.connect(self.path)) as store:
            store.execute(*statement)
            store.commit()

    def session(self, name: str = "20260921_1", total: int | None = 0, **more: Any) -> None:
        said = {"id": name, "working_dir": "/home/dev/shop", "created_at": "2026-09-21 14:13:20"}
        said |= {"updated_at": "2026-09-21 14:20:00", "accumulated_total_tokens": total, **more}
        names, values = ", ".join(said), list(said.values())
        self.run(f"INSERT OR REPLACE INTO sessions ({names}) VALUES ({', '.join('?' * len(values))})", values)

    def call(self, session: str = "20260921_1", at: int = T0, **more: Any) -> None:
        said = {"session_id": session, "created_timestamp": at, "model": "claude-sonnet-4-5", "input_tokens": 100}
        said |= {"output_tokens": 20, "total_tokens": 120, "cache_read_tokens": 30, "cache_write_tokens": 10, **more}
        names, values = ", ".join(said), list(said.values())
        self.run(f"INSERT INTO usage_ledger ({names}) VALUES ({', '.join('?' * len(values))})", values)

    def read(self, cursor: bytes | None = None) -> list[Batch]:
        source = store_source(str(self.path))
        assert source is not None
        return list(READER.read(source, cursor))

    def usage(self, cursor: bytes | None = None) -> list[Usage]:
        return [one for batch in self.read(cursor) for one in batch.usage]


def test_the_prompt_of_a_call_contains_the_cache(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.session(provider_name="anthropic")
    store.call(cost=0.25, cost_source="provider_reported")
    (one,) = store.usage()
    assert one.tokens == Tokens(60, 30, 10, output=20)
    assert (one.assistant, one.session, one.cwd) == ("goose", "20260921_1", "/home/dev/shop")
    assert (one.time_ms, one.model, one.provider) == (T0 * 1000, "claude-sonnet-4-5", "anthropic")
    assert one.reported_cost == 250_000_000


def test_a_compaction_is_a_call_and_the_total_of_a_session_with_calls_counts_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.session(total=1998, accumulated_input_tokens=999, accumulated_output_tokens=999)
    store.call()
    store.call(is_compaction=1, input_tokens=40, output_tokens=5, cache_read_tokens=0, cache_write_tokens=None)
    assert [one.tokens.total for one in store.usage()] == [120, 45]


def test_the_model_of_the_session_is_that_of_a_call_without_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.session(model_config_json='{"model_name": "gpt-5", "context_limit": 1}')
    store.call(model=None)
    assert store.usage()[0].model == "gpt-5"


def test_only_new_calls_are_read_and_a_second_look_finds_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.session()
    store.call()
    cursor = store.read()[-1].cursor
    assert store.usage(cursor) == []
    store.call(at=T0 + 60)
    assert [one.time_ms for one in store.usage(cursor)] == [(T0 + 60) * 1000]


def test_all_but_the_last_batch_say_that_more_follows(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.call()
    assert [batch.more for batch in store.read()] == [True, False]


def test_a_call_of_a_session_that_is_gone_counts_without_a_folder(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.call()
    assert [one.cwd for one in store.usage()] == [""]


@pytest.mark.parametrize("wrong", [{"input_tokens": -1}, {"output_tokens": 10**9}, {"created_timestamp": "now"}])
def test_one_damaged_call_is_counted_and_loses_no_other(wrong: dict[str, Any], tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.call(**wrong)
    store.call()
    assert len(store.usage()) == 1
    assert store.read()[0].skipped == {"damaged record": 1}


def test_a_session_of_older_versions_is_one_usage_that_grows(tmp_path: Path) -> None:
    store = Store(tmp_path, calls=False)
    said = {"model_config_json": '{"model_name": "gpt-5"}', "provider_name": "openai", "input_tokens": 7}
    store.session(total=110, accumulated_input_tokens=100, accumulated_output_tokens=10, **said)
    (batch,) = store.read()
    (one,) = batch.usage
    assert (one.key, one.tokens, one.model) == ("goose:20260921_1", Tokens(100, output=10), "gpt-5")
    assert one.kind == "unlogged", "it is the sum of many calls, of which none is known to have had a long prompt"
    assert one.time_ms == T0 * 1000
    later = {"updated_at": "2026-09-21 15:00:00", "accumulated_output_tokens": 50, **said}
    store.session(total=350, accumulated_input_tokens=300, **later)
    (grown,) = store.usage(batch.cursor)
    assert merge(one, grown).tokens == Tokens(300, output=50)


def test_a_store_without_models_or_providers_is_read(tmp_path: Path) -> None:
    store = Store(tmp_path, calls=False, more="")
    store.session(total=110, accumulated_input_tokens=100, accumulated_output_tokens=10)
    assert [one.model for one in store.usage()] == [""]


def test_a_session_that_told_no_classes_is_all_input(tmp_path: Path) -> None:
    store = Store(tmp_path, calls=False)
    store.session(total=110)
    assert store.usage()[0].tokens == Tokens(110)


def test_a_session_goes_on_with_calls_after_an_upgrade(tmp_path: Path) -> None:
    store = Store(tmp_path, calls=False)
    store.session(total=110, accumulated_input_tokens=100, accumulated_output_tokens=10)
    (batch,) = store.read()
    store.run(CALLS)
    store.call()
    store.session(total=230, accumulated_input_tokens=200, accumulated_output_tokens=30)
    assert [one.key for one in store.usage(batch.cursor)] == [f"goose:20260921_1:{T0}:1"]


def test_in_a_store_that_is_begun_anew_damage_is_counted_once_in_both_tables(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.session("damaged", total=110, accumulated_output_tokens="many")
    store.call(input_tokens=-1)
    store.call()
    first = store.read()
    assert [dict(batch.skipped) for batch in first] == [{"damaged record": 1}] * 2
    assert [dict(batch.skipped) for batch in store.read(first[-1].cursor)] == [{}, {}]
    store.run("UPDATE usage_ledger SET created_timestamp = created_timestamp + 60 WHERE id = 2")
    again = store.read(first[-1].cursor)
    assert [batch.restarted for batch in again] == [True, False]
    assert [dict(batch.skipped) for batch in again] == [{"damaged record": 1}] * 2


def test_a_store_without_sessions_is_one_of_an_unknown_version(tmp_path: Path) -> None:
    store = Store(tmp_path, calls=False)
    store.run("DROP TABLE sessions")
    with pytest.raises(OSError, match="sessions"):
        store.read()


def older(home: Path, name: str = "20260921_141320", **more: Any) -> Path:
    path = home / ".local/share/goose/sessions" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"working_dir": "/home/dev/shop", "description": "some words", "message_count": 2, **more}
    said = {"role": "user", "created": T0, "content": [{"type": "text", "text": "some words"}]}
    path.write_text(f"{json.dumps(head)}\n{json.dumps(said)}\n")
    return path


def file_usage(path: Path) -> list[Usage]:
    return [one for batch in READER.read(file_source(str(path), os.stat(path)), None) for one in batch.usage]


def test_the_first_line_of_an_older_file_has_the_total_of_its_session(tmp_path: Path) -> None:
    counts: dict[str, Any] = {
        "accumulated_total_tokens": 110,
        "accumulated_input_tokens": 100,
        "accumulated_output_tokens": 10,
    }
    (one,) = file_usage(older(tmp_path, total_tokens=5, input_tokens=4, output_tokens=1, **counts))
    assert (one.tokens, one.cwd, one.time_ms) == (Tokens(100, output=10), "/home/dev/shop", T0 * 1000)
    assert one.kind == "unlogged"
    assert one.key == "goose:20260921_141320"


def test_an_older_file_without_counts_tells_nothing(tmp_path: Path) -> None:
    assert file_usage(older(tmp_path)) == []


def test_a_session_that_the_store_took_over_from_a_file_counts_once(tmp_path: Path) -> None:
    counts: dict[str, Any] = {"accumulated_input_tokens": 100, "accumulated_output_tokens": 10}
    store = Store(tmp_path)
    store.session("20260921_141320", 110, **counts)
    (one,) = file_usage(older(tmp_path, accumulated_total_tokens=110, **counts))
    assert [one.key] == [other.key for other in store.usage()]


def test_goose_is_found_where_its_variable_says(tmp_path: Path) -> None:
    found = READER.locations({"HOME": "/h", "GOOSE_PATH_ROOT": str(tmp_path)})
    assert [(one.path, one.kind) for one in found] == [
        (str(tmp_path / "data/sessions/sessions.db"), "store"),
        (str(tmp_path / "data/sessions"), "folder"),
    ]


@pytest.mark.parametrize("made_anew", [False, True])
def test_calls_that_take_the_numbers_of_deleted_ones_are_found(made_anew: bool, tmp_path: Path) -> None:
    """A store that was deleted begins at 1 again."""
    store = Store(tmp_path)
    store.session()
    for at in range(3):
        store.call(at=T0 + at)
    cursor = store.read()[-1].cursor
    store.run("DELETE FROM usage_ledger WHERE id > 1")
    store.run("UPDATE sqlite_sequence SET seq = 1" if not made_anew else "DELETE FROM sqlite_sequence")
    if made_anew:
        store.run("DELETE FROM usage_ledger")
    for at in (60, 61):
        store.call(at=T0 + at)
    assert {one.time_ms for one in store.usage(cursor)} >= {(T0 + 60) * 1000, (T0 + 61) * 1000}
