"""Session files and bubbles that are damaged, or of others: they are counted or passed over, and cost no other."""

import os
from pathlib import Path
from typing import Any

import pytest

from estimates.writing import SESSION, WORDS, Copilot, Cursor, counted, request
from tokcost.model.bounds import within_bounds
from tokcost.model.logs import Batch, Source
from tokcost.readers.copilot_chat.text_reader import CopilotChatTextReader
from tokcost.readers.cursor.reader import CursorTextReader
from tokcost.readers.protocol import Reader

T0 = 1_790_000_000_000


def read(reader: Reader, path: Path, cursor: bytes | None = None) -> Batch:
    """One look at a source, as the import takes it."""
    status = os.stat(path)
    (batch,) = reader.read(Source(str(path), status.st_size, status.st_mtime_ns), cursor)
    return within_bounds(batch, reader.name)


@pytest.fixture
def copilot(tmp_path: Path) -> Copilot:
    return Copilot(tmp_path, tmp_path)


@pytest.fixture
def cursor(tmp_path: Path) -> Cursor:
    return Cursor(tmp_path, tmp_path)


@pytest.mark.parametrize("model", ["ollama/llama3", "claude-code/opus", "", None])
def test_requests_of_other_models_than_copilots_are_passed_over(copilot: Copilot, model: Any) -> None:
    batch = read(CopilotChatTextReader(), copilot.keeps(request(1, T0, model=model)))
    assert (batch.usage, batch.skipped) == ([], {})


@pytest.mark.parametrize(
    "value",
    [
        "{",
        "7",
        "[]",
        '{"type": 2, "text": 7}',
        '{"type": 2, "text": "x", "createdAt": "soon"}',
        '{"type": 2, "text": "x"}',
        '{"type": 2, "text": "x", "createdAt": 1e400}',
    ],
)
def test_a_damaged_bubble_is_counted_and_costs_no_other(cursor: Cursor, value: str) -> None:
    cursor.says(1, T0)
    cursor.put_text("bubbleId:c1:bad", value)
    cursor.put_text("bubbleId:", "{}")
    cursor.says(2, T0)
    batch = read(CursorTextReader(), cursor.path)
    assert [one.tokens.output for one in batch.usage] == [counted(), counted()]
    assert sum(batch.skipped.values()) == 2


def test_a_bubble_that_was_deleted_is_none(cursor: Cursor) -> None:
    cursor.put_text("bubbleId:c1:b1", None)
    batch = read(CursorTextReader(), cursor.path)
    assert (batch.usage, batch.skipped) == ([], {})


def test_a_second_look_reads_only_what_is_new_and_a_store_made_anew_from_its_beginning(cursor: Cursor) -> None:
    cursor.says(1, T0)
    cursor.says(2, T0)
    first = read(CursorTextReader(), cursor.path)
    assert read(CursorTextReader(), cursor.path, first.cursor).usage == []
    cursor.says(3, T0)
    assert len(read(CursorTextReader(), cursor.path, first.cursor).usage) == 1
    cursor.run(cursor.path, "DELETE FROM cursorDiskKV")
    cursor.says(4, T0)
    assert len(read(CursorTextReader(), cursor.path, first.cursor).usage) == 1


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + bytes(4096)])
def test_a_damaged_store_is_unknown_and_not_empty(cursor: Cursor, content: bytes) -> None:
    cursor.path.write_bytes(content)
    with pytest.raises(OSError, match=r"SQLite|lacks"):
        read(CursorTextReader(), cursor.path)


@pytest.mark.parametrize(
    "bad",
    [
        7,
        {"modelId": "copilot/x", "response": [{"value": "x"}]},
        {"modelId": "copilot/x", "requestId": "r", "response": [7]},
        {"modelId": "copilot/x", "requestId": "r", "response": [{"value": "x"}], "timestamp": "soon"},
        {"modelId": "copilot/x", "requestId": "r", "response": [{"value": "x"}], "timestamp": 5},
        {"modelId": "copilot/x", "requestId": "r", "response": [{"value": "x"}], "timestamp": 1e308},
        {"modelId": "copilot/x", "requestId": "r", "response": [{"value": "x"}], "result": 7, "timestamp": T0},
        {"modelId": 7},
    ],
)
def test_a_damaged_request_is_counted_and_costs_no_other(copilot: Copilot, bad: Any) -> None:
    batch = read(CopilotChatTextReader(), copilot.keeps(request(1, T0), bad, request(2, T0)))
    assert [one.tokens.output for one in batch.usage] == [counted(), counted()]
    assert sum(batch.skipped.values()) == 1


@pytest.mark.parametrize(
    "entry",
    [
        "{",
        "7",
        '{"kind": 2, "k": ["requests", 99, "response"], "v": []}',
        '{"kind": 2, "k": ["requests", "x"], "v": []}',
        '{"kind": 1, "k": ["requests", 99], "v": 7}',
        '{"kind": 2, "k": ["requests"], "v": 7}',
        '{"kind": 2, "k": ["requests"], "v": [], "i": "x"}',
        '{"kind": 1}',
    ],
)
def test_a_damaged_change_in_a_journal_is_counted(copilot: Copilot, entry: str) -> None:
    copilot.journals({"kind": 0, "v": {"sessionId": SESSION, "requests": [request(1, T0)]}})
    path = copilot.journals_text(f"{entry}\n")
    copilot.journals({"kind": 2, "k": ["requests"], "v": [request(2, T0)]})
    batch = read(CopilotChatTextReader(), path)
    assert [one.tokens.output for one in batch.usage] == [counted(), counted()]
    assert batch.skipped == {"damaged record": 1}


def test_a_journal_of_more_requests_than_a_session_has_is_read_in_part(copilot: Copilot) -> None:
    copilot.journals({"kind": 0, "v": {"sessionId": SESSION, "requests": []}})
    one = request(1, T0, "a", response=[{"value": "a"}], variableData={}, result=None)
    path = copilot.journals({"kind": 2, "k": ["requests"], "v": [one | {"requestId": str(n)} for n in range(20_001)]})
    batch = read(CopilotChatTextReader(), path)
    assert (len(batch.usage), batch.skipped) == (20_000, {"damaged record": 1})


@pytest.mark.parametrize("content", ["", "[]", "{", '{"requests": 7}', '{"requests": {"a": 1}}'])
@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_a_damaged_session_tells_nothing(copilot: Copilot, content: str, suffix: str) -> None:
    path = copilot.window / "chatSessions" / f"x{suffix}"
    path.write_text(content)
    assert read(CopilotChatTextReader(), path).usage == []


def test_a_session_is_counted_again_only_where_its_text_is_another(copilot: Copilot) -> None:
    path = copilot.keeps(request(1, T0))
    first = read(CopilotChatTextReader(), path)
    again = read(CopilotChatTextReader(), path, first.cursor)
    assert (again.usage, again.cursor) == (first.usage, first.cursor)
    assert read(CopilotChatTextReader(), path, b"no cursor").usage == first.usage


def test_bubbles_that_take_the_numbers_of_deleted_ones_are_found(cursor: Cursor) -> None:
    for number in (1, 2, 3):
        cursor.says(number, T0)
    first = read(CursorTextReader(), cursor.path)
    cursor.run(cursor.path, "DELETE FROM cursorDiskKV WHERE rowid > 1")
    for number in (4, 5, 6):
        cursor.says(number, T0)
    keys = {one.key for one in read(CursorTextReader(), cursor.path, first.cursor).usage}
    assert keys >= {f"bubbleId:c1:b{number}" for number in (4, 5, 6)}


def test_a_bubble_that_is_written_again_does_not_have_all_others_read_again(cursor: Cursor) -> None:
    for number in (1, 2):
        cursor.says(number, T0)
    first = read(CursorTextReader(), cursor.path)
    cursor.says(2, T0, WORDS * 2)
    assert [one.key for one in read(CursorTextReader(), cursor.path, first.cursor).usage] == ["bubbleId:c1:b2"]


@pytest.mark.parametrize("number", [7, 4_000_000_000, 0.5])
def test_a_number_in_place_of_a_text_is_damage_and_takes_no_memory(cursor: Cursor, number: float) -> None:
    """`bytes` of a number are so many zeros."""
    cursor.says(1, T0)
    for key in ("bubbleId:c1:bad", "composerData:c1"):
        cursor.run(cursor.path, f"INSERT INTO cursorDiskKV VALUES ('{key}', {number})")
    window = cursor.user / "workspaceStorage/4567/state.vscdb"
    cursor.run(window, f"UPDATE ItemTable SET value = {number}")
    cursor.says(2, T0)
    batch = read(CursorTextReader(), cursor.path)
    assert [one.tokens.output for one in batch.usage] == [counted(), counted()]
    assert sum(batch.skipped.values()) == 1


def test_a_reply_whose_model_is_named_later_is_counted_with_the_factor_of_that(copilot: Copilot) -> None:
    reader = CopilotChatTextReader()
    first = read(reader, copilot.keeps(request(1, T0, model="copilot/auto")))
    path = copilot.keeps(request(1, T0, model="copilot/claude-opus-4.7"))
    assert read(reader, path, first.cursor).usage == read(reader, path).usage
