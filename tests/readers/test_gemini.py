"""Gemini CLI's chats: each known trap, with its reasoning in the test's name."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import append, iso, write
from tokcost.model.logs import Batch, Location
from tokcost.model.usage import NO_TOKENS, Tokens, Usage, merge
from tokcost.readers.gemini.reader import GeminiReader
from tokcost.readers.sources import new_lines
from tokcost.readers.sources.files import file_source

READER = GeminiReader()
T0 = 1_790_000_000_000
SESSION, DIGEST = "01f869f3-aa74-4375-ba7c-f5b8787bc8b2", "ab" * 32
ONE = Tokens(input=40, cache_read=60, output=35, reasoning=5)


def counts(input: int = 100, cached: int = 60, output: int = 30, thoughts: int = 5, **more: Any) -> dict[str, Any]:
    said = {"input": input, "output": output, "cached": cached, "thoughts": thoughts, "tool": 0}
    return {**said, "total": input + output + thoughts, **more}


def message(name: str = "m1", time_ms: int = T0, **more: Any) -> dict[str, Any]:
    said = {"id": name, "timestamp": iso(time_ms), "type": "gemini", "content": "some words"}
    return {**said, "tokens": counts(), "model": "gemini-2.5-pro", **more}


def head(session: str = SESSION, **more: Any) -> dict[str, Any]:
    said = {"sessionId": session, "projectHash": DIGEST, "startTime": iso(T0), "lastUpdated": iso(T0), "kind": "main"}
    return {**said, **more}


def patch(**fields: Any) -> dict[str, Any]:
    return {"$set": fields}


def chat(folder: Path, name: str = "session-2026-09-21T14-13-01f869f3.jsonl") -> Path:
    return folder / ".gemini/tmp/repo/chats" / name


def read(path: Path, cursor: bytes | None = None) -> Batch:
    """What is new in a chat that is read in one batch."""
    (batch,) = READER.read(file_source(str(path), os.stat(path)), cursor)
    assert len({usage.key for usage in batch.usage}) == len(batch.usage)
    return batch


def tokens(path: Path, *lines: dict[str, Any] | str) -> list[Tokens]:
    return [usage.tokens for usage in read(write(chat(path), head(), *lines)).usage]


def document(folder: Path, *messages: Any, name: str = "session-2026-09-21T14-13-01f869f3.json", **more: Any) -> Path:
    path = chat(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(head(messages=list(messages), **more), indent=2))
    return path


def together(*batches: Batch) -> dict[str, Usage]:
    """What batches of several sources or times say, as the ledger holds it."""
    found: dict[str, Usage] = {}
    for one in (usage for batch in batches for usage in batch.usage):
        found[one.key] = merge(found[one.key], one) if one.key in found else one
    return found


# What a message means


def test_cached_tokens_are_inside_input_and_thoughts_beside_output(tmp_path: Path) -> None:
    (usage,) = read(write(chat(tmp_path), head(), message())).usage
    assert usage.tokens == ONE
    assert (usage.assistant, usage.session, usage.key) == ("gemini-cli", SESSION, f"gemini:{SESSION}:m1")
    assert (usage.model, usage.provider, usage.time_ms, usage.branch) == ("gemini-2.5-pro", "google", T0, "")


@pytest.mark.parametrize(
    ("tool", "total", "input"),
    [(0, 135, 40), (7, 135, 40), (7, 142, 47), (7, None, 40)],
)
def test_prompt_tokens_of_tools_count_where_the_total_says_that_input_leaves_them_out(
    tmp_path: Path, tool: int, total: int | None, input: int
) -> None:
    assert tokens(tmp_path, message(tokens=counts(tool=tool, total=total))) == [ONE._replace(input=input)]


def test_counts_that_are_not_there_are_none(tmp_path: Path) -> None:
    assert tokens(tmp_path, message(tokens={"input": 100, "output": 30})) == [Tokens(100, output=30)]


def test_a_message_without_counts_is_no_error_and_no_response(tmp_path: Path) -> None:
    path = write(chat(tmp_path), head(), message(tokens=None), message("m2", type="user"), message("m3", type="info"))
    batch = read(path)
    assert not batch.usage
    assert batch.skipped == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"tokens": counts(cached=101)},
        {"tokens": counts(output=-31)},
        {"tokens": counts(input=10**9 + 100)},
        {"id": None},
        {"timestamp": None},
    ],
)
def test_impossible_values_reject_one_message_and_count_it(tmp_path: Path, wrong: dict[str, Any]) -> None:
    batch = read(write(chat(tmp_path), head(), message(**wrong), message("m2")))
    assert [usage.tokens for usage in batch.usage] == [ONE]
    assert batch.skipped == {"usage record with impossible or missing values": 1}


def call(command: str) -> list[dict[str, Any]]:
    return [{"id": "c", "name": "run_shell_command", "args": {"command": command}}]


def before_a_move(tmp_path: Path, *lines: dict[str, Any]) -> list[bool]:
    """Of each response whether it belongs before a move of HEAD in its own second."""
    return [usage.moves_head for usage in read(write(chat(tmp_path), head(), *lines)).usage]


def test_a_response_is_logged_when_it_is_complete_so_it_was_asked_for_before_a_move_in_that_second(
    tmp_path: Path,
) -> None:
    assert before_a_move(tmp_path, message(), message("m2", T0 + 1500)) == [True, True]


@pytest.mark.parametrize(
    "command",
    [
        "git switch -q main",
        "cd x && git -C . checkout feat/a",
        "git rebase main",
        "git bisect start",
        "git fetch\ngit switch main",
        "gh pr checkout 12",
        f"echo {'x' * 1000} && git switch main",
    ],
)
def test_what_follows_a_response_whose_tool_moved_head_comes_after_the_move(tmp_path: Path, command: str) -> None:
    lines = (message(), message(toolCalls=call(command)), message("m2", T0 + 50), message("m3", T0 + 90))
    assert before_a_move(tmp_path, *lines, message("m4", T0 + 5000)) == [True, False, False, True]


def test_a_tool_that_takes_seconds_moves_head_before_the_next_response(tmp_path: Path) -> None:
    lines = (message(toolCalls=call("make && git switch x")), message("m2", T0 + 9000), message("m3", T0 + 9100))
    assert before_a_move(tmp_path, *lines) == [True, False, False]


@pytest.mark.parametrize("command", ["git status", "echo hi", "git commit -m 'switch to x'", "git checkout -- file"])
def test_other_commands_move_nothing(tmp_path: Path, command: str) -> None:
    assert before_a_move(tmp_path, message(toolCalls=call(command)), message("m2", T0 + 50)) == [True, True]


def test_of_two_responses_that_move_head_in_one_second_the_second_came_between_the_moves(tmp_path: Path) -> None:
    lines = (message(toolCalls=call("git switch x")), message("m2", T0 + 50, toolCalls=call("git switch y")))
    path = write(chat(tmp_path), head(), *lines, message("m3", T0 + 90))
    found = [(usage.moves_head, usage.branch_stale) for usage in read(path).usage]
    assert found == [(True, False), (True, True), (False, True)]


def tools(*commands: str) -> dict[str, Any]:
    """What tools did, as a session that an editor drives appends it: each time with all that went before."""
    grown = [one for command in commands for one in call(command)]
    return message("tools", T0 - 50, toolCalls=grown, tokens=None, content="")


def test_tools_in_a_message_without_counts_were_called_by_the_response_before_them(tmp_path: Path) -> None:
    """Gemini CLI 0.61 over the Agent Client Protocol: the message grows, and keeps the time of its beginning."""
    path = write(chat(tmp_path), head(), message("m1", T0 + 10), tools("true"), message("m2", T0 + 100))
    append(path, tools("true", "git switch x"), message("m3", T0 + 400), tools("true", "git switch x", "true"))
    append(path, message("m4", T0 + 700))
    found = {usage.key[-2:]: (usage.moves_head, usage.branch_stale) for usage in read(path).usage}
    assert found == {"m1": (True, False), "m2": (True, False), "m3": (False, True), "m4": (False, True)}


def test_what_such_a_message_told_before_is_known_at_the_second_look(tmp_path: Path) -> None:
    path = write(chat(tmp_path), head(), message("m1", T0), tools("git switch x"))
    first = read(path)
    append(path, message("m2", T0 + 3000), tools("git switch x", "true"), message("m3", T0 + 3100))
    append(path, tools("git switch x", "true", "git switch y"), message("m4", T0 + 3400))
    found = read(path, first.cursor).usage
    # m2 has the second in which the first switch may have ended; m3 came between the two.
    assert [(one.moves_head, one.branch_stale) for one in found] == [(False, False), (True, False), (False, True)]


def test_a_move_is_remembered_until_the_second_look(tmp_path: Path) -> None:
    path = write(chat(tmp_path), head(), message(toolCalls=call("git switch x")))
    first = read(path)
    append(path, message("m2", T0 + 50))
    assert [usage.moves_head for usage in read(path, first.cursor).usage] == [False]


# A log that is replayed


def test_a_message_is_appended_again_when_something_is_added_and_counts_once(tmp_path: Path) -> None:
    path = write(chat(tmp_path), head(), message(), message(toolCalls=[{"id": "c"}]), message("m2", T0 + 1))
    batch = read(path)
    assert [usage.tokens for usage in batch.usage] == [ONE, ONE]
    assert batch.duplicates == {"further record of the same response": 1}


def test_a_message_appended_first_without_counts_has_those_of_its_last_record(tmp_path: Path) -> None:
    assert tokens(tmp_path, message(tokens=None), message(tokens=counts(output=3)), message()) == [ONE]


def test_a_patch_with_all_messages_repeats_them_at_the_time_of_the_patch(tmp_path: Path) -> None:
    again = patch(messages=[message(time_ms=T0 + 50_000), message("m2", T0 + 50_000)])
    found = read(write(chat(tmp_path), head(), message(), again)).usage
    assert [(one.time_ms, one.copy_rank) for one in found] == [(T0, 0), (T0 + 50_000, 1)]


def test_the_original_record_takes_the_place_of_the_copy_in_a_patch(tmp_path: Path) -> None:
    copy = read(write(chat(tmp_path), head(), patch(messages=[message(time_ms=T0 + 50_000)])))
    original = read(document(tmp_path, message()))
    (usage,) = together(copy, original).values()
    assert (usage.time_ms, usage.tokens) == (T0, ONE)


def test_rewound_messages_and_those_that_a_patch_leaves_out_were_paid_for(tmp_path: Path) -> None:
    lines = (message(), message("m2", T0 + 1), {"$rewindTo": "m1"}, patch(messages=[message()]), message("m3", T0 + 2))
    batch = read(write(chat(tmp_path), head(), *lines))
    assert len(batch.usage) == 3
    assert not batch.retracted


def test_a_session_that_a_patch_names_holds_what_follows(tmp_path: Path) -> None:
    path = write(chat(tmp_path), patch(sessionId="other"), message())
    assert [usage.session for usage in read(path).usage] == ["other"]


def test_a_chat_resumed_in_the_other_form_counts_once(tmp_path: Path) -> None:
    old = read(document(tmp_path, message(), message("m2", T0 + 1)))
    resumed = patch(messages=[message(time_ms=T0 + 90_000), message("m2", T0 + 90_000)])
    new = read(write(chat(tmp_path), head(), resumed, message("m3", T0 + 91_000)))
    for batches in ((old, new), (new, old)):
        found = together(*batches)
        assert {one.time_ms for one in found.values()} == {T0, T0 + 1, T0 + 91_000}
        assert sum(one.tokens.total for one in found.values()) == 3 * ONE.total


# A second look after the first


def test_a_log_that_grew_goes_on_and_knows_whose_session_it_is(tmp_path: Path) -> None:
    path = write(chat(tmp_path), head(), message())
    first = read(path)
    append(path, message("m2", T0 + 1))
    second = read(path, first.cursor)
    assert [(one.key, one.session) for one in second.usage] == [(f"gemini:{SESSION}:m2", SESSION)]
    assert not read(path, second.cursor).usage


def test_a_message_that_gets_its_counts_after_the_first_look_has_one_key(tmp_path: Path) -> None:
    path = write(chat(tmp_path), head(), message(tokens=counts(output=3)))
    first = read(path)
    append(path, message(toolCalls=[{"args": {"command": "git switch x"}}]))
    (usage,) = together(first, read(path, first.cursor)).values()
    assert (usage.tokens, usage.moves_head) == (ONE, True)


def test_a_line_still_being_written_is_waited_for(tmp_path: Path) -> None:
    path = write(chat(tmp_path), head())
    whole = json.dumps(message())
    with path.open("a") as stream:
        stream.write(whole[:60])
    first = read(path)
    assert (list(first.usage), first.skipped) == ([], {})
    with path.open("a") as stream:
        stream.write(whole[60:] + "\n")
    assert [usage.tokens for usage in read(path, first.cursor).usage] == [ONE]


def test_a_log_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    first = read(write(chat(tmp_path), head(), message()))
    again = read(write(chat(tmp_path), head("other", kind="x"), message("m7")), first.cursor)
    assert again.restarted
    assert [usage.key for usage in again.usage] == ["gemini:other:m7"]


def test_a_document_that_is_rewritten_is_read_whole_each_time(tmp_path: Path) -> None:
    first = read(document(tmp_path, message()))
    second = read(document(tmp_path, message(), message("m2", T0 + 1)), first.cursor)
    assert second.restarted
    assert len(together(first, second)) == 2


def test_very_many_messages_come_in_several_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_lines, "CHUNK", 2000)
    monkeypatch.setattr(new_lines, "MAX_RECORDS", 5)
    path = write(chat(tmp_path), head(), *(message(f"m{number}", T0 + number) for number in range(60)))
    batches = list(READER.read(file_source(str(path), os.stat(path)), None))
    assert len(batches) > 2
    assert len(together(*batches)) == 60


# Damage


def test_one_damaged_line_loses_no_other_and_is_counted(tmp_path: Path) -> None:
    lines = (message(), '{"id": "m2", "tokens": {"inp', message("m3", T0 + 1), '["tokens"]', '{"tokens": "many"}')
    batch = read(write(chat(tmp_path), head(), *lines))
    assert len(batch.usage) == 2
    assert batch.skipped == {"damaged record": 3}


@pytest.mark.parametrize("damaged", [{"tokens": "many"}, {"timestamp": "yesterday"}, {"tokens": {"input": "9x"}}])
@pytest.mark.parametrize("form", ["document", "patch"])
def test_one_damaged_message_among_many_loses_no_other(tmp_path: Path, form: str, damaged: dict[str, Any]) -> None:
    messages = [message(**damaged), message("m2")]
    path = (
        document(tmp_path, *messages) if form == "document" else write(chat(tmp_path), head(), patch(messages=messages))
    )
    batch = read(path)
    assert [usage.key for usage in batch.usage] == [f"gemini:{SESSION}:m2"]
    assert batch.skipped == {"damaged record": 1}


def test_what_is_no_message_among_messages_loses_none(tmp_path: Path) -> None:
    assert len(read(document(tmp_path, None, 5, "x", [], message())).usage) == 1


@pytest.mark.parametrize(("before", "behind"), [(b"\xef\xbb\xbf", b""), (b"\0\0", b"\0" * 5_000), (b"\r\n", b"\x0c")])
def test_padding_around_a_document_costs_nothing(tmp_path: Path, before: bytes, behind: bytes) -> None:
    path = document(tmp_path, message())
    path.write_bytes(before + path.read_bytes() + behind)
    batch = read(path)
    assert ([usage.tokens for usage in batch.usage], batch.skipped) == ([ONE], {})


def test_a_document_of_utf_16_is_named_with_the_reason(tmp_path: Path) -> None:
    path = document(tmp_path, message())
    path.write_bytes(path.read_text().encode("utf-16"))
    with pytest.raises(OSError, match="UTF-16"):
        read(path)


def test_a_document_that_is_half_written_is_counted_and_read_when_it_is_whole(tmp_path: Path) -> None:
    path = document(tmp_path, message())
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert read(path).skipped == {"damaged record": 1}
    path.write_bytes(whole)
    assert len(read(path).usage) == 1


def test_bytes_that_are_no_utf_8_lose_nothing(tmp_path: Path) -> None:
    for path in (document(tmp_path, message(content="@")), write(chat(tmp_path), head(), message(content="@"))):
        path.write_bytes(path.read_bytes().replace(b"@", b"\xff\xfe"))
        assert [usage.tokens for usage in read(path).usage] == [ONE]


def test_texts_cut_off_in_the_middle_of_a_character_lose_nothing_in_a_document(tmp_path: Path) -> None:
    cut = message(content="some words \ud83d")
    batch = read(document(tmp_path, {"type": "user", "content": "\udc00"}, cut, message("m2")))
    assert ([usage.tokens for usage in batch.usage], batch.skipped) == ([ONE, ONE], {})


def test_a_document_larger_than_any_line_is_read(tmp_path: Path) -> None:
    big = "x" * 500_000
    path = document(tmp_path, *(message(f"m{number}", content=big) for number in range(20)))
    assert len(read(path).usage) == 20


def test_a_document_too_large_to_hold_is_told(tmp_path: Path) -> None:
    path = document(tmp_path, message())
    with path.open("ab") as stream:
        stream.truncate(60 << 20)
    with pytest.raises(OSError, match="larger than"):
        read(path)


def test_a_file_without_anything_says_nothing(tmp_path: Path) -> None:
    assert tokens(tmp_path) == []
    assert sum((one.tokens.total for one in read(write(chat(tmp_path))).usage), NO_TOKENS.total) == 0


# Where they are, and which folder they belong to


def test_chats_of_sessions_and_their_sub_agents_are_found_and_nothing_else(tmp_path: Path) -> None:
    wanted = [
        document(tmp_path),
        write(chat(tmp_path, "session-b.jsonl"), head()),
        write(chat(tmp_path, f"{SESSION}/sub.jsonl"), head()),
    ]
    write(chat(tmp_path, "session-c.jsonl.unreadable-1790000000000"), head(), message())
    write(tmp_path / ".gemini/tmp/repo/logs.json", head())
    write(tmp_path / ".gemini/tmp/repo/checkpoint-x.json", head())
    (location,) = READER.locations({"HOME": str(tmp_path)})
    assert {source.path for source in READER.discover(location)} == {str(path) for path in wanted}


def test_its_home_folder_can_be_elsewhere(tmp_path: Path) -> None:
    environ = {"HOME": "/nowhere", "GEMINI_CLI_HOME": str(tmp_path)}
    assert READER.locations(environ) == [Location(str(tmp_path / ".gemini/tmp"))]


def folder_of(tmp_path: Path) -> list[str]:
    batch = read(write(chat(tmp_path, f"{SESSION}/sub.jsonl"), head(), message()))
    return [usage.cwd for usage in batch.usage]


def register(tmp_path: Path, content: str) -> None:
    (tmp_path / ".gemini").mkdir(exist_ok=True)
    (tmp_path / ".gemini/projects.json").write_text(content)


def test_the_folder_is_told_beside_the_chats(tmp_path: Path) -> None:
    register(tmp_path, json.dumps({"projects": {"/from/registry": "repo"}}))
    write(tmp_path / ".gemini/tmp/repo/.project_root", "/from/beside")
    assert folder_of(tmp_path) == ["/from/beside"]


def test_else_the_folder_is_told_by_the_registry(tmp_path: Path) -> None:
    projects = {"/wrong": 5, "/other": "other", "/from/registry": "repo"}
    register(tmp_path, json.dumps({"version": 2, "projects": projects}))
    assert folder_of(tmp_path) == ["/from/registry"]


@pytest.mark.parametrize("registry", [None, "", "[]", '{"projects": []}', '{"projects": {"/other": "other"}}'])
def test_else_only_the_digest_of_the_folder_is_known(tmp_path: Path, registry: str | None) -> None:
    if registry is not None:
        register(tmp_path, registry)
    assert folder_of(tmp_path) == [f"sha256:{DIGEST}"]


def test_a_chat_that_names_no_project_has_no_folder(tmp_path: Path) -> None:
    path = write(chat(tmp_path), head(projectHash=None), message())
    assert [usage.cwd for usage in read(path).usage] == [""]


def test_the_digest_is_that_of_the_path(tmp_path: Path) -> None:
    digest = hashlib.sha256(os.fsencode(str(tmp_path))).hexdigest()
    path = write(chat(tmp_path), head(projectHash=digest), message())
    assert [usage.cwd for usage in read(path).usage] == [f"sha256:{digest}"]
