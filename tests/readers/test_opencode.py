"""opencode's store and message files: each known trap, with its reasoning in the test's name."""

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.opencode_store import SECOND_SCHEMA, T0, StoreOf, counts, message
from support.tables import few
from tokcost.model.logs import Batch, Location, Source
from tokcost.model.usage import Tokens
from tokcost.readers.opencode.reader import KiloReader, OpencodeReader
from tokcost.readers.sources import sqlite_store
from tokcost.readers.sources.files import file_source, store_source

READER = OpencodeReader()
ONE = Tokens(10, 20, 30, 0, 40, 0)


@pytest.fixture
def store(tmp_path: Path) -> StoreOf:
    made = StoreOf(tmp_path / "opencode/opencode.db", wal=True)
    made.session()
    return made


def source(path: Path) -> Source:
    found = store_source(str(path))
    assert found is not None
    return found


def read(store: StoreOf, cursor: bytes | None = None) -> Batch:
    """What is new in a store that is read in one batch."""
    (batch,) = READER.read(source(store.path), cursor)
    assert len({one.key for one in batch.usage}) == len(batch.usage)
    return batch


def tokens(batch: Batch) -> list[Tokens]:
    return [one.tokens for one in batch.usage]


def write_message(folder: Path, data: dict[str, Any] | str, session: str = "ses_1") -> Source:
    path = folder / "storage/message" / session / "msg_1.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps({"id": "msg_1", "sessionID": session, **data}))
    return file_source(str(path), os.stat(path))


def write_session(folder: Path, version: str = "1.1.10", session: str = "ses_1", began: int = T0 - 1000) -> None:
    path = folder / "storage/session/project" / f"{session}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {"id": session, "directory": "/from/session", "version": version, "time": {"created": began}}
    path.write_text(json.dumps(said))


def read_file(file: Source, cursor: bytes | None = None) -> Batch:
    (batch,) = READER.read(file, cursor)
    return batch


# What a message means


@pytest.mark.parametrize(("column", "of_agent"), [("parent_id", True), ("version", False)])
def test_a_session_that_the_task_tool_began_is_a_sub_agents(store: StoreOf, column: str, of_agent: bool) -> None:
    store.session("ses_2")
    store.run(f"UPDATE session SET {column} = 'ses_1' WHERE id = 'ses_2'")
    store.say("msg_1", message(T0))
    store.say("msg_2", message(T0 + 5000), "ses_2")
    assert [one.subagent for one in read(store).usage] == [False, of_agent]


def test_a_fork_of_a_session_is_no_sub_agent(store: StoreOf) -> None:
    store.run("ALTER TABLE session ADD COLUMN fork_session_id text")
    store.run(
        "INSERT INTO session VALUES ('ses_2', 'ses_1', '/r', '1.18.33', 0, 0, ?, ?, 'ses_1')", T0 - 1000, T0 - 1000
    )
    store.say("msg_2", message(T0), "ses_2")
    assert [one.subagent for one in read(store).usage] == [False]


@pytest.mark.parametrize(
    ("parent", "of_agent"), [({"parentID": "ses_0"}, True), ({"parentID": None}, False), ({}, False)]
)
def test_a_session_file_names_the_one_whose_tool_began_it(
    tmp_path: Path, parent: dict[str, Any], of_agent: bool
) -> None:
    write_session(tmp_path)
    path = tmp_path / "storage/session/project/ses_1.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | parent))
    (usage,) = read_file(write_message(tmp_path, message())).usage
    assert usage.subagent is of_agent


def test_input_excludes_what_the_cache_gave_and_took_and_all_writes_are_for_five_minutes(store: StoreOf) -> None:
    store.say("msg_1", message())
    (usage,) = read(store).usage
    assert usage.tokens == ONE
    assert (usage.assistant, usage.session, usage.cwd, usage.branch) == ("opencode", "ses_1", "/r", "")
    assert (usage.model, usage.provider, usage.time_ms) == ("gpt-5-codex", "openai", T0)


def test_the_aggregates_of_a_session_repeat_its_messages_and_are_not_added(store: StoreOf) -> None:
    store.say("msg_1", message())
    assert tokens(read(store)) == [ONE]


@pytest.mark.parametrize(
    ("total", "more", "expected"),
    [
        (100, {}, Tokens(10, 20, 30, 0, 40)),  # input + cache + output
        (140, {"input": 100}, Tokens(50, 20, 30, 0, 40)),  # input + output: the cache is inside
        (190, {"input": 100}, Tokens(100, 20, 30, 0, 40)),
        (140, {"input": 100, "reasoning": 15}, Tokens(50, 20, 30, 0, 40, 15)),
        (155, {"input": 100, "reasoning": 15}, Tokens(50, 20, 30, 0, 55, 15)),
        (50, {}, Tokens(10, 20, 30, 0, 40)),  # a cache larger than the input is not inside it
        (141, {"input": 100}, Tokens(100, 20, 30, 0, 40)),  # a total that fits nothing tells nothing
        (None, {"input": 100}, Tokens(100, 20, 30, 0, 40)),
    ],
)
def test_whether_input_contains_the_cache_is_told_by_the_total(
    store: StoreOf, total: int | None, more: dict[str, int], expected: Tokens
) -> None:
    store.say("msg_1", message(tokens=counts(**more, **({} if total is None else {"total": total}))))
    assert tokens(read(store)) == [expected]


@pytest.mark.parametrize(
    ("version", "total", "output"),
    [
        ("1.2.20", 100, 40),  # total = input + cache + output: reasoning is inside
        ("1.2.20", 125, 65),  # the sum decides, whatever the version says
        ("1.18.33", 125, 65),
        ("1.18.33", 100, 40),
        ("1.2.26", None, 40),
        ("1.1.4", None, 40),
        ("0.15.30", None, 40),
        ("1.3.0", None, 65),
        ("1.18.33", None, 65),
        ("2.0.0-beta.3", None, 65),
        ("local", None, 65),
        ("", None, 65),
        ("1.2.20", 99, 40),  # a total that fits neither tells nothing
        ("1.18.33", 99, 65),
    ],
)
def test_whether_output_contains_reasoning_is_told_by_the_total_else_by_the_version(
    store: StoreOf, version: str, total: int | None, output: int
) -> None:
    store.session("ses_2", version=version)
    more = {} if total is None else {"total": total}
    store.say("msg_1", message(tokens=counts(reasoning=25, **more)), "ses_2")
    assert tokens(read(store)) == [Tokens(10, 20, 30, 0, output, 25)]


@pytest.mark.parametrize(
    ("cost", "nano"), [(0.25, 250_000_000), (0, None), (None, None), (-1, None), (1e300, None), (0.0000000014, 1)]
)
def test_the_stored_cost_is_kept_as_said_and_nothing_is_what_subscriptions_say(
    store: StoreOf, cost: float | None, nano: int | None
) -> None:
    store.say("msg_1", message(cost=cost))
    assert [one.reported_cost for one in read(store).usage] == [nano]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tokens": counts(read=-1)},
        {"tokens": counts(output=10**9)},
        {"tokens": counts(cache_read=1 << 60)},
        {"tokens": {**counts(), "input": 1.5}},
        {"time": {"created": 0}},
        {"time": {}},
    ],
)
def test_impossible_values_reject_one_message_and_count_it(store: StoreOf, wrong: dict[str, object]) -> None:
    store.say("msg_1", json.dumps(message() | wrong), updated=T0)
    store.say("msg_2", message(T0 + 1))
    batch = read(store)
    assert tokens(batch) == [ONE]
    assert batch.skipped == {"usage record with impossible or missing values": 1}


def test_a_whole_number_written_as_a_fraction_is_a_whole_number(store: StoreOf) -> None:
    store.say("msg_1", message(tokens={**counts(), "input": 10.0}))
    assert tokens(read(store)) == [ONE]


def test_a_text_cut_off_in_the_middle_of_a_character_costs_nothing(store: StoreOf) -> None:
    store.say("msg_1", message(error={"data": {"message": "some words \ud83d"}}))
    assert tokens(read(store)) == [ONE]


def test_users_messages_and_those_without_counts_are_no_responses(store: StoreOf) -> None:
    store.say("msg_1", message(role="user"))
    store.say("msg_2", message(T0 + 1, tokens=counts(0, 0, 0, 0), done=False))
    store.say("msg_3", message(T0 + 2, tokens=None))
    batch = read(store)
    assert not batch.usage
    assert batch.skipped == {}


def test_a_failed_message_may_have_been_paid_for(store: StoreOf) -> None:
    store.say("msg_1", message(error={"name": "MessageAbortedError"}, finish=None, done=False))
    assert tokens(read(store)) == [ONE]


def test_a_child_session_has_messages_of_its_own(store: StoreOf) -> None:
    store.session("ses_child")
    store.say("msg_1", message())
    store.say("msg_2", message(T0 + 5), "ses_child")
    assert tokens(read(store)) == [ONE, ONE]


# Forks


def test_a_fork_copies_messages_under_new_ids_and_they_count_once_in_the_original_session(store: StoreOf) -> None:
    store.session("ses_fork", began=T0 + 60_000)
    store.say("msg_1", message())
    store.say("msg_9", message(), "ses_fork", updated=T0 + 60_001)
    store.say("msg_10", message(T0 + 70_000), "ses_fork")
    batch = read(store)
    assert [(one.session, one.copy_rank) for one in batch.usage] == [("ses_1", 0), ("ses_fork", 0)]
    assert batch.duplicates == {"message that a fork copied": 1}


def test_an_original_that_was_touched_after_its_copy_is_still_the_original(store: StoreOf) -> None:
    store.session("ses_fork", began=T0 + 60_000)
    store.say("msg_9", message(), "ses_fork", updated=T0 + 60_001)
    store.say("msg_1", message(), updated=T0 + 90_000)
    assert [(one.session, one.copy_rank) for one in read(store).usage] == [("ses_1", 0)]


def test_a_copy_whose_original_is_gone_counts_and_is_known_to_be_a_copy(store: StoreOf) -> None:
    store.session("ses_fork", began=T0 + 60_000)
    store.say("msg_9", message(), "ses_fork", updated=T0 + 60_001)
    assert [(one.session, one.copy_rank) for one in read(store).usage] == [("ses_fork", 2)]


# A second look after the first


def test_the_second_look_finds_only_what_is_new(store: StoreOf) -> None:
    store.say("msg_1", message())
    store.say("msg_2", message(T0 + 30_000))
    first = read(store)
    store.say("msg_3", message(T0 + 60_000))
    second = read(store, first.cursor)
    assert [one.time_ms for one in second.usage] == [T0 + 30_000, T0 + 60_000]  # seconds overlap, hours do not
    assert not second.retracted


def test_a_commit_that_only_grows_the_wal_changes_the_fingerprint_and_is_read_while_the_writer_stays_open(
    store: StoreOf,
) -> None:
    with closing(store.open()) as writer:
        first, before = read(store), source(store.path)
        size = store.path.stat().st_size
        insert = "INSERT INTO message VALUES ('msg_1', 'ses_1', ?, ?, ?)"
        writer.execute(insert, (T0, T0, json.dumps(message())))
        assert store.path.stat().st_size == size
        assert source(store.path) != before
        assert tokens(read(store, first.cursor)) == [ONE]
        writer.execute("BEGIN IMMEDIATE")  # a writer in the middle of its work holds up nobody in WAL mode
        writer.execute("UPDATE message SET data = '{}'")
        assert tokens(read(store)) == [ONE]


def test_the_wal_of_a_store_behind_a_link_is_seen(store: StoreOf, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(store.path)
    before = source(link)
    with closing(store.open()) as writer:
        writer.execute("INSERT INTO message VALUES ('msg_1', 'ses_1', ?, ?, ?)", (T0, T0, json.dumps(message())))
        assert source(link) != before


def test_reading_writes_nothing_into_the_store(store: StoreOf) -> None:
    with closing(store.open()) as writer:
        writer.execute("INSERT INTO message VALUES ('msg_1', 'ses_1', ?, ?, ?)", (T0, T0, json.dumps(message())))
        before = source(store.path)
        read(store)
        assert source(store.path) == before


def test_a_message_that_was_told_unfinished_is_taken_back_when_its_counts_change(store: StoreOf) -> None:
    store.say("msg_1", message(tokens=counts(output=5), done=False))
    first = read(store)
    store.say("msg_1", message(), updated=T0 + 30_000)
    second = read(store, first.cursor)
    assert tokens(second) == [ONE]
    assert list(second.retracted) == [one.key for one in first.usage]
    assert not read(store, second.cursor).retracted


def test_a_message_that_was_finished_without_a_change_is_not_taken_back(store: StoreOf) -> None:
    store.say("msg_1", message(done=False))
    first = read(store)
    store.say("msg_1", message(), updated=T0 + 30_000)
    second = read(store, first.cursor)
    assert [one.key for one in second.usage] == [one.key for one in first.usage]
    assert not second.retracted


def test_a_message_that_was_deleted_was_paid_for(store: StoreOf) -> None:
    store.say("msg_1", message())
    first = read(store)
    store.run("DELETE FROM message")
    assert not read(store, first.cursor).retracted


def test_a_row_of_a_process_that_waited_for_another_is_not_missed(store: StoreOf) -> None:
    store.say("msg_1", message(T0 + 4000), updated=T0 + 4000)
    first = read(store)
    store.say("msg_2", message(), updated=T0)
    assert T0 in [one.time_ms for one in read(store, first.cursor).usage]


def test_a_clock_that_was_set_back_hides_no_row_that_comes_after_it(store: StoreOf) -> None:
    store.say("msg_1", message(T0 + 2 * HOUR), updated=T0 + 2 * HOUR)
    first = read(store)
    store.say("msg_2", message(), updated=T0)
    second = read(store, first.cursor)
    assert T0 in [one.time_ms for one in second.usage]
    store.say("msg_3", "damaged", updated=T0 + HOUR)
    third = read(store, second.cursor)
    assert third.skipped == {"damaged record": 1}
    assert read(store, third.cursor).skipped == {}


def test_very_many_rows_of_a_clock_that_was_set_back_come_in_several_batches(
    store: StoreOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.say("msg_x", message(T0 + 2 * HOUR), updated=T0 + 2 * HOUR)
    first = read(store)
    monkeypatch.setattr("tokcost.readers.opencode.store.MOST_ROWS", 4)
    for number in range(10):
        store.say(f"msg_{number}", message(T0 + number), updated=T0 + number // 3)
    batches = list(READER.read(source(store.path), first.cursor))
    assert [batch.more for batch in batches] == [True] * (len(batches) - 1) + [False]
    assert {one.time_ms for batch in batches for one in batch.usage} >= {T0 + number for number in range(10)}


@pytest.mark.parametrize("cursor", [b"", b"\0", b"[]", b"{", b'{"updated": 5}', b"\xff"])
def test_a_cursor_that_fits_nothing_begins_again(store: StoreOf, cursor: bytes) -> None:
    store.say("msg_1", message())
    assert tokens(read(store, cursor)) == [ONE]


def test_very_many_messages_come_in_several_batches(store: StoreOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tokcost.readers.opencode.store.MOST_ROWS", 4)
    for number in range(10):  # all within the time in which rows may be late
        store.say(f"msg_{number}", message(T0 + number), updated=T0 + number // 3)
    batches = list(READER.read(source(store.path), None))
    assert len(batches) > 1
    assert [batch.more for batch in batches] == [True] * (len(batches) - 1) + [False]
    assert {one.time_ms for batch in batches for one in batch.usage} == {T0 + number for number in range(10)}


# Moves of HEAD by the assistant itself


def order(store: StoreOf, cursor: bytes | None = None) -> list[tuple[bool, bool]]:
    """Of each response, in the order of time, whether HEAD moved after it within its second, and before it."""
    found = sorted(read(store, cursor).usage, key=lambda one: one.time_ms)
    return [(one.moves_head, one.branch_stale) for one in found]


def test_a_response_whose_tool_moves_head_and_those_before_it_come_before_the_move(store: StoreOf) -> None:
    for name, after in (("msg_1", 50), ("msg_2", 250), ("msg_3", 700), ("msg_4", 3000)):
        store.say(name, message(T0 + after))
    store.call("msg_2", "git fetch\ngit switch main", T0 + 500)
    assert order(store) == [(True, False), (True, False), (False, True), (True, False)]


def test_of_two_responses_that_move_head_in_one_second_the_second_came_between_the_moves(store: StoreOf) -> None:
    for name, after in (("msg_1", 50), ("msg_2", 400), ("msg_3", 700)):
        store.say(name, message(T0 + after))
    store.call("msg_1", "git switch x", T0 + 100)
    store.call("msg_2", "git switch y", T0 + 500)
    assert order(store)[1:] == [(True, True), (False, True)]


def test_a_tool_that_moves_head_in_a_later_second_tells_nothing_of_the_second_of_its_request(store: StoreOf) -> None:
    store.say("msg_1", message(T0 + 500))
    store.say("msg_2", message(T0 + 2900))
    store.call("msg_1", "make && git switch x", T0 + 2200)
    assert order(store) == [(False, False), (False, True)]


def test_a_response_that_was_complete_within_its_second_came_before_what_others_moved_in_it(store: StoreOf) -> None:
    """A run ends and the user switches at once: the reflog has the second alone."""
    store.say("msg_1", message(T0 + 50))
    store.say("msg_2", message(T0 + 1200))
    store.say("msg_3", message(T0 + 3000, done=False))
    assert order(store) == [(True, False), (False, False), (False, False)]


def test_a_move_of_another_session_and_other_commands_tell_nothing(store: StoreOf) -> None:
    store.session("ses_2")
    store.say("msg_1", message(T0 + 50, agent="plan"), "ses_2")
    store.say("msg_2", message(T0 + 100))
    store.call("msg_1", "git checkout -- file", T0 + 200)
    store.call("msg_2", "git switch x", T0 + 300)
    assert order(store) == [(True, False), (True, False)]


def test_a_response_that_was_told_before_the_tool_moved_head_is_told_again(store: StoreOf) -> None:
    store.say("msg_1", message(T0 + 50))
    first = read(store)
    store.say("msg_2", message(T0 + 250))
    store.call("msg_2", "git switch main", T0 + 500)
    assert order(store, first.cursor) == [(True, False), (True, False)]


def test_a_small_store_without_an_index_tells_moves_too(store: StoreOf) -> None:
    store.run("DROP INDEX part_message_id_id_idx")
    store.say("msg_1", message(T0 + 50))
    store.call("msg_1", "git switch main", T0 + 500)
    assert order(store) == [(True, False)]


@pytest.mark.parametrize("part", ["{", "[]", '{"state": 5, "command": "git switch x"}', '"command" switch'])
def test_a_damaged_part_loses_no_response(store: StoreOf, part: str) -> None:
    store.say("msg_1", message())
    store.run("INSERT INTO part VALUES ('prt_1', 'msg_1', ?)", part)
    assert order(store) == [(True, False)]


# Stores of another kind


def test_a_session_begun_with_version_one_and_continued_with_two_has_messages_in_both_tables(store: StoreOf) -> None:
    with closing(store.open()) as db:
        db.executescript(SECOND_SCHEMA)
        db.execute("INSERT INTO session_v2 VALUES ('ses_1', '/v2', '2.0.0', NULL, ?)", (T0 - 1000,))
    store.say("msg_1", message())
    second = message(
        T0 + 5000, modelID=None, providerID=None, path=None, model={"id": "m-2", "providerID": "anthropic"}
    )
    del second["role"]
    store.say("msg_2", second, table="session_message")
    batch = read(store)
    assert tokens(batch) == [ONE, ONE]
    assert [(one.model, one.provider, one.cwd) for one in batch.usage] == [
        ("gpt-5-codex", "openai", "/r"),
        ("m-2", "anthropic", "/v2"),
    ]


def test_a_message_that_stands_in_both_tables_counts_once(store: StoreOf) -> None:
    with closing(store.open()) as db:
        db.executescript(SECOND_SCHEMA)
    store.say("msg_1", message())
    store.say("msg_1", message(), table="session_message")
    assert tokens(read(store)) == [ONE]


def test_columns_that_a_version_lacks_are_done_without(tmp_path: Path) -> None:
    store = StoreOf(
        tmp_path / "opencode.db",
        "CREATE TABLE session (id text, directory text);"
        "CREATE TABLE message (id text, session_id text, time_created integer, time_updated integer, data text);"
        "INSERT INTO session VALUES ('ses_1', '/there')",
    )
    store.say("msg_1", message(path=None))
    assert [(one.tokens, one.cwd) for one in read(store).usage] == [(ONE, "/there")]


def test_messages_without_any_table_of_sessions_still_count(tmp_path: Path) -> None:
    store = StoreOf(
        tmp_path / "opencode.db",
        "CREATE TABLE message (id text, session_id text, time_created integer, time_updated integer, data text)",
    )
    store.say("msg_1", message())
    assert tokens(read(store)) == [ONE]


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE note (id text)",
        "CREATE TABLE message (id text, session_id text, payload text)",
    ],
)
def test_a_store_of_an_unknown_version_is_told_and_will_not_pass_by_itself(tmp_path: Path, schema: str) -> None:
    store = StoreOf(tmp_path / "opencode.db", schema)
    with pytest.raises(OSError, match="lacks the tables of messages that this reader knows") as problem:
        read(store)
    assert problem.value.errno is None


def test_a_locked_store_is_unknown_and_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "WAIT_SECONDS", 0.05)
    store = StoreOf(tmp_path / "opencode.db")
    store.session()
    store.say("msg_1", message())
    with closing(store.open()) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OSError, match="locked") as problem:
            read(store)
        assert problem.value.errno is not None
    assert tokens(read(store)) == [ONE]


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to look like one" * 40, b"SQLite format 3\0" * 99]
)
def test_what_is_no_database_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "opencode.db"
    path.write_bytes(content)
    with pytest.raises(OSError, match="cannot be read") as problem:
        list(READER.read(source(path), None))
    assert problem.value.errno is None


@pytest.mark.parametrize(
    "damaged", ['{"role": "assistant", "tok', "", "[]", b"\xff\xfe\x00", "[" * 3000, 5, '{"time": "x"}']
)
def test_damage_in_one_row_loses_no_other_and_is_counted_once(store: StoreOf, damaged: object) -> None:
    store.say("msg_1", damaged, updated=T0 + 900)  # as new as the newest row, which is looked at again
    store.say("msg_2", message(T0))
    first = read(store)
    assert tokens(first) == [ONE]
    assert first.skipped == {"damaged record": 1}
    store.say("msg_3", message(T0 + 5))
    assert read(store, first.cursor).skipped == {}


def test_a_row_that_only_an_index_still_has_is_a_damaged_record(store: StoreOf) -> None:
    store.say("msg_1", message(T0))
    store.say("msg_2", message(T0 + 1000))
    store.run("CREATE INDEX by_time ON message (time_updated, time_created)")
    with closing(store.open()) as db:
        index = db.execute("SELECT * FROM sqlite_master WHERE name = 'by_time'").fetchone()
        db.executescript("PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'by_time';")
    store.run("DELETE FROM message WHERE id = 'msg_1'")
    with closing(store.open()) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", index)
        db.commit()
    batch = read(store)
    assert (tokens(batch), batch.skipped) == ([ONE], {"damaged record": 1})


def test_a_text_that_is_no_utf_8_loses_nothing(store: StoreOf) -> None:
    data = json.dumps(message(finish="@")).encode().replace(b"@", b"\xff")
    store.run("INSERT INTO message VALUES ('msg_1', 'ses_1', ?, ?, CAST(? AS TEXT))", T0, T0, data)
    assert tokens(read(store)) == [ONE]


def test_a_message_of_a_session_that_is_gone_still_counts(store: StoreOf) -> None:
    store.say("msg_1", message(), "ses_gone")
    assert [(one.tokens, one.session) for one in read(store).usage] == [(ONE, "ses_gone")]


# Whatever somebody wrote into a store, reading it ends and loses nothing else

NOW = round(time.time() * 1000)
HOUR = 3_600_000
IMPOSSIBLE = {
    "far ahead": 1 << 61,
    "the day after tomorrow": NOW + 48 * HOUR,
    "negative": -99_999,
    "nothing": 0,
    "in seconds": T0 // 1000,
    "a fraction": 1.5e300,
    "a text": "later",
    "bytes": b"\x00",
}


@pytest.mark.parametrize("updated", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_row_with_an_impossible_time_hides_no_later_one_and_is_counted_once(store: StoreOf, updated: object) -> None:
    store.say("msg_1", message())
    store.say("msg_2", message(T0 + 60_000), updated=updated)
    first = read(store)
    assert (tokens(first), first.skipped) == ([ONE], {"record with an impossible time": 1})
    store.say("msg_3", message(T0 + 120_000))
    second = read(store, first.cursor)
    assert (second.usage[-1].time_ms, second.skipped) == (T0 + 120_000, {})
    store.say("msg_4", message(T0 + 180_000), updated=updated)
    assert read(store, second.cursor).skipped == {"record with an impossible time": 1}


def test_a_row_of_a_clock_that_is_ahead_counts_and_hides_none_until_its_time_has_come(store: StoreOf) -> None:
    store.say("msg_1", message(), updated=NOW + 2 * HOUR)
    store.say("msg_2", "damaged", updated=NOW + 2 * HOUR)
    first = read(store)
    assert (tokens(first), first.skipped) == ([ONE], {})
    store.say("msg_3", message(T0 + 5), updated=NOW + HOUR)
    second = read(store, first.cursor)
    assert (tokens(second), second.skipped) == ([ONE, ONE], {})


def test_a_cursor_from_the_future_begins_again(store: StoreOf) -> None:
    store.say("msg_1", message())
    assert tokens(read(store, b'{"updated":{"message":%d}}' % (1 << 61))) == [ONE]


def test_many_rows_with_impossible_times_do_not_stop_the_others(
    store: StoreOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokcost.readers.opencode.store.MOST_ROWS", 4)
    for number in range(10):
        store.say(f"bad_{number}", message(), updated=-number)
        store.say(f"msg_{number}", message(T0 + number))
    batches = list(READER.read(source(store.path), None))
    assert {one.time_ms for batch in batches for one in batch.usage} == {T0 + number for number in range(10)}
    assert [batch.skipped for batch in batches if batch.skipped] == [{"record with an impossible time": 10}]


@pytest.mark.few
@pytest.mark.parametrize("size", [600, 17 << 20])
@pytest.mark.parametrize("done", [True, False])
def test_an_id_longer_than_any_is_a_damaged_record_and_is_not_remembered(
    store: StoreOf, size: int, *, done: bool
) -> None:
    store.say("x" * size, message(T0 + 1, done=done))
    store.say("msg_2", message(T0 + 2), "s" * size)
    store.say("msg_3", message(T0 + 3, done=False))
    batch = read(store)
    assert [one.time_ms for one in batch.usage] == [T0 + 3]
    assert list(batch.skipped.values()) == [2]
    assert len(batch.cursor) < 1000


def test_of_messages_that_never_end_the_newest_are_remembered(store: StoreOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tokcost.readers.opencode.store._MOST_UNFINISHED", 2)
    for number in range(5):
        store.say(f"msg_{number}", message(T0 + number, tokens=counts(output=5), done=False))
    first = read(store)
    for number in range(5):
        store.say(f"msg_{number}", message(T0 + number), updated=T0 + 30_000)
    second = read(store, first.cursor)
    assert sorted(second.retracted) == sorted(one.key for one in first.usage if one.time_ms >= T0 + 3)


@pytest.mark.parametrize("wrong", [{"modelID": "m" * 600}, {"providerID": "p" * 600}, {"path": {"cwd": "/c" * 3000}}])
def test_a_text_longer_than_bounds_allow_is_not_kept(store: StoreOf, wrong: dict[str, object]) -> None:
    store.say("msg_1", message() | wrong)
    store.say("msg_2", message(T0 + 1))
    batch = read(store)
    assert [one.time_ms for one in batch.usage] == [T0 + 1]
    assert batch.skipped == {"usage record with impossible or missing values": 1}


@pytest.mark.parametrize("data", [None, 5, 1.5, b"", b"\xff" * 99])
def test_data_of_another_type_is_a_damaged_record(tmp_path: Path, data: object) -> None:
    store = StoreOf(tmp_path / "opencode.db", "CREATE TABLE message (id, session_id, time_created, time_updated, data)")
    store.run("INSERT INTO message VALUES ('msg_1', 'ses_1', ?, ?, ?)", T0, T0, data)
    store.say("msg_2", message())
    batch = read(store)
    assert (tokens(batch), batch.skipped) == ([ONE], {"damaged record": 1})


@pytest.mark.few
@pytest.mark.parametrize("column", few(["data", "id", "session_id", "time_created", "time_updated"], 2))
@pytest.mark.parametrize("kind", ["TEXT", "BLOB"])
def test_a_value_too_large_for_memory_loses_its_row_alone(store: StoreOf, column: str, kind: str) -> None:
    store.say("msg_1", message())
    store.say("msg_2", message(T0 + 5))
    value = f"CAST(zeroblob(100000000) AS {kind})"
    store.run(f"UPDATE message SET {column} = {value} WHERE id = 'msg_1'")
    batch = read(store)
    told = {one.time_ms for one in batch.usage}
    if column == "time_created":  # nothing but the order follows from it
        assert (told, batch.skipped) == ({T0, T0 + 5}, {})
    else:
        assert (told, list(batch.skipped.values())) == ({T0 + 5}, [1])
    assert not read(store, batch.cursor).skipped


@pytest.mark.few
@pytest.mark.parametrize("column", ["directory", "version", "time_created"])
def test_a_session_with_a_value_too_large_is_one_of_which_nothing_is_known(store: StoreOf, column: str) -> None:
    for size in (5000, 100_000_000):
        store.run(f"UPDATE session SET {column} = CAST(zeroblob(?) AS TEXT)", size)
        store.say("msg_1", message(path=None))
        assert [one.tokens for one in read(store).usage] == [ONE]


ENDLESS = """CREATE VIEW {} AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)
    SELECT n AS id, 's' AS session_id, n AS time_updated, n AS time_created, '{{}}' AS data, '' AS directory FROM r"""


@pytest.mark.parametrize("view", ["session_v2", "session_message"])
def test_a_view_without_end_is_no_table(store: StoreOf, view: str) -> None:
    store.say("msg_1", message())
    store.run(ENDLESS.format(view))
    assert tokens(read(store)) == [ONE]


def test_a_store_with_views_alone_is_of_a_version_that_is_not_known(tmp_path: Path) -> None:
    store = StoreOf(tmp_path / "opencode.db", ENDLESS.format("message"))
    with pytest.raises(OSError, match="lacks the tables of messages that this reader knows") as problem:
        read(store)
    assert problem.value.errno is None


def test_a_virtual_table_is_no_table(tmp_path: Path) -> None:
    columns = "id, session_id, time_updated, data"
    store = StoreOf(tmp_path / "opencode.db", f"CREATE VIRTUAL TABLE message USING fts5({columns})")
    with pytest.raises(OSError, match="lacks the tables of messages that this reader knows"):
        read(store)


# Message files of versions before 1.2


@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_a_session_that_is_no_file_is_not_waited_for(tmp_path: Path, put: Any) -> None:
    folder = tmp_path / "storage/session/project"
    folder.mkdir(parents=True)
    put(folder / "ses_1.json")
    (usage,) = read_file(write_message(tmp_path, message())).usage
    assert usage.tokens == ONE


@pytest.mark.parametrize("name", ["s" * 600, "s" * 17_000_000])
def test_a_message_file_with_an_id_of_a_session_longer_than_any_is_damaged(tmp_path: Path, name: str) -> None:
    batch = read_file(write_message(tmp_path, message() | {"sessionID": name}))
    assert (list(batch.usage), list(batch.skipped.values())) == ([], [1])


def test_the_name_of_a_session_leads_to_no_other_folder(tmp_path: Path) -> None:
    write_session(tmp_path, session="ses_2")
    name = "../project/ses_2"
    (usage,) = read_file(write_message(tmp_path, message(path=None) | {"sessionID": name})).usage
    assert usage.cwd == ""


def test_a_message_file_tells_the_same_response_as_the_store_that_it_was_moved_to(store: StoreOf) -> None:
    folder = store.path.parent
    write_session(folder)
    store.say("msg_1", message())
    (moved,) = read(store).usage
    (file,) = read_file(write_message(folder, message())).usage
    assert file.key == moved.key


def test_the_version_and_the_folder_of_a_message_file_are_those_of_its_session(tmp_path: Path) -> None:
    write_session(tmp_path, version="1.4.3")
    (usage,) = read_file(write_message(tmp_path, message(path=None, tokens=counts(reasoning=25)))).usage
    assert (usage.tokens, usage.cwd, usage.session) == (Tokens(10, 20, 30, 0, 65, 25), "/from/session", "ses_1")


def test_padding_around_a_message_file_costs_nothing(tmp_path: Path) -> None:
    said = json.dumps({"id": "msg_1", "sessionID": "ses_1", **message()})
    (usage,) = read_file(write_message(tmp_path, f"\ufeff{said}\r\n" + "\0" * 500)).usage
    assert usage.session == "ses_1"


def test_a_message_file_without_its_session_is_of_an_old_version(tmp_path: Path) -> None:
    (usage,) = read_file(write_message(tmp_path, message(tokens=counts(reasoning=25)), session="ses_x")).usage
    assert usage.tokens == Tokens(10, 20, 30, 0, 40, 25)


def test_a_message_file_that_is_rewritten_takes_back_what_it_told_before(tmp_path: Path) -> None:
    first = read_file(write_message(tmp_path, message(tokens=counts(output=5), done=False)))
    damaged = read_file(write_message(tmp_path, '{"role": "assis'), first.cursor)
    assert damaged.skipped == {"damaged record": 1}
    second = read_file(write_message(tmp_path, message()), damaged.cursor)
    assert tokens(second) == [ONE]
    assert list(second.retracted) == [one.key for one in first.usage]
    assert not read_file(write_message(tmp_path, message()), second.cursor).retracted


def test_a_fork_among_message_files_is_a_copy(tmp_path: Path) -> None:
    write_session(tmp_path, session="ses_fork", began=T0 + 60_000)
    (usage,) = read_file(write_message(tmp_path, message(), session="ses_fork")).usage
    assert usage.copy_rank == 2


# Where they are


def test_stores_of_all_channels_and_the_named_one_are_found_each_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("opencode.db", "opencode-beta.db", "opencode-x.db-wal", "other.db"):
        (data / "opencode").mkdir(parents=True, exist_ok=True)
        (data / "opencode" / name).write_bytes(b"")
    environ = {"HOME": "/nowhere", "XDG_DATA_HOME": str(data), "OPENCODE_DB": str(data / "opencode/opencode.db")}
    found = [(os.path.basename(one.path), one.kind) for one in READER.locations(environ)]
    assert found == [("opencode.db", "store"), ("opencode-beta.db", "store"), ("message", "folder")]


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    locations = READER.locations({"HOME": str(tmp_path)})
    assert [one.path for one in locations] == [
        str(tmp_path / ".local/share/opencode/opencode.db"),
        str(tmp_path / ".local/share/opencode/storage/message"),
    ]
    assert not [source for one in locations for source in READER.discover(one)]


def test_a_store_left_in_wal_mode_in_a_folder_that_cannot_be_written_is_read(store: StoreOf) -> None:
    store.say("msg_1", message())
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    if os.geteuid() == 0:
        pytest.skip("a superuser may write everywhere")
    store.path.parent.chmod(0o500)
    try:
        assert tokens(read(store)) == [ONE]
    finally:
        store.path.parent.chmod(0o700)


@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_what_is_no_file_is_no_store(tmp_path: Path, put: Any) -> None:
    put(tmp_path / "opencode.db")
    assert list(READER.discover(Location(str(tmp_path / "opencode.db"), "store"))) == []


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_what_takes_the_place_of_a_file_of_a_store_is_not_waited_for(tmp_path: Path, suffix: str, put: Any) -> None:
    store = StoreOf(tmp_path / "opencode.db")
    store.say("msg_1", message())
    there = source(store.path)
    if not suffix:
        store.path.unlink()
    put(f"{store.path}{suffix}")
    with pytest.raises(OSError, match="not a regular file") as problem:
        list(READER.read(there, None))
    assert problem.value.errno is not None  # it may pass


def test_kilo_keeps_a_store_of_the_same_kind_which_is_its_own(tmp_path: Path) -> None:
    reader, made = KiloReader(), StoreOf(tmp_path / "kilo/kilo.db", wal=True)
    made.session()
    made.say("m1", message())
    environ = {"HOME": "/h", "XDG_DATA_HOME": str(tmp_path)}
    (found,) = (one for location in reader.locations(environ) for one in reader.discover(location))
    (batch,) = reader.read(found, None)
    assert [one.assistant for one in batch.usage] == ["kilo"]
    assert tokens(batch) == tokens(read(made))
    assert [one.path for one in reader.locations({"HOME": "/h"})] == ["/h/.local/share/kilo/kilo.db"]
