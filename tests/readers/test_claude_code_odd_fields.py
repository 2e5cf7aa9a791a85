"""A field of another type than usual in a transcript of Claude Code: what does not depend on it counts all the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import assistant, cost_state, counts, iso, write
from tokcost.model.logs import Batch
from tokcost.model.usage import Tokens
from tokcost.readers.claude_code.reader import ClaudeCodeReader
from tokcost.readers.sources import files

T0 = 1_790_000_000_000
TOKENS = Tokens(4, 10_000, 500, 700, 200)
ODD: list[Any] = [None, 7, 2.5, True, "text", [], ["text"], {}, {"a": 1}]


def read(path: Path, *lines: Any) -> Batch:
    source = write(path / "s.jsonl", *lines)
    (batch,) = ClaudeCodeReader().read(files.file_source(str(source), source.stat()), None)
    return batch


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize(
    "field",
    [
        *("uuid", "parentUuid", "requestId", "requestSessionId", "sessionId", "sessionKind", "cwd", "gitBranch"),
        *("version", "entrypoint", "isSidechain", "requestedModel", "advisorModel", "effort", "apiBlockIndex"),
    ],
)
def test_of_a_line(tmp_path: Path, field: str, value: Any) -> None:
    batch = read(tmp_path, assistant(**{field: value}), assistant("msg_2", "req_2"))
    assert [one.tokens for one in batch.usage] == [TOKENS, TOKENS]
    assert batch.skipped == {}


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize(
    "field", ["id", "model", "stop_reason", "stop_sequence", "content", "container", "diagnostics", "stop_details"]
)
def test_of_a_message(tmp_path: Path, field: str, value: Any) -> None:
    line = assistant()
    line["message"][field] = value
    batch = read(tmp_path, line, assistant("msg_2", "req_2"))
    assert [one.tokens for one in batch.usage] == [TOKENS, TOKENS]
    assert batch.skipped == {}


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize(
    "field",
    [
        *("service_tier", "speed", "inference_geo", "iterations", "server_tool_use", "output_tokens_details"),
        *("fallback_credit", "server_tool_use.web_search_requests", "output_tokens_details.thinking_tokens"),
    ],
)
def test_of_a_usage(tmp_path: Path, field: str, value: Any) -> None:
    outer, _, inner = field.partition(".")
    usage = counts() | {outer: {inner: value} if inner else value}
    batch = read(tmp_path, assistant(usage=usage))
    assert [one.tokens[:5] for one in batch.usage] == [TOKENS[:5]]
    assert batch.skipped == {}


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_of_the_split_of_cache_writes_which_are_five_minute_ones_then(tmp_path: Path, value: Any) -> None:
    batch = read(tmp_path, assistant(usage=counts(cache_creation=value)))
    assert [one.tokens for one in batch.usage] == [Tokens(4, 10_000, 1_200, 0, 200)]


def test_of_one_half_of_that_split(tmp_path: Path) -> None:
    split = {"ephemeral_5m_input_tokens": [], "ephemeral_1h_input_tokens": 700.0}
    assert [one.tokens for one in read(tmp_path, assistant(usage=counts(cache_creation=split))).usage] == [TOKENS]


def test_the_split_alone_tells_the_cache_writes(tmp_path: Path) -> None:
    usage = counts()
    del usage["cache_creation_input_tokens"]
    assert [one.tokens for one in read(tmp_path, assistant(usage=usage)).usage] == [TOKENS]


@pytest.mark.parametrize("write_as", [float, str], ids=["floats", "texts"])
def test_whole_counts_may_be_written_as(tmp_path: Path, write_as: type[float] | type[str]) -> None:
    split = {name: write_as(value) for name, value in counts()["cache_creation"].items()}
    usage = {name: write_as(value) if type(value) is int else value for name, value in counts().items()}
    usage["cache_creation"] = split
    assert [one.tokens for one in read(tmp_path, assistant(usage=usage)).usage] == [TOKENS]


@pytest.mark.parametrize("value", [value for value in ODD if value not in (None, 7)], ids=repr)
@pytest.mark.parametrize(
    "field", ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]
)
def test_a_count_that_cannot_be_read_is_a_damaged_record_and_told(tmp_path: Path, field: str, value: Any) -> None:
    batch = read(tmp_path, assistant(usage=counts(**{field: value})), assistant("msg_2", "req_2"))
    assert [one.key for one in batch.usage] == ["msg_2"]
    assert batch.skipped == {"damaged usage record": 1}


@pytest.mark.parametrize("id", [7, "msg_1"])
def test_lines_of_one_response_are_one_whatever_their_odd_fields(tmp_path: Path, id: Any) -> None:
    lines = [assistant(id, "req_1", T0 + n, version=2, text=str(n)) for n in range(3)]
    batch = read(tmp_path, *lines, assistant(id, "req_2", T0 + 9, version={}))
    assert [one.tokens for one in batch.usage] == [TOKENS, TOKENS]


@pytest.mark.parametrize("time", [T0 + 5_000, (T0 + 5_000) / 1000, (T0 + 5_000) // 1000])
def test_a_time_may_be_a_number(tmp_path: Path, time: float) -> None:
    assert [one.time_ms for one in read(tmp_path, assistant(timestamp=time)).usage] == [T0 + 5_000]


@pytest.mark.parametrize("time", [None, [], {}, True])
def test_a_line_without_a_time_was_written_after_the_line_above_it(tmp_path: Path, time: Any) -> None:
    above = {"type": "user", "message": {"role": "user", "content": "do it"}, "timestamp": iso(T0 + 77)}
    assert [one.time_ms for one in read(tmp_path, above, assistant(timestamp=time)).usage] == [T0 + 77]


def test_bytes_that_are_no_utf8_beside_an_odd_field(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", assistant(version=2, cwd="/caf"))
    path.write_bytes(path.read_bytes().replace(b"/caf", b"/caf\xe9"))
    (batch,) = ClaudeCodeReader().read(files.file_source(str(path), path.stat()), None)
    assert [one.tokens for one in batch.usage] == [TOKENS]


@pytest.mark.parametrize("value", [value for value in ODD if value is not None and value != 7], ids=repr)
@pytest.mark.parametrize("field", ["thinkingTokens", "webSearchRequests", "cacheCreationEphemeral1hInputTokens"])
def test_of_a_session_total(tmp_path: Path, field: str, value: Any) -> None:
    total = cost_state(claude_sonnet_4_5={"input": 5, "output": 6, "cache_read": 7, "write_5m": 8})
    total["modelUsage"]["claude-sonnet-4-5"][field] = value
    batch = read(tmp_path, assistant(), total)
    assert [one.tokens for one in batch.totals] == [Tokens(5, 7, 8, 0, 6)]
    assert batch.skipped == {}


def test_of_one_model_of_a_session_total(tmp_path: Path) -> None:
    total = cost_state(claude_sonnet_4_5={"input": 5}, claude_haiku_4_5={"input": 6})
    total["modelUsage"]["claude-haiku-4-5"]["inputTokens"] = []
    batch = read(tmp_path, assistant(), total)
    assert [(one.model, one.tokens.input) for one in batch.totals] == [("claude-sonnet-4-5", 5)]
    assert batch.skipped == {"damaged session total": 1}


@pytest.mark.parametrize("field", ["worktreeBranch", "originalCwd", "originalBranch"])
def test_of_a_worktree(tmp_path: Path, field: str) -> None:
    fields = {"worktreePath": "/r/w", "worktreeBranch": "w", "originalCwd": "/r", "originalBranch": "main", field: 5}
    batch = read(tmp_path, {"type": "worktree-state", "worktreeSession": fields})
    assert [one.path for one in batch.worktrees] == ["/r/w"]


def test_odd_fields_of_many_lines_are_read_in_linear_time(tmp_path: Path) -> None:
    line = json.dumps(assistant(version=2, text="x" * 2_000))
    lines = [line.replace("msg_1", f"msg_{n}") for n in range(2_000)]
    assert len(read(tmp_path, *lines).usage) == 2_000
