"""Claude Code's transcripts: each known trap, with its reasoning in the test's name."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.claude_lines import append, assistant, cost_state, counts, encode, iso, write
from tokcost.model.logs import Batch, Location
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.claude_code.reader import ClaudeCodeReader
from tokcost.readers.sources import files, new_lines

T0 = 1_790_000_000_000


def read(path: Path, cursor: bytes | None = None) -> Batch:
    """What is new in a file that is read in one batch."""
    (batch,) = ClaudeCodeReader().read(files.file_source(str(path), path.stat()), cursor)
    return batch


def only(batch: Batch) -> Usage:
    assert len(batch.usage) == 1
    return batch.usage[0]


def test_lines_streamed_for_one_message_are_one_response(tmp_path: Path) -> None:
    batch = read(
        write(tmp_path / "s.jsonl", assistant(time_ms=T0), assistant(time_ms=T0 + 50), assistant(time_ms=T0 + 90))
    )
    assert only(batch).tokens == Tokens(4, 10_000, 500, 700, 200)
    assert only(batch).time_ms == T0
    assert batch.duplicates == {"further line of the same response": 2}


def test_a_line_without_request_id_belongs_to_the_message_id_it_names(tmp_path: Path) -> None:
    assert only(read(write(tmp_path / "s.jsonl", assistant(), assistant(request=None)))).key == "msg_1"


def test_only_the_last_line_has_the_final_output_so_the_largest_count_is_taken(tmp_path: Path) -> None:
    first = assistant(version="2.1.80", stop_reason=None, usage=counts(output=3))
    last = assistant(version="2.1.80", usage=counts(output=900))
    usage = only(read(write(tmp_path / "s.jsonl", first, first, last)))
    assert (usage.tokens.output, usage.lower_bound, usage.kind) == (900, False, "response")


def test_output_that_never_got_a_stop_reason_in_an_old_version_is_a_lower_bound(tmp_path: Path) -> None:
    usage = only(
        read(write(tmp_path / "s.jsonl", assistant(version="1.0.69", stop_reason=None, usage=counts(output=2))))
    )
    assert (usage.kind, usage.lower_bound) == ("response", True)


def test_a_new_version_leaves_no_stop_reason_only_when_the_stream_broke_so_that_is_a_partial_reply(
    tmp_path: Path,
) -> None:
    usage = only(read(write(tmp_path / "s.jsonl", assistant(stop_reason=None, usage=counts(output=2)))))
    assert (usage.kind, usage.lower_bound) == ("partial", True)


def test_a_subagent_without_stop_reason_finished_but_was_logged_early_so_it_is_a_lower_bound(tmp_path: Path) -> None:
    usage = only(read(write(tmp_path / "s.jsonl", assistant(stop_reason=None, isSidechain=True, version="2.1.197"))))
    assert (usage.kind, usage.lower_bound) == ("response", True)


def test_five_minute_and_one_hour_cache_writes_stay_apart(tmp_path: Path) -> None:
    tokens = only(read(write(tmp_path / "s.jsonl", assistant(usage=counts(write_5m=11, write_1h=22))))).tokens
    assert (tokens.cache_write_5m, tokens.cache_write_1h) == (11, 22)


def test_cache_writes_of_old_versions_that_do_not_split_them_are_five_minute_ones(tmp_path: Path) -> None:
    usage = counts(write_5m=30, write_1h=0)
    del usage["cache_creation"]
    tokens = only(read(write(tmp_path / "s.jsonl", assistant(usage=usage)))).tokens
    assert (tokens.cache_write_5m, tokens.cache_write_1h) == (30, 0)


def test_thinking_is_inside_output_and_not_added(tmp_path: Path) -> None:
    tokens = only(
        read(write(tmp_path / "s.jsonl", assistant(usage=counts(output_tokens_details={"thinking_tokens": 41}))))
    ).tokens
    assert (tokens.reasoning, tokens.total) == (41, 4 + 10_000 + 500 + 700 + 200)


def test_synthetic_models_and_api_errors_are_no_responses(tmp_path: Path) -> None:
    batch = read(
        write(
            tmp_path / "s.jsonl",
            assistant(model="<synthetic>", isApiErrorMessage=True, usage=counts(0, 0, 0, 0, 0)),
            {"type": "system", "subtype": "api_error", "timestamp": iso(T0), "error": {"usage": {"input_tokens": 7}}},
        )
    )
    assert batch.usage == []
    assert batch.skipped == {}


def test_service_tier_speed_and_web_searches_are_kept(tmp_path: Path) -> None:
    usage = counts(service_tier="priority", speed="fast", server_tool_use={"web_search_requests": 3})
    found = only(read(write(tmp_path / "s.jsonl", assistant(usage=usage))))
    assert (found.tier, found.speed, found.web_searches) == ("priority", "fast", 3)


def test_tool_results_and_progress_lines_repeat_a_subagents_usage_and_are_not_counted(tmp_path: Path) -> None:
    tool_result = {"type": "user", "timestamp": iso(T0), "toolUseResult": {"usage": counts(), "totalTokens": 9}}
    progress = {
        "type": "progress",
        "timestamp": iso(T0),
        "data": {"type": "agent_progress", "message": assistant("m9")},
    }
    assert read(write(tmp_path / "s.jsonl", tool_result, progress)).usage == []


def test_an_advisors_tokens_are_not_in_the_response_and_become_usage_of_their_own(tmp_path: Path) -> None:
    advisor = {"type": "advisor_message", "model": "claude-opus-4-5", **counts(input=9, output=8)}
    usage = counts(iterations=[{"type": "message", **counts()}, advisor])
    first, second = read(write(tmp_path / "s.jsonl", assistant(usage=usage))).usage
    assert first.tokens == Tokens(4, 10_000, 500, 700, 200)
    assert (second.kind, second.model, second.tokens.input, second.key) == (
        "advisor",
        "claude-opus-4-5",
        9,
        "msg_1#advisor1",
    )


def test_a_single_iteration_repeats_the_response_and_is_not_added(tmp_path: Path) -> None:
    usage = counts(iterations=[{"type": "message", **counts()}])
    assert only(read(write(tmp_path / "s.jsonl", assistant(usage=usage)))).tokens.output == 200


def test_a_fork_marks_copied_lines_with_their_first_session_so_the_original_is_surer(tmp_path: Path) -> None:
    original = only(read(write(tmp_path / "a.jsonl", assistant())))
    copy = only(read(write(tmp_path / "b.jsonl", assistant(sessionId="fork", requestSessionId="session-1"))))
    assert original.key == copy.key
    assert original.copy_rank < copy.copy_rank


def test_a_copy_without_request_id_is_less_sure_than_a_line_with_one(tmp_path: Path) -> None:
    assert only(read(write(tmp_path / "a.jsonl", assistant(request=None)))).copy_rank == 1


def test_the_response_behind_a_switch_has_the_message_id_of_the_one_that_switched_where_a_gateway_has_one_for_all(
    tmp_path: Path,
) -> None:
    for requests in (("req_1", "req_2", "req_3"), (None, None, None)):
        commands = ("git status", "git switch main", "ls")
        lines = [
            assistant("gateway", request, T0 + n * 5000, command=command, usage=counts(input=n))
            for n, (request, command) in enumerate(zip(requests, commands, strict=True))
        ]
        found = read(write(tmp_path / "s.jsonl", *lines)).usage
        assert [usage.branch_stale for usage in found] == [False, False, True]


@pytest.mark.parametrize("entrypoint", ["sdk-cli", "cli", "claude-vscode", None])
def test_a_session_may_keep_writing_the_branch_from_before_its_own_switch(tmp_path: Path, entrypoint: str) -> None:
    """Driven by a program it does so until it ends; interactive sessions of 2.1.332 do so as well."""
    lines = [
        assistant("msg_1", entrypoint=entrypoint),
        assistant("msg_2", entrypoint=entrypoint, text="git switch main"),
        assistant("msg_3", entrypoint=entrypoint, command="cd x && git -C . switch -q main"),
        assistant("msg_4", entrypoint=entrypoint),
        assistant("msg_5", entrypoint=entrypoint, gitBranch="main"),
    ]
    stale = [usage.branch_stale for usage in read(write(tmp_path / "s.jsonl", *lines)).usage]
    assert stale == [False, False, False, True, False]


def test_a_switch_is_seen_in_whichever_line_of_its_response_and_marks_what_its_second_holds_before(
    tmp_path: Path,
) -> None:
    """The tool is called in a further line of the response, which repeats its usage; the next response is later."""
    second = 1_790_000_000_000
    path = write(
        tmp_path / "s.jsonl",
        assistant("msg_0", "req_0", second - 1),
        assistant("msg_1", "req_1", second + 100),
        assistant("msg_2", "req_2", second + 300),
        assistant("msg_2", "req_2", second + 350, command="git checkout main"),
        assistant("msg_3", "req_3", second + 700),
    )
    assert [usage.moves_head for usage in read(path).usage] == [False, True, True, False]
    assert [usage.branch_stale for usage in read(path).usage] == [False, False, False, True]


@pytest.mark.parametrize(
    ("command", "moves"),
    [
        ("git switch main", True),
        ("git switch -c feat/x", True),
        ("cd . && git -c a.b=c --no-pager checkout -q main", True),
        ("git rebase main", True),
        ("gh pr checkout 12", True),
        ("git checkout -- file", False),
        ("git checkout main -- file", False),
        ("git checkout .", False),
        ("git commit -m 'switch'", False),
        ("git stash && git checkout main && npm test -- --all", True),
        ("git fetch\ngit switch main", True),
        ("if true; then\n\tgit checkout main\nfi", True),
        ("make\ngh pr checkout 12", True),
        ("git checkout main -- && make", True),
        ("git checkout main --", True),
        ("git fetch\ngit checkout main -- file", False),
        ("echo legit switch", False),
    ],
)
def test_commands_that_move_head_are_told_from_others(tmp_path: Path, command: str, moves: bool) -> None:
    assert only(read(write(tmp_path / "s.jsonl", assistant(command=command)))).moves_head is moves


def test_a_response_that_goes_to_another_folder_was_asked_for_where_the_line_above_it_was_written(
    tmp_path: Path,
) -> None:
    """All lines of a response are written after its tool has run, with the folder that the tool went to."""
    prompt = {"type": "user", "sessionId": "session-1", "isSidechain": False, "cwd": "/r/repo", "message": {}}
    result = prompt | {"cwd": "/r/wt", "message": {"role": "user", "content": "x" * 5000}}
    lines = [
        prompt,
        assistant("msg_1", "req_1", cwd="/r/wt"),
        assistant("msg_1", "req_1", cwd="/r/wt", command="cd /r/wt"),
        result,
        assistant("msg_2", "req_2", cwd="/r/wt"),
        assistant("msg_3", "req_3", cwd="/r/other", command="cd /r/other"),
    ]
    assert [usage.cwd for usage in read(write(tmp_path / "s.jsonl", *lines)).usage] == ["/r/repo", "/r/wt", "/r/wt"]


def test_where_no_line_stands_between_only_a_command_tells_that_the_folder_was_left(tmp_path: Path) -> None:
    lines = [
        assistant("msg_1", "req_1", cwd="/r/repo"),
        assistant("msg_2", "req_2", cwd="/r/wt", command="ls"),
        assistant("msg_3", "req_3", cwd="/r/other"),
        assistant("msg_3", "req_3", cwd="/r/other", command="git fetch && cd /r/other"),
        assistant("msg_4", "req_4", cwd="/r/other", command="cd /r/other"),
    ]
    found = read(write(tmp_path / "s.jsonl", *lines)).usage
    assert [usage.cwd for usage in found] == ["/r/repo", "/r/wt", "/r/wt", "/r/other"]


def test_the_folder_of_a_prompt_that_was_read_before_is_remembered(tmp_path: Path) -> None:
    prompt = {"type": "user", "sessionId": "session-1", "cwd": "/r/repo", "message": {"role": "user", "content": "x"}}
    first = read(path := write(tmp_path / "s.jsonl", prompt))
    append(path, assistant(cwd="/r/wt", command="cd /r/wt"))
    assert only(read(path, first.cursor)).cwd == "/r/repo"


def test_a_line_of_a_side_chain_above_does_not_say_where_a_response_was_asked_for(tmp_path: Path) -> None:
    lines = [
        assistant("msg_1", "req_1", cwd="/r/repo"),
        assistant("msg_2", "req_2", cwd="/r/wt", isSidechain=True),
        assistant("msg_3", "req_3", cwd="/r/repo"),
    ]
    found = read(write(tmp_path / "s.jsonl", *lines)).usage
    assert [usage.cwd for usage in found] == ["/r/repo", "/r/wt", "/r/repo"]


def test_where_a_file_is_taken_apart_to_be_read_changes_no_time_and_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line above, the time above and the beginning of the file may all lie in an earlier piece."""
    prompt = {"type": "user", "sessionId": "session-1", "isSidechain": False, "cwd": "/r/repo", "message": {}}
    lines = [
        {"type": "file-history-snapshot", "messageId": "x"},
        {"type": "queue-operation", "operation": "enqueue", "timestamp": iso(T0), "sessionId": "session-1"},
        assistant("msg_0", "req_0", T0 - 5, cwd="/r/repo"),
        assistant("msg_1", "req_1", T0 + 1, cwd="/r/repo"),
        prompt | {"timestamp": iso(T0 + 3), "cwd": "/r/wt"},
        assistant("msg_2", "req_2", T0 + 5, cwd="/r/other", command="cd /r/other"),
        prompt | {"sessionId": "session-2", "timestamp": iso(T0 + 6), "cwd": "/r/elsewhere"},
        assistant("msg_3", "req_3", T0 + 7, cwd="/r/third"),
        prompt | {"timestamp": iso(T0 + 20)},
        cost_state(claude_sonnet_4_5={"input": 50, "output": 600, "cache_read": 7, "write_5m": 8, "write_1h": 9}),
    ]
    path = write(tmp_path / "s.jsonl", *lines)
    whole = read(path)
    monkeypatch.setattr(new_lines, "CHUNK", 100)
    pieces = read(path)
    assert (pieces.usage, pieces.totals) == (whole.usage, whole.totals)
    assert [usage.copy_rank for usage in whole.usage] == [2, 0, 0, 0]
    assert [usage.cwd for usage in whole.usage] == ["/r/repo", "/r/repo", "/r/wt", "/r/third"]
    assert whole.totals[0].time_ms == T0 + 20


def test_a_response_that_is_older_than_its_own_file_is_a_copy_in_a_fork(tmp_path: Path) -> None:
    """Older versions do not mark copies; what the fork itself writes on top is younger than they are."""
    at = 1_790_000_000_000
    queued = {"type": "queue-operation", "operation": "enqueue", "timestamp": iso(at + 500), "sessionId": "fork"}
    lines = [
        queued,
        assistant("msg_1", "req_1", at, sessionId="fork", gitBranch="feat/b"),
        assistant("msg_2", "req_2", at + 900, sessionId="fork", gitBranch="feat/b"),
    ]
    path = write(tmp_path / "fork.jsonl")
    empty = read(path)
    append(path, *lines[:2])
    first = read(path, empty.cursor)
    append(path, lines[2])
    assert [usage.copy_rank for usage in (*first.usage, *read(path, first.cursor).usage)] == [2, 0]
    original = write(tmp_path / "original.jsonl", queued | {"timestamp": iso(at - 9)}, *lines[1:])
    assert [usage.copy_rank for usage in read(original).usage] == [0, 0]


def test_a_switch_in_copied_history_says_nothing_of_the_forks_own_branch_field(tmp_path: Path) -> None:
    at = 1_790_000_000_000
    lines = [
        {"type": "queue-operation", "timestamp": iso(at + 500), "sessionId": "fork"},
        assistant("msg_1", "req_1", at, command="git switch feat/a"),
        assistant("msg_2", "req_2", at + 900),
    ]
    assert [usage.branch_stale for usage in read(write(tmp_path / "s.jsonl", *lines)).usage] == [False, False]


def test_odd_spacing_between_keys_and_values_changes_nothing(tmp_path: Path) -> None:
    text = json.dumps(assistant(), separators=(" , ", " : "))
    assert only(read(write(tmp_path / "s.jsonl", text))).tokens.cache_read == 10_000


def test_crlf_line_ends_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b"".join(encode(assistant(f"msg_{n}")).replace(b"\n", b"\r\n") for n in range(3)))
    assert len(read(path).usage) == 3


def test_invalid_utf8_in_a_conversation_does_not_lose_its_usage(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(encode(assistant(text="caf")).replace(b"caf", b"caf\xe9\xff"))
    assert only(read(path)).tokens.output == 200


def test_a_damaged_usage_record_is_counted_and_the_next_one_is_read(tmp_path: Path) -> None:
    damaged = encode(assistant("msg_1")).decode().replace('"output_tokens":200', '"output_tokens":[')
    batch = read(write(tmp_path / "s.jsonl", damaged.rstrip("\n"), assistant("msg_2")))
    assert [u.key for u in batch.usage] == ["msg_2"]
    assert batch.skipped == {"damaged usage record": 1}


@pytest.mark.parametrize("count", [-1, 1_000_000_000, 10**30])
def test_impossible_counts_are_rejected_and_counted(tmp_path: Path, count: int) -> None:
    batch = read(write(tmp_path / "s.jsonl", assistant(usage=counts(output=count))))
    assert batch.usage == []
    assert sum(batch.skipped.values()) == 1


def test_a_line_still_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    whole = encode(assistant("msg_2"))
    path = write(tmp_path / "s.jsonl", assistant("msg_1"))
    with path.open("ab") as stream:
        stream.write(whole[:80])
    first = read(path)
    assert [u.key for u in first.usage] == ["msg_1"]
    assert first.skipped == {}
    with path.open("ab") as stream:
        stream.write(whole[80:])
    assert [u.key for u in read(path, first.cursor).usage] == ["msg_2"]


def test_a_whole_last_line_without_line_end_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(encode(assistant()).rstrip(b"\n"))
    batch = read(path)
    assert only(batch).key == "msg_1"
    assert batch.position == path.stat().st_size
    append(path, "", assistant("msg_2"))
    assert [usage.key for usage in read(path, batch.cursor).usage] == ["msg_2"]


def test_a_half_written_last_line_is_not_consumed(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(encode(assistant()).rstrip(b"}\n"))
    batch = read(path)
    assert (batch.usage, batch.skipped, batch.position) == ([], {}, 0)


def test_only_new_bytes_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", assistant("msg_1"))
    first = read(path)
    append(path, assistant("msg_2"))
    second = read(path, first.cursor)
    assert [u.key for u in second.usage] == ["msg_2"]
    assert read(path, second.cursor).usage == []


def test_a_truncated_file_is_read_again_from_its_beginning(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", assistant("msg_1"), assistant("msg_2"))
    first = read(path)
    write(path, assistant("msg_3"))
    batch = read(path, first.cursor)
    assert batch.restarted
    assert [u.key for u in batch.usage] == ["msg_3"]


def test_a_file_replaced_by_a_longer_one_is_read_again_from_its_beginning(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", assistant("msg_1"))
    first = read(path)
    write(path, assistant("msg_8", time_ms=T0 + 7), assistant("msg_9"))
    assert [u.key for u in read(path, first.cursor).usage] == ["msg_8", "msg_9"]


@pytest.mark.parametrize(("role", "skipped"), [("user", {}), ("assistant", {"line too long to read": 1})])
def test_an_enormous_line_is_passed_over_in_bounded_memory_and_counted_if_it_may_have_told_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str, skipped: dict[str, int]
) -> None:
    monkeypatch.setattr(new_lines, "MAX_LINE", 4 << 20)
    monkeypatch.setattr(new_lines, "CHUNK", 1 << 20)
    path = write(tmp_path / "s.jsonl", assistant("msg_1"))
    with path.open("ab") as stream:
        stream.write(b'{"type":"%b","message":{"role":"%b","content":"' % (role.encode(), role.encode()))
        for _ in range(20):
            stream.write(b"x" * (1 << 20))
        stream.write(b'"}}\n')
    append(path, assistant("msg_2"))
    batch = read(path)
    assert [u.key for u in batch.usage] == ["msg_1", "msg_2"]
    assert batch.skipped == skipped
    assert batch.position == path.stat().st_size
    append(path, assistant("msg_3"))
    assert [u.key for u in read(path, batch.cursor).usage] == ["msg_3"]


def test_a_running_total_is_read_with_the_time_and_place_of_the_line_before_it(tmp_path: Path) -> None:
    total = cost_state(claude_sonnet_4_5={"input": 5, "output": 6, "cache_read": 7, "write_5m": 8, "write_1h": 9})
    found = read(write(tmp_path / "s.jsonl", assistant(time_ms=T0 + 5), total)).totals
    assert [(t.session, t.model, t.time_ms, t.cwd, t.branch) for t in found] == [
        ("session-1", "claude-sonnet-4-5", T0 + 5, "/somewhere/repo", "feat/a")
    ]
    assert found[0].tokens == Tokens(5, 7, 8, 9, 6)


def test_a_managed_worktree_says_where_it_began(tmp_path: Path) -> None:
    state = {
        "type": "worktree-state",
        "worktreeSession": {
            "originalCwd": "/r",
            "originalBranch": "feat/a",
            "worktreePath": "/r/.claude/worktrees/x",
            "worktreeBranch": "worktree-x",
        },
    }
    (origin,) = read(write(tmp_path / "s.jsonl", state)).worktrees
    assert tuple(origin) == ("/r/.claude/worktrees/x", "worktree-x", "/r", "feat/a")


def test_its_folders_are_found_as_claude_code_finds_them(tmp_path: Path) -> None:
    reader = ClaudeCodeReader()
    home, config, moved = tmp_path, tmp_path / "xdg", tmp_path / "moved"

    def found(**environ: str) -> list[Path]:
        places = [Path(one.path) for one in reader.locations({"HOME": str(home), **environ})]
        return [place for place in places if place.name == "projects"]

    assert found() == [home / ".claude/projects", home / ".config/claude/projects"]
    assert found(XDG_CONFIG_HOME=str(config))[1] == config / "claude/projects"
    environ = {"CLAUDE_CONFIG_DIR": f"{moved}, {home / 'other/projects'}, ~/third"}
    assert found(**environ) == [moved / "projects", home / "other/projects", home / "third/projects"]


def test_subagent_and_workflow_files_are_found_at_any_depth(tmp_path: Path) -> None:
    for name in (
        "p/s.jsonl",
        "p/s/subagents/agent-1.jsonl",
        "p/s/subagents/workflows/w/agent-2.jsonl",
        "p/agent-3.jsonl",
    ):
        write(tmp_path / name, assistant())
    write(tmp_path / "p/s/subagents/agent-1.meta.json", "{}")
    found = {os.path.relpath(file.path, tmp_path) for file in ClaudeCodeReader().discover(Location(str(tmp_path)))}
    assert found == {
        "p/s.jsonl",
        "p/s/subagents/agent-1.jsonl",
        "p/s/subagents/workflows/w/agent-2.jsonl",
        "p/agent-3.jsonl",
    }


@given(cuts=st.lists(st.integers(0, 4000), max_size=6))
@settings(max_examples=60, deadline=None)
def test_reading_in_parts_finds_what_reading_at_once_finds(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    lines = [encode(assistant(f"msg_{n // 2}", time_ms=T0 + n)) for n in range(6)]
    lines.insert(3, encode(cost_state(claude_sonnet_4_5={"input": 50})))
    data = b"".join(lines)
    folder = tmp_path_factory.mktemp("parts")
    whole = folder / "whole.jsonl"
    whole.write_bytes(data)
    at_once = read(whole)
    path, cursor, found, totals = folder / "parts.jsonl", None, dict[str, Usage](), []
    for end in sorted({min(cut, len(data)) for cut in cuts} | {len(data)}):
        path.write_bytes(data[:end])
        batch = read(path, cursor)
        cursor = batch.cursor
        for usage in batch.usage:
            found.setdefault(usage.key, usage)
        totals.extend(batch.totals)
    assert list(found.values()) == at_once.usage
    assert set(totals) == set(at_once.totals)


LINES_OF_ONE_RESPONSE = st.fixed_dictionaries(
    {
        "message": st.sampled_from(["msg_1", "msg_2"]),
        "request": st.sampled_from(["req_1", "req_1", "req_2", None]),
        "stop_reason": st.sampled_from([None, None, None, "end_turn"]),
        "version": st.sampled_from(["2.1.330", "2.1.80", "2.1.80", "1.0.69"]),
        "isSidechain": st.sampled_from([False, False, True]),
        "usage": st.sampled_from([counts(output=2), counts(output=2), counts(output=900), counts(9, output=2)]),
        "text": st.sampled_from(["words", "git switch main"]),
    },
    optional={
        "requestSessionId": st.sampled_from(["session-1", "session-0"]),
        "sessionKind": st.just("bg"),
        "slug": st.sampled_from(["otter", "gliding-humming-otter"]),
    },
)


_UNFINISHED = {"message": "msg_2", "request": "req_1", "stop_reason": None, "version": "2.1.330", "text": "words"}
COPIED_SIDE_CHAIN = [
    _UNFINISHED | {"message": "msg_1", "isSidechain": False, "usage": counts(output=2)},
    _UNFINISHED | {"isSidechain": False, "usage": counts(output=2), "sessionKind": "bg"},
    _UNFINISHED | {"isSidechain": True, "usage": counts(output=900), "requestSessionId": "session-0"},
    _UNFINISHED | {"isSidechain": True, "usage": counts(output=900)},
]
"""The last line is no copy, and so tells more of the response than the one before it, which it repeats otherwise."""

BETWEEN = st.sampled_from([[{"type": "tool_result", "tool_use_id": "t", "content": "x"}], "go on", "go on"])


@given(
    lines=st.lists(LINES_OF_ONE_RESPONSE, max_size=12),
    between=st.dictionaries(st.integers(0, 11), BETWEEN, max_size=3),
    entrypoint=st.sampled_from(["cli", "sdk-cli"]),
    older_order=st.booleans(),
)
@example(lines=COPIED_SIDE_CHAIN, between={}, entrypoint="cli", older_order=False)
@settings(max_examples=300, deadline=None)
def test_lines_that_repeat_a_response_are_passed_over_only_when_they_tell_nothing_new(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[dict[str, Any]],
    between: dict[int, Any],
    entrypoint: str,
    older_order: bool,
) -> None:
    told = [assistant(time_ms=T0 + n, entrypoint=entrypoint, **line) for n, line in enumerate(lines)]
    if older_order:
        told = [line | {"message": line.pop("message"), "type": line.pop("type")} for line in told]
    for place, content in sorted(between.items(), reverse=True):
        told.insert(place, {"type": "user", "message": {"role": "user", "content": content}, "timestamp": iso(T0)})
    folder = tmp_path_factory.mktemp("repeated")
    # With other white space no line is the repetition of another one, so each is decoded.
    decoded = read(write(folder / "decoded.jsonl", *[json.dumps(line) for line in told])).usage
    assert read(write(folder / "s.jsonl", *told)).usage == decoded


@pytest.mark.parametrize("version", ["1.0.69", "2.1.80"])
def test_a_stop_reason_behind_lines_without_one_makes_the_same_counts_final(tmp_path: Path, version: str) -> None:
    line = assistant(version=version, stop_reason=None, usage=counts(output=2))
    last = assistant(version=version, usage=counts(output=2), text='{"stop_reason":null}')
    batch = read(write(tmp_path / "s.jsonl", line, line, line, last))
    assert (only(batch).kind, only(batch).lower_bound) == ("response", False)
    assert batch.duplicates == {"further line of the same response": 3}


def test_a_tool_called_with_a_null_stop_reason_is_not_taken_for_a_response_without_one(tmp_path: Path) -> None:
    line = assistant(stop_reason=None, usage=counts(output=2))
    last = assistant(stop_reason="tool_use", usage=counts(output=2))
    last["message"]["content"] = [{"type": "tool_use", "name": "mcp", "input": {"stop_reason": None}}]
    assert not only(read(write(tmp_path / "s.jsonl", line, line, last))).lower_bound
