"""Mux's chats: each known trap, with its reasoning in the test's name."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import write
from tokcost.model.bounds import within_bounds
from tokcost.model.logs import Batch, Location
from tokcost.model.usage import Tokens, merge
from tokcost.readers.mux.reader import MuxReader
from tokcost.readers.sources.files import file_source

READER = MuxReader()
T0 = 1_790_000_000_000
TREE = "/home/dev/.mux/src/shop/feat-a"
USAGE = {"inputTokens": 1000, "outputTokens": 90, "totalTokens": 1090, "cachedInputTokens": 800, "reasoningTokens": 40}
ANTHROPIC = {"anthropic": {"cacheCreationInputTokens": 150}}
ONE = Tokens(50, 800, 150, 0, 90, 40)


def message(name: str = "assistant-1-a", said: Any = USAGE, **more: Any) -> dict[str, Any]:
    told = {"timestamp": T0 + 500, "model": "anthropic:claude-opus-4-8", "usage": said, "contextUsage": USAGE}
    told |= {"providerMetadata": ANTHROPIC, **more}
    return {"id": name, "role": "assistant", "parts": [{"type": "text", "text": "w"}], "metadata": told}


def chat(home: Path, *lines: Any, below: str = "ws1", file: str = "chat.jsonl", workspaces: Any = None) -> Path:
    known = [{"id": "ws1", "path": TREE, "name": "feat-a"}] if workspaces is None else workspaces
    path = write(home / f".mux/sessions/{below}/{file}", *lines)
    config = {"apiKey": "secret", "projects": [["/home/dev/shop", {"workspaces": known, "secrets": []}]]}
    (home / ".mux/config.json").write_text(json.dumps(config))
    return path


def read(path: Path) -> Batch:
    (batch,) = READER.read(file_source(str(path), os.stat(path)), None)
    return within_bounds(batch, "mux")


def test_the_input_of_a_turn_contains_the_cache_and_its_output_reasoning(tmp_path: Path) -> None:
    (one,) = read(chat(tmp_path, message())).usage
    assert (one.tokens, one.model, one.provider) == (ONE, "claude-opus-4-8", "anthropic")
    assert (one.key, one.time_ms, one.session, one.cwd) == ("mux:assistant-1-a", T0 + 500, "ws1", TREE)


def test_counts_stand_in_details_where_they_were_not_flattened(tmp_path: Path) -> None:
    nested = {"inputTokens": 1000, "outputTokens": 90, "outputTokenDetails": {"reasoningTokens": 40}}
    nested["inputTokenDetails"] = {"cacheReadTokens": 800, "cacheWriteTokens": 150}
    assert read(chat(tmp_path, message(said=nested, providerMetadata=None))).usage[0].tokens == ONE


def test_older_rows_whose_numbers_do_not_fit_are_without_the_cache_and_without_reasoning(tmp_path: Path) -> None:
    said = {"inputTokens": 5, "outputTokens": 30, "cachedInputTokens": 800, "reasoningTokens": 40}
    assert read(chat(tmp_path, message(said=said))).usage[0].tokens == Tokens(5, 800, 150, 0, 70, 40)


@pytest.mark.parametrize(
    ("named", "model", "provider"),
    [
        ("openrouter:meta/llama:free", "meta/llama:free", "openrouter"),
        ("mux-gateway:anthropic/claude-opus-4-8", "anthropic/claude-opus-4-8", ""),
        ("claude-opus-4-8", "claude-opus-4-8", ""),
        (None, "", ""),
    ],
)
def test_a_model_is_named_after_its_provider(named: Any, model: str, provider: str, tmp_path: Path) -> None:
    (one,) = read(chat(tmp_path, message(model=named))).usage
    assert (one.model, one.provider) == (model, provider)


def test_what_tools_asked_of_models_is_paid_beside_the_turn(tmp_path: Path) -> None:
    asked = {
        "toolName": "advisor",
        "toolCallId": "c1",
        "timestamp": T0 + 400,
        "model": "openai:gpt-5.6",
        "usage": USAGE,
    }
    found = read(chat(tmp_path, message(toolModelUsages=[asked, {**asked, "model": "x:m"}]))).usage
    assert [one.model for one in found] == ["claude-opus-4-8", "gpt-5.6", "m"]
    assert [one.tokens.total for one in found] == [1090, 1090, 1090]
    assert len({one.key for one in found}) == 3


def test_an_attempt_that_was_declined_is_paid_where_the_turn_has_no_counts(tmp_path: Path) -> None:
    asked = {"toolName": "model_fallback_refusal", "model": "anthropic:claude-fable-5", "usage": USAGE}
    (one,) = read(chat(tmp_path, message(said=None, toolModelUsages=[asked]))).usage
    assert (one.model, one.time_ms) == ("claude-fable-5", T0 + 500)


@pytest.mark.parametrize("none", [None, ""])
def test_messages_without_an_id_count_each_and_once(none: Any, tmp_path: Path) -> None:
    lines = [message(none, timestamp=T0 + at) for at in (1, 2)]
    found, again = (read(chat(tmp_path, *lines)).usage for _ in range(2))
    assert [one.tokens for one in found] == [ONE, ONE]
    assert [one.key for one in again] == [one.key for one in found]
    assert len({one.key for one in found}) == 2


@pytest.mark.parametrize("ticks", [10**30, -5, True, "5"])
def test_a_cost_that_is_none_costs_no_message(ticks: Any, tmp_path: Path) -> None:
    told = {**ANTHROPIC, "xai": {"costInUsdTicks": ticks}}
    (one,) = read(chat(tmp_path, message(providerMetadata=told))).usage
    assert (one.tokens, one.reported_cost) == (ONE, None)


def test_the_summary_of_a_compaction_does_not_add_what_the_streamed_message_told_apart(tmp_path: Path) -> None:
    streamed = read(chat(tmp_path, message("summary-1"))).usage[0]
    alone = message("summary-1", compacted="user", compactionBoundary=True, providerMetadata=None)
    summary = read(chat(tmp_path, alone)).usage[0]
    assert (summary.tokens, summary.lower_bound) == (Tokens(200, 800, output=90, reasoning=40), True)
    assert merge(streamed, summary).tokens == merge(summary, streamed).tokens == ONE


def test_a_chat_counts_once_wherever_it_is_archived_forked_or_moved_to(tmp_path: Path) -> None:
    places = [("ws1", "chat.jsonl"), ("ws1", "chat-archive.jsonl"), ("ws2", "chat.jsonl")]
    places.append(("ws1/subagent-transcripts/ws3", "chat.jsonl"))
    paths = [chat(tmp_path, message(), below=below, file=name) for below, name in places]
    write(tmp_path / ".mux/sessions/ws1/session-usage.jsonl", message("other"))
    found = {one.path for one in READER.discover(Location(str(tmp_path / ".mux/sessions")))}
    assert found == {str(path) for path in paths}
    assert {one.key for path in paths for one in read(path).usage} == {"mux:assistant-1-a"}


def test_a_subagent_has_its_own_folder_while_mux_knows_it_and_else_that_of_its_parent(tmp_path: Path) -> None:
    parent = {"id": "ws1", "path": TREE}
    path = chat(tmp_path, message(), below="ws1/subagent-transcripts/ws3", workspaces=[parent])
    assert [(one.session, one.cwd) for one in read(path).usage] == [("ws3", TREE)]
    own = {"id": "ws3", "path": "/home/dev/.mux/src/shop/task"}
    path = chat(tmp_path, message(), below="ws1/subagent-transcripts/ws3", workspaces=[parent, own])
    assert read(path).usage[0].cwd == "/home/dev/.mux/src/shop/task"


@pytest.mark.parametrize(
    ("kind", "cwd"), [("ssh", ""), ("docker", ""), ("worktree", TREE), ("local", TREE), ("devcontainer", TREE)]
)
def test_a_workspace_on_another_machine_has_no_folder_here(kind: str, cwd: str, tmp_path: Path) -> None:
    known = [{"path": "/legacy"}, {"id": "ws1", "path": TREE, "runtimeConfig": {"type": kind, "host": "h"}}]
    assert read(chat(tmp_path, message(), workspaces=known)).usage[0].cwd == cwd


def test_a_workspace_that_mux_forgot_or_settings_that_are_damaged_leave_usage_without_a_folder(tmp_path: Path) -> None:
    path = chat(tmp_path, message(), workspaces=[])
    assert read(path).usage[0].cwd == ""
    (tmp_path / ".mux/config.json").write_text('{"projects": [[1')
    assert read(path).usage[0].cwd == ""


def test_the_cost_that_a_provider_told_is_kept_beside(tmp_path: Path) -> None:
    (one,) = read(chat(tmp_path, message(providerMetadata={"xai": {"costInUsdTicks": 2_842_748_000}}))).usage
    assert one.reported_cost == 284_274_800


def test_other_messages_tell_nothing(tmp_path: Path) -> None:
    asked = {**message("user-1"), "role": "user"}
    batch = read(chat(tmp_path, asked, message(said=None), message(said={})))
    assert (batch.usage, batch.skipped) == ([], {})


@pytest.mark.parametrize("wrong", [{"inputTokens": -1}, {"outputTokens": 10**9}, {"cachedInputTokens": "x"}])
def test_impossible_counts_reject_one_message_and_count_it(wrong: dict[str, Any], tmp_path: Path) -> None:
    batch = read(chat(tmp_path, message(said={**USAGE, **wrong}), message("b")))
    assert ([one.key for one in batch.usage], batch.skipped) == (["mux:b"], {"damaged record": 1})


def test_mux_is_found_by_its_old_and_its_new_name() -> None:
    assert [one.path for one in READER.locations({"HOME": "/h"})] == ["/h/.xum/sessions", "/h/.mux/sessions"]
    assert [one.path for one in READER.locations({"HOME": "/h", "MUX_ROOT": "~/m"})] == ["/h/m/sessions"]
    both = {"HOME": "/h", "MUX_ROOT": "/m", "XUM_ROOT": "/x"}
    assert [one.path for one in READER.locations(both)] == ["/x/sessions"]


@pytest.mark.parametrize("odd", [7, {"id": "anthropic:claude-opus-4-8"}, ["x"]])
def test_a_turn_with_an_odd_model_counts_as_one_of_an_unknown_model(odd: Any, tmp_path: Path) -> None:
    batch = read(chat(tmp_path, message(model=odd)))
    assert ([(one.tokens, one.model) for one in batch.usage], batch.skipped) == ([(ONE, "")], {})
