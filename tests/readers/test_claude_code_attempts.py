"""Calls inside one response of Claude Code (`usage.iterations`): what is billed is their sum, each at its own model."""

from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import assistant, counts, write
from tokcost.model.logs import Batch
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.claude_code.reader import ClaudeCodeReader
from tokcost.readers.sources import files

FABLE, OPUS, SONNET = "claude-fable-5", "claude-opus-4-8", "claude-sonnet-4-5"


def attempt(kind: str | None, input: int, output: int, model: str | None = None, **more: Any) -> dict[str, Any]:
    named = {name: value for name, value in (("type", kind), ("model", model)) if value is not None}
    return {**named, **counts(input, 0, more.pop("write_5m", 0), more.pop("write_1h", 0), output, **more)}


def read(path: Path, *lines: dict[str, Any]) -> Batch:
    source = write(path / "s.jsonl", *lines)
    (batch,) = ClaudeCodeReader().read(files.file_source(str(source), source.stat()), None)
    return batch


def line(top: dict[str, Any], *attempts: Any, model: str = OPUS, **more: Any) -> dict[str, Any]:
    return assistant(usage={**top, "iterations": list(attempts)}, model=model, **more)


def billed(usage: object) -> list[tuple[str, int, int]]:
    assert isinstance(usage, list)
    found: list[Usage] = usage  # pyright: ignore[reportUnknownVariableType]
    return sorted((one.model, one.tokens.input, one.tokens.output) for one in found)


TOP = attempt(None, 700, 264)


def test_a_compaction_is_billed_besides_the_reply_at_the_same_model(tmp_path: Path) -> None:
    batch = read(tmp_path, line(TOP, attempt("compaction", 180_000, 3_500), attempt("message", 700, 264)))
    assert billed(batch.usage) == [(OPUS, 700, 264), (OPUS, 180_000, 3_500)]
    assert [one.key for one in batch.usage] == ["msg_1", "msg_1#compaction0"]


def test_a_compaction_after_which_the_model_paused_is_billed_alone(tmp_path: Path) -> None:
    batch = read(tmp_path, line(attempt(None, 0, 0), attempt("compaction", 180_000, 3_500), stop_reason="compaction"))
    assert billed(batch.usage) == [(OPUS, 0, 0), (OPUS, 180_000, 3_500)]


def test_rounds_of_a_server_tool_are_all_in_the_counts_of_the_response(tmp_path: Path) -> None:
    rounds = [attempt("message", 300, 100), attempt("message", 400, 164)]
    assert billed(read(tmp_path, line(TOP, *rounds)).usage) == [(OPUS, 700, 264)]
    compaction = attempt("compaction", 9_000, 50)
    assert billed(read(tmp_path, line(TOP, rounds[0], compaction, rounds[1])).usage) == [
        (OPUS, 700, 264),
        (OPUS, 9_000, 50),
    ]


def test_an_attempt_declined_after_some_output_is_billed_at_the_rates_of_the_model_that_declined(
    tmp_path: Path,
) -> None:
    declined = attempt("message", 535, 120, FABLE, write_1h=900)
    batch = read(tmp_path, line(TOP, declined, attempt("fallback_message", 700, 264, OPUS)))
    assert billed(batch.usage) == [(FABLE, 535, 120), (OPUS, 700, 264)]
    (part,) = [one for one in batch.usage if one.kind == "fallback"]
    assert part.tokens == Tokens(535, 0, 0, 900, 120)


def test_one_declined_before_any_output_costs_nothing_and_is_told(tmp_path: Path) -> None:
    batch = read(tmp_path, line(TOP, attempt("message", 535, 0, FABLE), attempt("fallback_message", 700, 264, OPUS)))
    assert billed(batch.usage) == [(OPUS, 700, 264)]
    assert batch.duplicates == {"attempt that a model declined before any output, not billed": 1}
    assert batch.skipped == {}


def test_of_several_fallbacks_the_one_that_the_response_describes_served_it(tmp_path: Path) -> None:
    first, second = attempt("message", 500, 20, FABLE), attempt("fallback_message", 600, 30, SONNET)
    serving = attempt("fallback_message", 700, 264, OPUS)
    right = [(FABLE, 500, 20), (OPUS, 700, 264), (SONNET, 600, 30)]
    assert billed(read(tmp_path, line(TOP, first, second, serving)).usage) == right
    assert billed(read(tmp_path, line(TOP, serving, first, second)).usage) == right


def test_a_fallback_that_serves_alone_is_the_response(tmp_path: Path) -> None:
    assert billed(read(tmp_path, line(TOP, attempt("fallback_message", 700, 264, OPUS))).usage) == [(OPUS, 700, 264)]


def test_a_response_whose_own_counts_are_the_sum_of_all_is_not_added_to(tmp_path: Path) -> None:
    parts = [attempt("compaction", 600, 200), attempt("message", 100, 64)]
    assert billed(read(tmp_path, line(TOP, *parts)).usage) == [(OPUS, 700, 264)]


def test_who_declined_without_a_name_is_the_model_that_was_asked_for_or_unknown(tmp_path: Path) -> None:
    parts = attempt("message", 535, 120), attempt("fallback_message", 700, 264)
    known = read(tmp_path, line(TOP, *parts, requestedModel=FABLE)).usage
    assert billed(known) == [(FABLE, 535, 120), (OPUS, 700, 264)]
    assert billed(read(tmp_path, line(TOP, *parts)).usage) == [("", 535, 120), (OPUS, 700, 264)]


def test_everything_at_once_is_billed_each_at_its_own_model(tmp_path: Path) -> None:
    parts = [
        attempt("compaction", 9_000, 50),
        attempt("message", 535, 120, FABLE),
        attempt("advisor_message", 80, 8, SONNET),
        attempt("fallback_message", 700, 264, OPUS),
    ]
    assert billed(read(tmp_path, line(TOP, *parts)).usage) == [
        (FABLE, 535, 120),
        (OPUS, 700, 264),
        (OPUS, 9_000, 50),
        (SONNET, 80, 8),
    ]


def test_a_call_of_a_kind_not_known_yet_is_billed_where_the_response_leaves_it_out(tmp_path: Path) -> None:
    new = attempt("critique_message", 90, 9, SONNET)
    batch = read(tmp_path, line(TOP, new, attempt("message", 700, 264)))
    assert billed(batch.usage) == [(OPUS, 700, 264), (SONNET, 90, 9)]
    unclear = read(tmp_path, line(TOP, new, attempt("message", 650, 200)))
    assert billed(unclear.usage) == [(OPUS, 700, 264)]
    assert unclear.skipped == {"attempt within a response whose counts cannot be read": 1}


def test_lines_that_repeat_a_response_repeat_its_calls_and_add_nothing(tmp_path: Path) -> None:
    parts = attempt("compaction", 9_000, 50), attempt("message", 700, 264)
    again = [line(TOP, *parts, text=text) for text in ("one", "two", "three")]
    assert billed(read(tmp_path, *again).usage) == [(OPUS, 700, 264), (OPUS, 9_000, 50)]
    weak = [line(TOP, *parts, request=None, text=text) for text in ("one", "two")]
    assert billed(read(tmp_path, *weak).usage) == [(OPUS, 700, 264), (OPUS, 9_000, 50)]


def test_calls_inside_responses_with_one_message_id_are_as_different_as_these(tmp_path: Path) -> None:
    parts = attempt("compaction", 9_000, 50), attempt("message", 700, 264)
    batch = read(tmp_path, line(TOP, *parts, request="req_1"), line(TOP, *parts, request="req_2"))
    assert billed(batch.usage) == [(OPUS, 700, 264)] * 2 + [(OPUS, 9_000, 50)] * 2


def test_lifetimes_of_cache_writes_may_stand_in_the_attempt_alone(tmp_path: Path) -> None:
    top = counts(700, 0, 100, 900, 264)
    del top["cache_creation"]
    batch = read(tmp_path, line(top, attempt("message", 700, 264, write_5m=100, write_1h=900)))
    assert [one.tokens for one in batch.usage] == [Tokens(700, 0, 100, 900, 264)]


def test_a_refusal_before_any_output_is_not_billed_and_told(tmp_path: Path) -> None:
    batch = read(tmp_path, assistant(usage=counts(106, 0, 0, 0, 0), stop_reason="refusal"))
    assert (batch.usage, batch.skipped) == ([], {})
    assert batch.duplicates == {"refusal before any output, not billed": 1}


PLACEHOLDER = {"usage": counts(106, 0, 0, 0, 2), "stop_reason": None}
REFUSED = {"usage": counts(106, 0, 0, 0, 0), "stop_reason": "refusal"}


@pytest.mark.parametrize("request_id", ["req_1", None])
@pytest.mark.parametrize("version", ["2.1.80", "2.1.330"])
def test_what_a_stream_began_with_is_not_billed_where_it_ends_in_a_refusal_before_any_output(
    tmp_path: Path, request_id: str | None, version: str
) -> None:
    lines = [assistant("msg_1", request_id, version=version, **one) for one in (PLACEHOLDER, PLACEHOLDER, REFUSED)]
    other = assistant("msg_0", "req_0", version=version)
    assert [one.key for one in read(tmp_path, other, *lines).usage] == ["msg_0"]


def test_a_refusal_of_another_request_under_the_same_message_id_takes_nothing_back(tmp_path: Path) -> None:
    batch = read(tmp_path, assistant("m", "req_1", **PLACEHOLDER), assistant("m", "req_2", **REFUSED))
    assert ([one.request_id for one in batch.usage], batch.retracted) == (["req_1"], [])


def test_a_response_that_was_told_whole_is_not_taken_back(tmp_path: Path) -> None:
    whole = assistant("m", "req_1", usage=counts(106, 0, 0, 0, 50))
    assert len(read(tmp_path, whole, assistant("m", "req_1", **REFUSED)).usage) == 1


def test_a_refusal_after_some_output_is_billed(tmp_path: Path) -> None:
    batch = read(tmp_path, assistant(usage=counts(106, 0, 0, 0, 3), stop_reason="refusal"))
    assert [one.tokens.total for one in batch.usage] == [109]


@pytest.mark.parametrize("odd", [None, "message", 5, [], {}, {"type": 7}])
def test_what_is_no_attempt_costs_neither_the_response_nor_its_other_calls(tmp_path: Path, odd: object) -> None:
    batch = read(tmp_path, line(TOP, odd, attempt("compaction", 9_000, 50), attempt("message", 700, 264)))
    assert billed(batch.usage) == [(OPUS, 700, 264), (OPUS, 9_000, 50)]


def test_an_attempt_whose_counts_cannot_be_read_is_told(tmp_path: Path) -> None:
    bad = {**attempt("advisor_message", 9, 9, SONNET), "input_tokens": ["9"]}
    batch = read(tmp_path, line(TOP, bad, attempt("message", 700, 264)))
    assert billed(batch.usage) == [(OPUS, 700, 264)]
    assert batch.skipped == {"attempt within a response whose counts cannot be read": 1}
