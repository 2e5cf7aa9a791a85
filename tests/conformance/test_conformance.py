"""The conformance set, run on tokcost: known-answer logs, one trap each."""

import os
from pathlib import Path

import pytest

from conformance import run
from conformance.adapters.tokcost import figures
from tokcost.reports.json import log_object
from tokcost.services.refresh import refresh
from tokcost.services.summarise import LogOptions, summarise

NAMES = run.case_names()
EXACT = {"claude-code", "codex", "gemini-cli", "opencode", "copilot-cli", "qwen-code", "cline"}
"""Assistants whose logs tell what was billed."""


@pytest.mark.parametrize("name", NAMES)
def test_a_known_answer_is_given_for_tokens_models_and_branches(name: str, tmp_path: Path) -> None:
    place = run.prepare(name, tmp_path)
    environ = {"PATH": os.environ["PATH"], "HOME": str(place.home)}
    refresh(tmp_path / "ledger", environ)
    (summary,) = summarise(tmp_path / "ledger", place.repo, LogOptions())
    verdict = run.compare(run.load(name)["answer"], figures(log_object(summary)))
    assert [text for text in verdict if text] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_case_says_what_others_need_to_judge_it(name: str) -> None:
    case = run.load(name)
    assert case["name"] == name
    assert case["assistant"] in EXACT
    assert all(case[field].strip() for field in ("version", "trap", "reasoning", "source"))
    answer = case["answer"]
    parts = [answer["models"], *([answer["branches"]] if "branches" in answer else [])]
    for part in parts:
        assert {one: sum(tokens[one] for tokens in part.values()) for one in answer["tokens"]} == answer["tokens"]


def test_each_assistant_that_is_read_exactly_has_cases() -> None:
    assert {run.load(name)["assistant"] for name in NAMES} == EXACT


def test_a_difference_is_told_by_its_class_and_its_size() -> None:
    answer = {"tokens": {"input": 9, "cache_write_5m": 5, "cache_write_1h": 2, "output": 3}, "models": {}}
    said = {"tokens": {"input": 9, "cache_write": 14, "output": 1}, "models": {"m": {"input": 0}}}
    assert run.compare(answer, said) == ("cache_write +7, output -2", "", None)


def test_the_two_kinds_of_cache_writes_are_compared_where_a_tool_tells_them() -> None:
    answer = {"tokens": {"cache_write_5m": 5, "cache_write_1h": 2}, "models": {}}
    said = {"tokens": {"cache_write_5m": 7, "cache_write_1h": 0}}
    assert run.compare(answer, said).total == "cache_write_5m +2, cache_write_1h -2"


def test_an_estimate_is_right_up_to_what_a_case_allows_where_the_log_holds_a_lower_bound() -> None:
    answer = {"tokens": {"output": 3}, "models": {}, "at_most": {"output": 50}}
    assert [run.compare(answer, {"tokens": {"output": said}}).total for said in (2, 3, 50, 51)] == [
        "output -1",
        "",
        "",
        "output +48",
    ]
