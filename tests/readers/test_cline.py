"""Cline's sessions: each known trap, with its reasoning in the test's name."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tokcost.model.logs import Batch
from tokcost.model.usage import Tokens, Usage, merge
from tokcost.readers.cline_family.reader import ClineReader
from tokcost.readers.registry import readers
from tokcost.readers.sources.files import file_source

READER = ClineReader()
T0 = 1_790_000_000_000
SESSION = f"{T0}_j5e6a"
ONE = Tokens(input=3009, cache_read=9001, output=301)


def metrics(input: Any = 12010, output: Any = 301, read: Any = 9001, write: Any = 0, **more: Any) -> dict[str, Any]:
    said = {"inputTokens": input, "outputTokens": output, "cacheReadTokens": read, "cacheWriteTokens": write}
    return {**said, **more}


def reply(name: str = "msg_1", time_ms: int = T0 + 500, **more: Any) -> dict[str, Any]:
    model = {"id": "claude-sonnet-4-5", "provider": "anthropic"}
    said = {"id": name, "role": "assistant", "content": [{"type": "text", "text": "some words"}], "ts": time_ms}
    return {**said, "modelInfo": model, "metrics": metrics(), **more}


def asked(text: str = "some words", time_ms: int = T0 + 100) -> dict[str, Any]:
    return {"id": f"u{time_ms}", "role": "user", "content": [{"type": "text", "text": text}], "ts": time_ms}


def runs(*commands: Any, tool: str = "run_commands") -> list[dict[str, Any]]:
    return [{"type": "tool_use", "id": "call_1", "name": tool, "input": {"commands": list(commands)}}]


def result() -> dict[str, Any]:
    return {"id": "r", "role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1"}], "ts": T0}


def session(
    home: Path, *messages: Any, name: str = SESSION, file: str | None = None, manifest: dict[str, Any] | None = None
) -> Path:
    """A session's files; `file` is the name of a sub-agent's conversation in its folder."""
    folder = home / ".cline/data/sessions" / name
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"session_id": name, "cwd": "/home/dev/shop", "workspace_root": "/home/dev/shop", "metadata": {}}
    totals = {"usage": metrics(), "aggregateUsage": metrics(), "git": {"branch": "feat/a"}}
    facts["metadata"] = totals
    (folder / f"{name}.json").write_text(json.dumps({**facts, **(manifest or {})}, indent=2))
    path = folder / f"{file or name}.messages.json"
    said = {"version": 1, "sessionId": f"{name}__{file}" if file else name, "messages": list(messages)}
    path.write_text(json.dumps(said, indent=2))
    return path


def read(path: Path, cursor: bytes | None = None) -> Batch:
    (batch,) = READER.read(file_source(str(path), os.stat(path)), cursor)
    assert len({usage.key for usage in batch.usage}) == len(batch.usage)
    return batch


def everything(home: Path, **environ: str) -> dict[str, Usage]:
    """All usage below a home folder, as the ledger holds it."""
    found: dict[str, Usage] = {}
    for location in READER.locations({"HOME": str(home), **environ}):
        for source in READER.discover(location):
            for one in (usage for batch in READER.read(source, None) for usage in batch.usage):
                found[one.key] = merge(found[one.key], one) if one.key in found else one
    return found


# What a message means


def test_the_prompt_contains_what_was_read_from_the_cache_and_written_to_it(tmp_path: Path) -> None:
    (usage,) = read(session(tmp_path, asked(), reply(metrics=metrics(write=2000, cost=0.0125)))).usage
    assert usage.tokens == Tokens(input=1009, cache_read=9001, cache_write_5m=2000, output=301)
    assert (usage.assistant, usage.session, usage.key) == ("cline", SESSION, "cline:msg_1")
    assert (usage.model, usage.provider, usage.time_ms) == ("claude-sonnet-4-5", "anthropic", T0 + 500)
    assert (usage.cwd, usage.branch, usage.reported_cost) == ("/home/dev/shop", "feat/a", 12_500_000)


def test_a_prompt_that_is_smaller_than_its_cache_was_told_without_it(tmp_path: Path) -> None:
    (usage,) = read(session(tmp_path, reply(metrics=metrics(input=10, read=21_050, write=43_988)))).usage
    assert usage.tokens == Tokens(10, 21_050, 43_988, output=301)


def test_no_cost_is_reported_where_a_subscription_says_nothing(tmp_path: Path) -> None:
    assert read(session(tmp_path, reply(metrics=metrics(cost=0)))).usage[0].reported_cost is None


def test_counts_written_as_fractions_count_and_missing_ones_are_none(tmp_path: Path) -> None:
    (usage,) = read(session(tmp_path, reply(metrics={"inputTokens": 100.0, "outputTokens": 30}))).usage
    assert usage.tokens == Tokens(100, output=30)


def test_the_manifest_names_the_model_where_a_message_does_not(tmp_path: Path) -> None:
    path = session(tmp_path, reply(modelInfo=None), manifest={"model": "gpt-5", "provider": "openai"})
    assert (read(path).usage[0].model, read(path).usage[0].provider) == ("gpt-5", "openai")


@pytest.mark.parametrize("said", [None, {}, metrics(0, 0, 0), {"tokens": {"prompt": 5000, "completion": 20}}])
def test_a_reply_without_counts_is_none(said: Any, tmp_path: Path) -> None:
    """One that was broken off, one still being written, and one taken over from a task of the older extension, whose
    task has its counts."""
    batch = read(session(tmp_path, reply(metrics=said)))
    assert (batch.usage, batch.skipped) == ([], {})


@pytest.mark.parametrize("wrong", [{"metrics": metrics(output=-1)}, {"metrics": metrics(10**9)}, {"ts": None}])
def test_impossible_values_reject_one_message_and_count_it(wrong: dict[str, Any], tmp_path: Path) -> None:
    batch = read(session(tmp_path, reply(**wrong), reply("msg_2")))
    assert [usage.tokens for usage in batch.usage] == [ONE]
    assert batch.skipped == {"usage record with impossible or missing values": 1}


def test_one_damaged_message_loses_no_other(tmp_path: Path) -> None:
    batch = read(session(tmp_path, reply(metrics={"inputTokens": "many"}), reply("msg_2")))
    assert [usage.key for usage in batch.usage] == ["cline:msg_2"]
    assert batch.skipped == {"damaged record": 1}


def test_a_document_that_is_cut_off_is_counted_as_damaged(tmp_path: Path) -> None:
    path = session(tmp_path, reply())
    path.write_bytes(path.read_bytes()[:-40])
    assert (list(read(path).usage), read(path).skipped) == ([], {"damaged document": 1})


def test_a_text_cut_off_in_the_middle_of_a_character_costs_no_reply(tmp_path: Path) -> None:
    cut = [{"type": "text", "text": "some words \ud83d"}]
    batch = read(session(tmp_path, {**asked(), "content": cut}, reply(content=cut), reply("msg_2")))
    assert ([usage.tokens for usage in batch.usage], batch.skipped) == ([ONE, ONE], {})


# What counts once


def test_totals_of_a_session_are_not_added_to_its_messages(tmp_path: Path) -> None:
    session(tmp_path, reply())
    assert [usage.tokens for usage in everything(tmp_path).values()] == [ONE]


def test_the_file_of_a_sub_agent_counts_besides(tmp_path: Path) -> None:
    session(tmp_path, reply())
    session(tmp_path, reply("msg_2"), file="agent_x1")
    found = everything(tmp_path)
    assert {key: one.session for key, one in found.items()} == {
        "cline:msg_1": SESSION,
        "cline:msg_2": f"{SESSION}__agent_x1",
    }
    assert {one.cwd for one in found.values()} == {"/home/dev/shop"}


@pytest.mark.parametrize("names", [(SESSION, f"{T0 + 9000}_forks"), (f"{T0 - 9000}_began", SESSION)])
def test_a_fork_copies_messages_with_their_ids_and_the_first_session_keeps_them(
    names: tuple[str, str], tmp_path: Path
) -> None:
    first, fork = names
    session(tmp_path, reply(), name=first)
    began = int(fork.partition("_")[0])
    path = session(tmp_path, reply(time_ms=began - 1), reply("msg_2", began + 500), name=fork)
    found = everything(tmp_path)
    assert sum(one.tokens.total for one in found.values()) == 2 * ONE.total
    assert [one.copy_rank for one in read(path).usage] == [2, 0]
    assert found["cline:msg_1"].session == first


def test_the_parts_of_a_message_that_was_divided_have_its_counts_once(tmp_path: Path) -> None:
    assert len(read(session(tmp_path, reply(), reply("msg_1_part_1"))).usage) == 1


def test_messages_without_ids_are_told_apart_by_session_and_time(tmp_path: Path) -> None:
    batch = read(session(tmp_path, reply(""), reply("", T0 + 900)))
    assert [one.key for one in batch.usage] == [f"cline:{SESSION}:{T0 + 500}", f"cline:{SESSION}:{T0 + 900}"]


def test_a_compaction_that_takes_counts_away_takes_back_nothing(tmp_path: Path) -> None:
    path = session(tmp_path, reply())
    assert len(read(path).usage) == 1
    kept = {"kind": "compaction", "usageBefore": metrics()}
    after = read(session(tmp_path, {**asked(), "metadata": kept}, reply("msg_9", T0 + 99_000)))
    assert ([one.key for one in after.usage], list(after.retracted)) == (["cline:msg_9"], [])


def test_the_context_that_a_compaction_keeps_in_a_file_of_its_own_is_not_read(tmp_path: Path) -> None:
    path = session(tmp_path, reply())
    (path.parent / f"{SESSION}.compaction.json").write_text(json.dumps({"messages": [reply("msg_1"), reply("msg_7")]}))
    assert list(everything(tmp_path)) == ["cline:msg_1"]


# The branch


def test_the_branch_is_that_of_the_first_prompt_and_said_to_be_old_after_it(tmp_path: Path) -> None:
    path = session(tmp_path, asked(), reply(), result(), reply("msg_2"), asked(time_ms=T0 + 900), reply("msg_3"))
    assert [one.branch_stale for one in read(path).usage] == [False, False, True]


def test_the_branch_in_a_fork_may_be_that_of_its_origin(tmp_path: Path) -> None:
    facts = {"metadata": {"git": {"branch": "feat/a"}, "fork": {"forkedFromSessionId": "x"}}}
    assert read(session(tmp_path, reply(), manifest=facts)).usage[0].branch_stale


@pytest.mark.parametrize(
    "command",
    [
        "git switch -q main",
        "cd src && git checkout main",
        {"command": "git", "args": ["switch", "main"]},
        {"command": "gh pr checkout 12"},
    ],
)
def test_a_response_whose_tool_moves_head_comes_before_the_move_and_the_next_one_after_it(
    command: Any, tmp_path: Path
) -> None:
    path = session(tmp_path, reply(content=runs(command)), result(), reply("msg_2", T0 + 600))
    first, second = read(path).usage
    assert (first.moves_head, first.branch_stale) == (True, False)
    assert (second.moves_head, second.branch_stale) == (False, True)


@pytest.mark.parametrize("tool", ["editor", "read_files"])
def test_a_command_in_the_text_of_another_tool_moves_nothing(tool: str, tmp_path: Path) -> None:
    path = session(tmp_path, reply(content=runs("git switch main", tool=tool)), result(), reply("msg_2", T0 + 600))
    assert not any(one.branch_stale for one in read(path).usage)


def test_a_command_that_the_provider_runs_on_a_machine_of_its_own_moves_nothing(tmp_path: Path) -> None:
    content = [{**runs("git switch main", tool="bash")[0], "type": "server_tool_use"}]
    path = session(tmp_path, reply(content=content), result(), reply("msg_2", T0 + 600))
    assert not any(one.branch_stale for one in read(path).usage)


# Where they are


def test_cline_looks_where_its_variables_say(tmp_path: Path) -> None:
    def first(**environ: str) -> list[str]:
        return [one.path for one in READER.locations({"HOME": "/h", **environ})[:2]]

    assert first() == ["/h/.cline/data/sessions", "/h/.cline/data/tasks"]
    assert first(CLINE_DIR="/c") == ["/c/data/sessions", "/c/data/tasks"]
    assert first(CLINE_DIR="/c", CLINE_DATA_DIR="/d") == ["/d/sessions", "/d/tasks"]
    assert first(CLINE_SESSION_DATA_DIR="/s") == ["/s", "/h/.cline/data/tasks"]


def test_settings_with_keys_are_no_source(tmp_path: Path) -> None:
    session(tmp_path, reply())
    for name in ("settings/providers.json", "secrets.json", "state/taskHistory.json"):
        path = tmp_path / ".cline/data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text('{"apiKey": "sk-not-to-be-read", "metrics": {}}')
    home = {"HOME": str(tmp_path)}
    found = [source.path for reader in readers() for one in reader.locations(home) for source in reader.discover(one)]
    assert [os.path.basename(path) for path in found] == [f"{SESSION}.messages.json"]
