"""Copilot Chat's spans: each known trap, with its reasoning in the test's name."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tokcost.model.logs import Batch
from tokcost.model.usage import Tokens
from tokcost.readers.copilot_chat.reader import CopilotChatReader
from tokcost.readers.sources.files import store_source

READER = CopilotChatReader()
T0 = 1_790_000_000_000
SESSION = "0f6d9d8a-2b6e-4f0c-9d53-5f1f6f1f0c11"
ONE = Tokens(input=40, cache_read=60, output=30, reasoning=5)
COLUMNS = """span_id TEXT PRIMARY KEY, trace_id TEXT NOT NULL, parent_span_id TEXT, name TEXT NOT NULL,
    start_time_ms INTEGER NOT NULL, end_time_ms INTEGER NOT NULL, status_code INTEGER NOT NULL DEFAULT 0,
    status_message TEXT, operation_name TEXT, provider_name TEXT, agent_name TEXT, conversation_id TEXT,
    request_model TEXT, response_model TEXT, input_tokens INTEGER, output_tokens INTEGER, cached_tokens INTEGER,
    reasoning_tokens INTEGER, tool_name TEXT, tool_call_id TEXT, tool_type TEXT, chat_session_id TEXT,
    turn_index INTEGER, ttft_ms REAL"""
ATTRIBUTES = "span_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT, PRIMARY KEY (span_id, key)"


def span(name: str = "s1", time_ms: int = T0, **more: Any) -> dict[str, Any]:
    said = {
        "span_id": name,
        "trace_id": "t1",
        "parent_span_id": "agent",
        "name": "chat gpt-5",
        "start_time_ms": time_ms,
    }
    said |= {"end_time_ms": time_ms + 900, "operation_name": "chat", "provider_name": "github", "agent_name": "panel"}
    said |= {"conversation_id": "c1", "chat_session_id": SESSION, "request_model": "gpt-5", "response_model": "gpt-5-x"}
    return {**said, "input_tokens": 100, "output_tokens": 30, "cached_tokens": 60, "reasoning_tokens": 5, **more}


def agent(**more: Any) -> dict[str, Any]:
    return span("agent", operation_name="invoke_agent", parent_span_id=None, input_tokens=200, output_tokens=60, **more)


def store(user: Path, *spans: dict[str, Any], attributes: tuple[tuple[str, str, str], ...] = ()) -> Path:
    path = user / "globalStorage/github.copilot-chat/agent-traces.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute(f"CREATE TABLE IF NOT EXISTS spans ({COLUMNS})")
        db.execute(f"CREATE TABLE IF NOT EXISTS span_attributes ({ATTRIBUTES})")
        for one in spans:
            marks = ", ".join("?" * len(one))
            db.execute(f"INSERT OR REPLACE INTO spans ({', '.join(one)}) VALUES ({marks})", tuple(one.values()))
        db.executemany("INSERT INTO span_attributes VALUES (?, ?, ?)", attributes)
        db.commit()
    return path


def window(user: Path, session: str = SESSION, told: str = '{"folder": "file:///home/dev/my%20shop"}') -> None:
    folder = user / "workspaceStorage/0123abcd"
    (folder / "chatSessions").mkdir(parents=True)
    (folder / "chatSessions" / f"{session}.jsonl").write_text("")
    (folder / "workspace.json").write_text(told)
    (user / "workspaceStorage/zzz").mkdir()


def read(path: Path, cursor: bytes | None = None) -> Batch:
    source = store_source(str(path))
    assert source is not None
    (batch,) = READER.read(source, cursor)
    return batch


def test_the_input_contains_the_cache_and_the_output_contains_reasoning(tmp_path: Path) -> None:
    (usage,) = read(store(tmp_path, span())).usage
    assert usage.tokens == ONE
    assert (usage.key, usage.session, usage.time_ms) == ("copilot-chat:s1", SESSION, T0)
    assert (usage.model, usage.provider) == ("gpt-5-x", "github-copilot")


def test_what_was_written_to_a_cache_is_inside_of_the_input(tmp_path: Path) -> None:
    written = ("s1", "gen_ai.usage.cache_creation.input_tokens", "25")
    (usage,) = read(store(tmp_path, span(), attributes=(written,))).usage
    assert usage.tokens == Tokens(15, 60, 25, 0, 30, 5)


def test_the_span_of_an_agent_has_the_sum_of_its_requests_and_counts_none(tmp_path: Path) -> None:
    tool = span("tool", operation_name="execute_tool", input_tokens=None)
    assert len(read(store(tmp_path, span(), tool, span("s2"), agent())).usage) == 2


def test_a_request_inside_of_another_counts_once(tmp_path: Path) -> None:
    assert [one.key for one in read(store(tmp_path, span("in", parent_span_id="s1"), span())).usage] == [
        "copilot-chat:in"
    ]


def test_a_request_that_failed_has_no_counts_and_is_none(tmp_path: Path) -> None:
    batch = read(store(tmp_path, span(input_tokens=None, output_tokens=None), span("s2", cached_tokens=None)))
    assert [one.tokens for one in batch.usage] == [Tokens(100, output=30, reasoning=5)]
    assert batch.skipped == {}


@pytest.mark.parametrize("name", ["Claude Copilot Proxy", "agentLMServer-openai"])
def test_agents_that_log_their_requests_themselves_are_passed_over(tmp_path: Path, name: str) -> None:
    assert [one.key for one in read(store(tmp_path, span(agent_name=name), span("s2"))).usage] == ["copilot-chat:s2"]


@pytest.mark.parametrize(
    ("provider", "known"),
    [("anthropic", "anthropic"), ("azure.ai.openai", "azure"), ("gemini", "google"), (None, "")],
)
def test_a_model_of_the_users_own_provider_is_not_served_by_github(
    tmp_path: Path, provider: str | None, known: str
) -> None:
    assert [one.provider for one in read(store(tmp_path, span(provider_name=provider))).usage] == [known]


def test_the_folder_is_that_of_the_window_of_the_session(tmp_path: Path) -> None:
    window(tmp_path)
    found = read(store(tmp_path, span(), span("s2", chat_session_id="other"))).usage
    assert [one.cwd for one in found] == ["/home/dev/my shop", ""]


@pytest.mark.parametrize(
    "told", ['{"workspace": "file:///home/dev/all.code-workspace"}', "{", '{"folder": "vscode-remote://ssh/x"}', "[]"]
)
def test_a_window_without_one_local_folder_has_none(tmp_path: Path, told: str) -> None:
    window(tmp_path, told=told)
    assert [one.cwd for one in read(store(tmp_path, span())).usage] == [""]


@pytest.mark.parametrize("session", ["../../../x", "a\0b", "/etc/passwd"])
def test_a_session_that_names_another_folder_reads_no_file_there(tmp_path: Path, session: str) -> None:
    window(tmp_path)
    assert [one.cwd for one in read(store(tmp_path, span(chat_session_id=session))).usage] == [""]


def test_the_branch_is_told_by_the_span_of_the_agent(tmp_path: Path) -> None:
    branch = ("agent", "copilot_chat.repo.head_branch_name", "feat/a")
    found = read(store(tmp_path, span(), agent(), span("s2", trace_id="t2"), attributes=(branch,))).usage
    assert [(one.branch, one.branch_stale) for one in found] == [("feat/a", True), ("", True)]


def test_a_second_look_finds_what_is_new_and_what_is_numbered_anew_after_all_was_deleted(tmp_path: Path) -> None:
    path = store(tmp_path, span(), span("s2"))
    first = read(path)
    assert not read(path, first.cursor).usage
    second = read(store(tmp_path, span("s3")), first.cursor)
    assert [one.key for one in second.usage] == ["copilot-chat:s3"]
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM spans")
        db.commit()
    assert [one.key for one in read(store(tmp_path, span("s4")), second.cursor).usage] == ["copilot-chat:s4"]


def test_requests_that_take_the_numbers_of_deleted_ones_are_found(tmp_path: Path) -> None:
    path = store(tmp_path, span(), span("s2"), span("s3"))
    first = read(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM spans WHERE rowid > 1")
        db.commit()
    found = read(store(tmp_path, span("s4"), span("s5"), span("s6")), first.cursor).usage
    assert {one.key for one in found} >= {"copilot-chat:s4", "copilot-chat:s5", "copilot-chat:s6"}


def test_a_branch_that_is_told_later_does_not_have_all_requests_read_again(tmp_path: Path) -> None:
    first = read(store(tmp_path, span("s0", trace_id="t2"), span()))
    branch = ("agent", "copilot_chat.repo.head_branch_name", "feat/a")
    found = read(store(tmp_path, agent(), attributes=(branch,)), first.cursor).usage
    assert [(one.key, one.branch) for one in found] == [("copilot-chat:s1", "feat/a")]


@pytest.mark.parametrize("wrong", [{"cached_tokens": 101}, {"output_tokens": -1}, {"input_tokens": "many"}])
def test_one_damaged_span_among_good_ones_is_counted(tmp_path: Path, wrong: dict[str, Any]) -> None:
    batch = read(store(tmp_path, span(**wrong), span("s2")))
    assert [one.key for one in batch.usage] == ["copilot-chat:s2"]
    assert batch.skipped == {"damaged record": 1}


def test_a_store_of_an_unknown_version_is_named(tmp_path: Path) -> None:
    path = store(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE span_attributes")
        db.commit()
    with pytest.raises(OSError, match="lacks a table"):
        read(path)


def test_the_stores_of_all_kinds_of_vs_code_are_found(tmp_path: Path) -> None:
    paths = [
        store(tmp_path / ".config/Code/User"),
        store(tmp_path / ".config/Code - Insiders/User"),
        store(tmp_path / "Library/Application Support/Code/User"),
        store(tmp_path / ".vscode-server/data/User"),
    ]
    places = READER.locations({"HOME": str(tmp_path)})
    assert {source.path for place in places for source in READER.discover(place)} == {str(path) for path in paths}
