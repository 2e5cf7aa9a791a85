"""Qwen Code's chats: each known trap, with its reasoning in the test's name."""

from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import append, iso, write
from tokcost.model.logs import Batch, Location
from tokcost.model.usage import Tokens, Usage, find_key, merge
from tokcost.readers.qwen.reader import QwenReader
from tokcost.readers.sources.files import source_at

READER = QwenReader()
T0 = 1_790_000_000_000
SESSION = "d925846c-0703-439c-ab84-bfdf2c2d18ea"
ONE = Tokens(input=40, cache_read=60, output=30, reasoning=5)


def envelope(kind: str, time_ms: int, session: str = SESSION) -> dict[str, Any]:
    place = {"cwd": "/repo", "version": "0.24.4", "gitBranch": "feat/a"}
    return {"uuid": f"u-{kind}-{time_ms}", "sessionId": session, "timestamp": iso(time_ms), "type": kind, **place}


def response(name: str | None = "r1", time_ms: int = T0, counts: dict[str, Any] | None = None, **more: Any) -> Any:
    """A telemetry record; `counts` go into the event, everything else into the record."""
    said = {"input": 100, "output": 30, "cached_content": 60, "thoughts": 5, "total": 130, **(counts or {})}
    event: dict[str, Any] = {f"{one}_token_count": count for one, count in said.items() if one != "auth_type"}
    event |= {"event.name": "qwen-code.api_response", "event.timestamp": iso(time_ms), "response_id": name}
    event |= {"model": "qwen3-coder-plus", "response_text": "words", "auth_type": said.get("auth_type", "openai")}
    record = {**envelope("system", time_ms), "subtype": "ui_telemetry", "systemPayload": {"uiEvent": event}}
    return {**record, **more}


def message(time_ms: int = T0 + 1, **more: Any) -> dict[str, Any]:
    counts = {"promptTokenCount": 100, "candidatesTokenCount": 30, "thoughtsTokenCount": 5, "totalTokenCount": 130}
    said = {"model": "qwen3-coder-plus", "usageMetadata": {**counts, "cachedContentTokenCount": 60, **more}}
    return {**envelope("assistant", time_ms), **said}


def chat(folder: Path, name: str = SESSION) -> Path:
    return folder / f".qwen/projects/-repo/chats/{name}.jsonl"


def read(path: Path, cursor: bytes | None = None) -> Batch:
    source = source_at(str(path))
    assert source is not None
    (batch,) = READER.read(source, cursor)
    return batch


def together(*batches: Batch) -> list[Usage]:
    """What batches of several sources or times say, as the ledger holds it."""
    found: dict[str, Usage] = {}
    for one in (usage for batch in batches for usage in batch.usage):
        key = find_key(found, one)
        found[key] = merge(found[key], one) if key in found else one
    return list(found.values())


def tokens(tmp_path: Path, **counts: Any) -> list[Tokens]:
    return [usage.tokens for usage in read(write(chat(tmp_path), response(counts=counts))).usage]


def test_the_prompt_contains_the_cache_and_the_output_thoughts(tmp_path: Path) -> None:
    (usage,) = read(write(chat(tmp_path), response())).usage
    assert (usage.tokens, usage.key, usage.session, usage.time_ms) == (ONE, "qwen:r1", SESSION, T0)
    assert (usage.cwd, usage.branch, usage.branch_stale) == ("/repo", "feat/a", False)
    assert (usage.model, usage.provider) == ("qwen3-coder-plus", "")


def test_a_count_may_be_written_as_a_fraction(tmp_path: Path) -> None:
    assert tokens(tmp_path, output=30.0) == tokens(tmp_path, output=30)


def ran(command: str, time_ms: int) -> dict[str, Any]:
    """A tool has ended."""
    event = {
        "event.name": "qwen-code.tool_call",
        "event.timestamp": iso(time_ms),
        "function_args": {"command": command},
    }
    record = envelope("system", time_ms)
    return {**record, "uuid": f"t-{time_ms}", "subtype": "ui_telemetry", "systemPayload": {"uiEvent": event}}


def order(path: Path, cursor: bytes | None = None) -> list[tuple[bool, bool]]:
    """Of each response whether HEAD moved after it within its second, and whether its branch is an old one."""
    return [(one.moves_head, one.branch_stale) for one in read(path, cursor).usage]


def test_a_process_that_an_editor_drives_names_the_branch_of_its_start_so_its_tools_tell_the_moves(
    tmp_path: Path,
) -> None:
    """Qwen Code 0.24.4 with --acp: what came after its own switch in the same second was put on the branch before."""
    lines = (response("r1", T0 + 10), ran("git status", T0 + 50), response("r2", T0 + 100))
    path = write(chat(tmp_path), *lines, ran("git switch x", T0 + 200), response("r3", T0 + 300))
    append(path, response("r4", T0 + 4000))
    assert order(path) == [(True, False), (True, False), (False, True), (True, True)]


def test_a_branch_that_has_changed_since_the_response_before_was_looked_up_after_the_move(tmp_path: Path) -> None:
    lines = (response("r1", T0 + 10), ran("git switch x", T0 + 100), response("r2", T0 + 300, gitBranch="x"))
    moved_by_others = response("r3", T0 + 5000, gitBranch="y")
    path = write(chat(tmp_path), *lines, response("r2b", T0 + 2000, gitBranch="x"), moved_by_others)
    assert order(path) == [(True, False), (False, False), (True, False), (False, False)]


def test_a_move_is_remembered_until_the_second_look(tmp_path: Path) -> None:
    path = write(chat(tmp_path), response("r1", T0 + 10), ran("git switch x", T0 + 100))
    first = read(path)
    append(path, response("r2", T0 + 300))
    assert order(path, first.cursor) == [(False, True)]


def test_what_a_fork_copied_of_tools_moves_nothing(tmp_path: Path) -> None:
    copied: dict[str, Any] = {"forkedFrom": {"sessionId": "before"}}
    path = write(chat(tmp_path), response("r1", **copied), ran("git switch x", T0 + 100) | copied)
    append(path, response("r2", T0 + 300))
    assert order(path) == [(False, False), (True, False)]


@pytest.mark.parametrize("given", [None, [], {"command": 5}, {}, {"command": "git switch x"}])
def test_a_tool_before_any_response_or_without_a_command_tells_nothing(given: object, tmp_path: Path) -> None:
    tool = ran("", T0)
    tool["systemPayload"]["uiEvent"]["function_args"] = given
    path = write(chat(tmp_path), tool, response("r1", T0 + 100))
    assert (order(path), dict(read(path).skipped)) == ([(True, False)], {})


@pytest.mark.parametrize(
    ("total", "sign_in", "output"),
    [
        (130, "gemini", 30),
        (135, "openai", 35),
        (0, "openai", 30),
        (0, "qwen-oauth", 30),
        (0, "gemini", 35),
        (999, "vertex-ai", 35),
    ],
)
def test_the_total_tells_whether_thoughts_are_outside_and_else_the_provider(
    tmp_path: Path, total: int, sign_in: str, output: int
) -> None:
    assert tokens(tmp_path, total=total, auth_type=sign_in) == [ONE._replace(output=output)]


def test_more_thoughts_than_output_are_outside_of_it(tmp_path: Path) -> None:
    assert tokens(tmp_path, thoughts=50, total=0) == [ONE._replace(output=80, reasoning=50)]


def test_a_prompt_that_is_not_told_is_at_least_what_came_from_the_cache(tmp_path: Path) -> None:
    assert tokens(tmp_path, input=0, total=0) == [ONE._replace(input=0)]


def test_a_provider_that_tells_no_counts_tells_nothing(tmp_path: Path) -> None:
    none: dict[str, Any] = dict.fromkeys(("input", "output", "cached_content", "thoughts", "total"), 0)
    batch = read(write(chat(tmp_path), response(counts=none)))
    assert (list(batch.usage), batch.skipped) == ([], {})


def test_the_message_of_a_response_repeats_its_counts_and_helpers_have_none(tmp_path: Path) -> None:
    lines = (response(), message(), response("r2", T0 + 50), response("r3", T0 + 90), message(T0 + 91))
    assert [one.tokens for one in read(write(chat(tmp_path), *lines)).usage] == [ONE] * 3


def test_messages_count_in_versions_without_telemetry_until_it_begins(tmp_path: Path) -> None:
    path = write(chat(tmp_path), message(), message(T0 + 50))
    first = read(path)
    append(path, response("r3", T0 + 90), message(T0 + 91))
    second = read(path, first.cursor)
    append(path, message(T0 + 200))
    assert [one.tokens for one in together(first, second, read(path, second.cursor))] == [ONE] * 3


def test_sums_of_sessions_beside_the_chats_and_logs_of_sub_agents_are_not_looked_at(tmp_path: Path) -> None:
    wanted = write(chat(tmp_path), response())
    write(tmp_path / ".qwen/usage_record.jsonl", {"version": 1, "models": {}})
    write(tmp_path / ".qwen/projects/-repo/subagents/s/a.jsonl", message())
    (location,) = READER.locations({"HOME": str(tmp_path)})
    assert [source.path for source in READER.discover(location)] == [str(wanted)]


def test_a_fork_copies_records_under_its_own_session_and_folder_and_they_count_where_they_were_made(
    tmp_path: Path,
) -> None:
    original = read(write(chat(tmp_path), response(), message()))
    copied = {"sessionId": "fork", "cwd": "/elsewhere", "forkedFrom": {"sessionId": SESSION}}
    lines = (
        response(**copied),
        {**message(), **copied},
        response("r2", T0 + 900, sessionId="fork", gitBranch="feat/b"),
    )
    fork = read(write(chat(tmp_path, "fork"), *lines))
    for batches in ((original, fork), (fork, original)):
        found = {one.key: (one.session, one.cwd, one.branch) for one in together(*batches)}
        assert found == {"qwen:r1": (SESSION, "/repo", "feat/a"), "qwen:r2": ("fork", "/repo", "feat/b")}


def test_a_server_that_gives_all_responses_one_id_loses_none(tmp_path: Path) -> None:
    lines = (response("chatcmpl-1"), response("chatcmpl-1", T0 + 50), response("chatcmpl-1", T0 + 90))
    found = read(write(chat(tmp_path), *lines))
    assert len(together(found, found)) == 3


def test_responses_without_an_id_are_told_apart_by_time_and_counts(tmp_path: Path) -> None:
    found = read(write(chat(tmp_path), response(None), response(None, T0 + 50)))
    assert len(together(found, found)) == 2


def test_other_telemetry_says_nothing(tmp_path: Path) -> None:
    tool = response()
    tool["systemPayload"]["uiEvent"] = {"event.name": "qwen-code.tool_call", "function_args": "qwen-code.api_response"}
    batch = read(write(chat(tmp_path), tool, {**envelope("user", T0), "message": {"usageMetadata": None}}))
    assert (list(batch.usage), batch.skipped) == ([], {})


@pytest.mark.parametrize(
    "wrong", [{"cached_content": 101}, {"input": 2e9}, *({"output": value} for value in (-1, 1.5, "7", True))]
)
def test_one_damaged_record_among_good_ones_is_counted(tmp_path: Path, wrong: dict[str, Any]) -> None:
    batch = read(write(chat(tmp_path), response(counts=wrong), response("r2"), '{"qwen-code.api_response": 1'))
    assert [one.key for one in batch.usage] == ["qwen:r2"]
    assert batch.skipped == {"damaged record": 2}


@pytest.mark.parametrize("odd", ["330", {}, [], -1, 1.5, None])
def test_a_total_that_is_no_count_costs_no_response(tmp_path: Path, odd: object) -> None:
    assert tokens(tmp_path, total=odd, thoughts=0) == [Tokens(40, 60, output=30)]


@pytest.mark.parametrize("odd", [None, 7, {"id": "x"}, []])
def test_a_session_that_is_no_text_costs_no_response(tmp_path: Path, odd: object) -> None:
    batch = read(write(chat(tmp_path), response(sessionId=odd), response("r2", T0 + 1)))
    assert [(one.key, one.session) for one in batch.usage] == [("qwen:r1", ""), ("qwen:r2", SESSION)]
    assert batch.skipped == {}


def test_a_detached_head_and_a_folder_without_git_have_no_branch(tmp_path: Path) -> None:
    assert [one.branch for one in read(write(chat(tmp_path), response(gitBranch=None))).usage] == [""]


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({}, "home/.qwen"),
        ({"QWEN_HOME": "{}/q"}, "q"),
        ({"QWEN_HOME": "~/q"}, "home/q"),
        ({"QWEN_HOME": "{}/q", "QWEN_RUNTIME_DIR": "{}/r"}, "r"),
    ],
)
def test_its_folder_can_be_elsewhere(tmp_path: Path, variables: dict[str, str], folder: str) -> None:
    environ = {name: value.format(tmp_path) for name, value in variables.items()}
    found = READER.locations({"HOME": str(tmp_path / "home"), **environ})
    assert found == [Location(str(tmp_path / folder / "projects"))]
