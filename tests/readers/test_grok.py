"""Grok Build's updates: each known trap, with its reasoning in the test's name."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import append, write
from tokcost.model.bounds import within_bounds
from tokcost.model.logs import Batch
from tokcost.model.usage import Tokens, Usage, merge
from tokcost.readers.grok.reader import GrokReader
from tokcost.readers.sources.files import file_source

READER = GrokReader()
T0 = 1_790_000_000_000
SHOP = "/home/dev/shop"


def counts(**more: Any) -> dict[str, Any]:
    told = {"inputTokens": 1100, "outputTokens": 60, "totalTokens": 1160, "cachedReadTokens": 1000}
    return {**told, "cacheCreationTokens": 30, "reasoningTokens": 20, "modelCalls": 2, **more}


ONE = Tokens(70, 1000, 30, 0, 60, 20)


def turn(prompt: str = "p-1", at: int = 5, models: Any = None, meta: Any = None, **more: Any) -> dict[str, Any]:
    of_models = {"grok-4.5-build": counts()} if models is None else models
    usage = {**counts(), "modelUsage": of_models, "numTurns": 2, **more}
    update = {"sessionUpdate": "turn_completed", "prompt_id": prompt, "stop_reason": "end_turn", "usage": usage}
    params = {"sessionId": "s", "update": update, "_meta": meta}
    return {"timestamp": T0 // 1000 + at, "method": "_x.ai/session/update", "params": params}


def session(home: Path, *lines: Any, name: str = "s-1", **summary: Any) -> Path:
    told = {"info": {"id": name, "cwd": SHOP}, "session_summary": "w", "current_model_id": "grok-build", **summary}
    path = write(home / f".grok/sessions/%2Fhome%2Fdev%2Fother/{name}/updates.jsonl", *lines)
    (path.parent / "summary.json").write_text(json.dumps(told))
    return path


def read(path: Path, cursor: bytes | None = None) -> Batch:
    (batch,) = READER.read(file_source(str(path), os.stat(path)), cursor)
    return within_bounds(batch, "grok")


def kept(*batches: Batch) -> dict[str, Usage]:
    """What is left of several batches, by model."""
    found: dict[str, Usage] = {}
    for batch in batches:
        found |= {one.key: one for one in batch.usage}
        found = {key: one for key, one in found.items() if key not in batch.retracted}
    return {one.model: one for one in found.values()}


def test_the_input_of_a_turn_contains_the_cache_and_its_output_reasoning(tmp_path: Path) -> None:
    (one,) = read(session(tmp_path, turn())).usage
    assert (one.tokens, one.model, one.time_ms) == (ONE, "grok-4.5-build", T0 + 5000)
    assert (one.session, one.cwd, one.lower_bound) == ("s-1", SHOP, False)


def test_the_time_in_milliseconds_is_taken_where_there_is_one(tmp_path: Path) -> None:
    assert read(session(tmp_path, turn(meta={"agentTimestampMs": T0 + 5432}))).usage[0].time_ms == T0 + 5432


def test_a_turn_of_several_models_counts_for_each_and_their_sum_is_not_added(tmp_path: Path) -> None:
    models = {"grok-4.5": counts(inputTokens=1200), "grok-4.5-build": counts()}
    found = read(session(tmp_path, turn(models=models))).usage
    assert [(one.model, one.tokens.prompt) for one in found] == [("grok-4.5", 1200), ("grok-4.5-build", 1100)]


def test_a_turn_that_names_no_model_has_that_of_the_session(tmp_path: Path) -> None:
    (one,) = read(session(tmp_path, turn(models={}))).usage
    assert (one.model, one.tokens) == ("grok-build", ONE)


def test_what_is_told_again_of_one_turn_replaces_what_was_told_before(tmp_path: Path) -> None:
    first, second = read(
        session(tmp_path, turn(), turn(at=9, models={"grok-4.5-build": counts(outputTokens=50)}))
    ).usage
    assert first.key == second.key
    assert merge(first, second).tokens.output == 50


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["a", "b"], ["a"]),
        (["a", "b"], ["c"]),
        ([], ["a"]),  # it was told for the model of the session
        (["a", "b"], ["b", "c"]),
    ],
)
def test_a_model_that_a_turn_no_longer_names_had_no_part_in_it(
    before: list[str], after: list[str], tmp_path: Path
) -> None:
    lines = [turn(at=at, models={name: counts() for name in names}) for at, names in ((5, before), (9, after))]
    assert sorted(kept(read(session(tmp_path, *lines)))) == after
    path = session(tmp_path, lines[0])
    first = read(path)
    assert sorted(kept(first)) == (before or ["grok-build"])
    append(path, lines[1], turn("p-2", 12))
    second = read(path, first.cursor)
    assert sorted(kept(first, second)) == [*after, "grok-4.5-build"]


def test_a_model_that_is_named_again_after_it_was_not_counts_again(tmp_path: Path) -> None:
    told = [turn(at=at, models={name: counts() for name in names}) for at, names in enumerate(("ab", "a", "ab"))]
    assert sorted(kept(read(session(tmp_path, *told)))) == ["a", "b"]


def test_a_model_that_is_told_without_counts_takes_none_away(tmp_path: Path) -> None:
    none = dict.fromkeys(counts(), 0)
    assert list(kept(read(session(tmp_path, turn(models={"a": counts()}), turn(models={"a": none}))))) == ["a"]


def test_a_turn_with_a_name_that_is_none_is_not_remembered(tmp_path: Path) -> None:
    path = session(tmp_path, turn("p" * 600), turn(models={"m" * 600: counts()}), turn("p-2"))
    batch = read(path)
    assert (len(batch.usage), len(batch.cursor) < 500) == (1, True)


def test_a_fork_that_was_made_before_a_turn_was_told_again_changes_nothing(tmp_path: Path) -> None:
    last = counts(inputTokens=9000)
    first = read(session(tmp_path, turn(), turn(at=9, models={"grok-4.5-build": last}))).usage
    fork = read(session(tmp_path, turn(), turn("p-2", 20), name="s-2", session_kind="fork")).usage
    for batches in ([*first, *fork], [*fork, *first]):
        held: dict[str, Usage] = {}
        for one in batches:
            held[one.key] = merge(held[one.key], one) if one.key in held else one
        assert sum(one.tokens.total for one in held.values()) == 9060 + 1160


def test_turns_are_no_running_total(tmp_path: Path) -> None:
    found = read(session(tmp_path, turn(), turn("p-2", 9))).usage
    assert [one.tokens for one in found] == [ONE, ONE]
    assert len({one.key for one in found}) == 2


def test_the_session_of_a_subagent_tells_what_is_in_its_parents_turn(tmp_path: Path) -> None:
    for kind in ("subagent", "subagent_resume"):
        assert read(session(tmp_path, turn(), name=kind, session_kind=kind)).usage == []
    assert len(read(session(tmp_path, turn(), session_kind="worktree")).usage) == 1


def test_a_turn_whose_subagents_still_ran_is_a_lower_bound(tmp_path: Path) -> None:
    (one,) = read(session(tmp_path, turn(usageIsIncomplete=True))).usage
    assert one.lower_bound


def test_a_fork_copies_turns_with_their_ids_and_they_count_once(tmp_path: Path) -> None:
    first = read(session(tmp_path, turn())).usage
    fork = read(session(tmp_path, turn(), turn("p-2"), name="s-2", session_kind="fork", parent_session_id="s-1")).usage
    assert fork[0].key == first[0].key != fork[1].key


def test_the_cost_that_grok_tells_is_kept_beside_where_it_is_all_of_it(tmp_path: Path) -> None:
    models = {"a": counts(costUsdTicks=2_842_748_000), "b": counts(costUsdTicks=5, costIsPartial=True), "c": counts()}
    found = read(session(tmp_path, turn(models=models))).usage
    assert [one.reported_cost for one in found] == [284_274_800, None, None]


@pytest.mark.parametrize("ticks", [10**30, -5, True, "5", 2.5, None])
def test_a_cost_that_is_none_costs_no_turn(ticks: Any, tmp_path: Path) -> None:
    (one,) = read(session(tmp_path, turn(models={"a": counts(costUsdTicks=ticks)}))).usage
    assert (one.tokens, one.reported_cost) == (ONE, None)


def test_a_cancelled_turn_without_usage_tells_nothing(tmp_path: Path) -> None:
    line = turn()
    line["params"]["update"]["usage"] = None
    chunk = {"params": {"update": {"sessionUpdate": "agent_message_chunk", "content": '"turn_completed"'}}}
    batch = read(session(tmp_path, line, chunk))
    assert (batch.usage, batch.skipped) == ([], {})


@pytest.mark.parametrize("wrong", [{"inputTokens": -1}, {"outputTokens": 10**9}, {"cachedReadTokens": 1200}])
def test_impossible_counts_reject_one_turn_and_count_it(wrong: dict[str, int], tmp_path: Path) -> None:
    batch = read(session(tmp_path, turn(models={"m": counts(**wrong)}), turn("p-2")))
    assert (len(batch.usage), batch.skipped) == (1, {"damaged record": 1})


def test_a_session_without_a_summary_has_the_folder_that_it_is_kept_under(tmp_path: Path) -> None:
    path = session(tmp_path, turn())
    (path.parent / "summary.json").unlink()
    assert read(path).usage[0].cwd == "/home/dev/other"
    (path.parent / "summary.json").write_text('{"info": {"cwd": null}')
    assert read(path).usage[0].cwd == "/home/dev/other"


def test_grok_is_found_where_its_variable_says() -> None:
    assert [one.path for one in READER.locations({"HOME": "/h"})] == ["/h/.grok/sessions"]
    assert [one.path for one in READER.locations({"HOME": "/h", "GROK_HOME": "/g"})] == ["/g/sessions"]
