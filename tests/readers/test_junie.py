"""Junie's events: each known trap, with its reasoning in the test's name."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import append, write
from support.prices import priced
from tokcost.model.bounds import within_bounds
from tokcost.model.logs import Batch, Location
from tokcost.model.usage import Tokens
from tokcost.readers.junie.reader import JunieReader
from tokcost.readers.sources.files import file_source

READER = JunieReader()
T0 = 1_790_000_000_000
SHOP = "/home/dev/shop"


def counts(**more: Any) -> dict[str, Any]:
    told = {"model": "claude-fable-5", "cost": 0.092276, "inputTokens": 2, "cacheInputTokens": 18_631}
    return {**told, "cacheCreateTokens": 4826, "outputTokens": 266, "time": 0, **more}


ONE = Tokens(2, 18_631, 4826, output=266)


def response(*said: Any, at: int = 500) -> dict[str, Any]:
    told = {"kind": "LlmResponseMetadataEvent", "agent": {"kind": "MainAgent"}, "modelUsage": [*said] or [counts()]}
    event = {"state": "IN_PROGRESS", "agentEvent": told}
    return {"kind": "SessionA2uxEvent", "event": event, "taskId": "t", "timestampMs": T0 + at}


def moved(folder: Any = SHOP) -> dict[str, Any]:
    event = {"agentEvent": {"kind": "CurrentDirectoryUpdatedEvent", "currentDirectory": folder}}
    return {"kind": "SessionA2uxEvent", "event": event, "timestampMs": T0}


def events(home: Path, *lines: Any, session: str = "session-260825-150418-1vll") -> Path:
    return write(home / f".junie/sessions/{session}/events.jsonl", *lines)


def read(path: Path, cursor: bytes | None = None) -> Batch:
    (batch,) = READER.read(file_source(str(path), os.stat(path)), cursor)
    return within_bounds(batch, "junie")


def test_the_classes_of_a_response_are_disjoint_and_its_cost_is_kept_beside(tmp_path: Path) -> None:
    (one,) = read(events(tmp_path, moved(), response())).usage
    assert (one.tokens, one.model, one.time_ms, one.cwd) == (ONE, "claude-fable-5", T0 + 500, SHOP)
    assert (one.session, one.reported_cost) == ("session-260825-150418-1vll", 92_276_000)


@pytest.mark.parametrize(("tokens", "dollars"), [(ONE, 0.092276), (Tokens(1, 0, 18_631, output=120), 0.2388975)])
def test_what_junie_says_a_response_cost_is_the_list_price_of_its_classes(tokens: Tokens, dollars: float) -> None:
    # Two of its events that others published: only disjoint classes, written for five minutes, come to these sums.
    assert priced("claude-fable-5", "2026-08-25", tokens).list_cost == round(dollars * 1e9)


SOL = Tokens(3, 18_688, 424, output=186)
FLASH = Tokens(3_789, output=5)


@pytest.mark.parametrize(
    ("model", "day", "tokens", "told", "listed", "as_told"),
    [
        ("gpt-5.6-sol", "2026-08-24", SOL, 0.017589, 0.0133272, ("gpt-5.6-sol", "2026-08-20")),
        ("gemini-3.5-flash-lite", "2026-08-25", FLASH, 9.5475e-4, 1.1492e-3, ("gemini-3.1-flash-lite", "2026-08-25")),
    ],
)
def test_where_junies_own_prices_are_late_the_list_price_of_the_day_counts(
    model: str, day: str, tokens: Tokens, told: float, listed: float, as_told: tuple[str, str]
) -> None:
    # Two more of those events: what Junie says is the price of the day before a change, and that of another model.
    assert priced(model, day, tokens).list_cost == round(listed * 1e9)
    other, before = as_told
    assert priced(other, before, tokens).list_cost == round(told * 1e9)


def test_responses_of_helper_models_are_paid_too(tmp_path: Path) -> None:
    helper = counts(model="gpt-4.1-mini-2025-04-14", inputTokens=186, cacheInputTokens=0, cacheCreateTokens=0)
    found = read(events(tmp_path, response(counts(), helper))).usage
    assert [(one.model, one.tokens.prompt) for one in found] == [
        ("claude-fable-5", 23_459),
        ("gpt-4.1-mini-2025-04-14", 186),
    ]


def test_equal_responses_at_other_times_are_others_and_copies_are_not(tmp_path: Path) -> None:
    first = read(events(tmp_path, response(), response(at=900), response(counts(), counts(), at=950))).usage
    copy = read(events(tmp_path, response(), session="session-copy")).usage
    assert len({one.key for one in first}) == 4
    assert copy[0].key == first[0].key


def test_the_folder_is_the_one_the_agent_is_in_by_then_also_after_another_look(tmp_path: Path) -> None:
    path = events(tmp_path, moved(), response(), moved("/home/dev/other"))
    cursor = read(path).cursor
    append(path, response(at=900))
    assert read(path, cursor).usage[0].cwd == "/home/dev/other"


def test_a_session_that_names_no_folder_has_that_of_the_index(tmp_path: Path) -> None:
    path = events(tmp_path, response())
    entries = [("session-x", "/x"), (path.parent.name, "/old"), (path.parent.name, SHOP), ("session-y", "/y")]
    lines = [{"sessionId": name, "projectDir": folder, "taskName": "w"} for name, folder in entries]
    write(path.parent.parent / "index.jsonl", *lines)
    assert read(path).usage[0].cwd == SHOP
    assert read(events(tmp_path, response(), session="session-unknown")).usage[0].cwd == ""


def test_of_a_long_index_the_last_four_mebibytes_are_looked_at(tmp_path: Path) -> None:
    path = events(tmp_path, response())
    index = path.parent.parent / "index.jsonl"

    def folder_with(after: int) -> str:
        write(index, {"sessionId": path.parent.name, "projectDir": SHOP})
        index.write_text(index.read_text() + f"{'x' * (after - 1)}\n")
        return read(path).usage[0].cwd

    assert folder_with((4 << 20) - 100) == SHOP, "the entry is just within"
    assert folder_with(4 << 20) == ""


def test_an_event_without_counts_tells_nothing(tmp_path: Path) -> None:
    none = counts(inputTokens=0, cacheInputTokens=0, cacheCreateTokens=0, outputTokens=0)
    report = {"kind": "SessionA2uxEvent", "event": {"agentEvent": {"kind": "ContextWindowReportEvent", "used": 9}}}
    batch = read(events(tmp_path, response(none), report, {"kind": "UserPromptEvent", "prompt": '"currentDirectory"'}))
    assert (batch.usage, batch.skipped) == ([], {})


@pytest.mark.parametrize("wrong", [-1, 10**9, "7", 0.5])
def test_an_impossible_count_rejects_one_event_and_counts_it(wrong: Any, tmp_path: Path) -> None:
    batch = read(events(tmp_path, response(counts(outputTokens=wrong)), response(at=900)))
    assert (len(batch.usage), batch.skipped) == (1, {"damaged record": 1})


@pytest.mark.parametrize("folder", ["a\0b", "/" + "x" * 5000, 7])
def test_a_folder_that_is_none_costs_no_response(folder: Any, tmp_path: Path) -> None:
    batch = read(events(tmp_path, moved(), moved(folder), response()))
    assert ([one.cwd for one in batch.usage], batch.skipped) == ([SHOP], {"damaged record": 1})


def test_the_index_of_sessions_is_no_session(tmp_path: Path) -> None:
    path = events(tmp_path, response())
    (path.parent.parent / "index.jsonl").write_text(json.dumps({"sessionId": "x"}))
    assert [one.path for one in READER.discover(Location(str(path.parent.parent)))] == [str(path)]


def test_junie_is_found_where_its_variable_says() -> None:
    assert [one.path for one in READER.locations({"HOME": "/h"})] == ["/h/.junie/sessions"]
    assert [one.path for one in READER.locations({"HOME": "/h", "JUNIE_HOME": "~/j"})] == ["/h/j/sessions"]


@pytest.mark.parametrize(
    ("odd", "model"),
    [({"cost": "0.09"}, "claude-fable-5"), ({"cost": {}}, "claude-fable-5"), ({"model": {"id": "x"}}, "")],
)
def test_an_odd_cost_or_model_costs_no_counts(odd: dict[str, Any], model: str, tmp_path: Path) -> None:
    batch = read(events(tmp_path, moved(), response(counts(**odd))))
    assert ([(one.tokens, one.model) for one in batch.usage], batch.skipped) == ([(ONE, model)], {})
