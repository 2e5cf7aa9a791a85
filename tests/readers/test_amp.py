"""Amp's threads: each known trap, with its reasoning in the test's name."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import iso
from tokcost.model.bounds import within_bounds
from tokcost.model.logs import Batch, Location
from tokcost.model.usage import Tokens, Usage, find_key, merge
from tokcost.readers.amp.reader import AmpReader
from tokcost.readers.sources.files import source_at

READER = AmpReader()
T0 = 1_790_000_000_000
ONE = Tokens(input=7, cache_read=15_863, cache_write_5m=180, output=87)
TREE = {"uri": "file:///home/dev/shop", "repository": {"url": "https://x/y", "ref": "refs/heads/feat/a", "sha": "ab"}}


def usage(time_ms: int | None = T0 + 5000, **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "model": "claude-sonnet-4",
        "inputTokens": 7,
        "outputTokens": 87,
        "totalInputTokens": 16_050,
    }
    said |= {"cacheReadInputTokens": 15_863, "cacheCreationInputTokens": 180, "credits": 3}
    return {**said, **({} if time_ms is None else {"timestamp": iso(time_ms)}), **more}


def message(number: int = 2, said: dict[str, Any] | None = None, role: str = "assistant") -> dict[str, Any]:
    return {"role": role, "messageId": number, "content": [{"type": "text", "text": "w"}], "usage": said}


def event(number: int | None = 2, time_ms: int = T0 + 6000, **more: Any) -> dict[str, Any]:
    told = {"id": f"e{time_ms}", "timestamp": iso(time_ms), "model": "claude-sonnet-4", "toMessageId": number}
    return {**told, "tokens": {"input": 7, "output": 87}, "credits": 3, **more}


def thread(folder: Path, *messages: Any, events: Any = None, tree: Any = TREE, name: str = "T-1", **more: Any) -> Path:
    path = folder / f".local/share/amp/threads/{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"v": 3, "id": name, "created": T0, "messages": list(messages), "env": {"initial": {"trees": [tree]}}}
    told |= {} if events is None else {"usageLedger": {"events": events}}
    path.write_text(json.dumps({**told, **more}))
    return path


def read(path: Path) -> Batch:
    source = source_at(str(path))
    assert source is not None
    (batch,) = READER.read(source, None)
    return batch


def tokens(path: Path) -> list[Tokens]:
    return [one.tokens for one in read(path).usage]


def test_the_classes_of_a_prompt_are_disjoint(tmp_path: Path) -> None:
    (found,) = read(thread(tmp_path, message(1, role="user"), message(2, usage()))).usage
    assert found.tokens == ONE
    assert found.tokens.prompt == 16_050
    assert (found.key, found.session, found.time_ms) == ("amp:T-1:2", "T-1", T0 + 5000)
    assert (found.cwd, found.branch, found.branch_stale) == ("/home/dev/shop", "feat/a", True)
    assert found.reported_cost is None


def test_messages_without_an_id_count_each_and_once_in_a_thread_that_grows(tmp_path: Path) -> None:
    told = [message(1, role="user"), *(message(2, usage(T0 + 5000 + n)) for n in range(3))]
    for one in told:
        del one["messageId"]
    before = read(thread(tmp_path, *told[:3])).usage
    after = read(thread(tmp_path, *told)).usage
    assert [one.tokens for one in after] == [ONE] * 3
    assert [one.key for one in after][:2] == [one.key for one in before]
    assert len({one.key for one in after}) == 3


def test_openai_charges_no_writing_to_a_cache_so_what_is_told_as_written_is_input(tmp_path: Path) -> None:
    said = usage(model="gpt-5.6-sol", inputTokens=0, cacheCreationInputTokens=18_621, cacheReadInputTokens=0)
    assert tokens(thread(tmp_path, message(2, said))) == [Tokens(18_621, output=87)]


def test_an_event_of_the_ledger_has_the_time_of_its_message_and_no_counts_of_its_own(tmp_path: Path) -> None:
    path = thread(tmp_path, message(2, usage(None)), message(4, usage()), events=[event(2)])
    assert [(one.key, one.tokens, one.time_ms) for one in read(path).usage] == [
        ("amp:T-1:2", ONE, T0 + 6000),
        ("amp:T-1:4", ONE, T0 + 5000),
    ]


def test_an_event_without_a_message_counts_by_itself(tmp_path: Path) -> None:
    path = thread(tmp_path, events=[event(None), event(9, T0 + 7000), event(9, T0 + 8000)])
    assert tokens(path) == [Tokens(7, output=87)] * 3
    assert len({one.key for one in read(path).usage}) == 3


def test_a_response_without_a_time_counts_at_the_beginning_of_its_thread(tmp_path: Path) -> None:
    assert [one.time_ms for one in read(thread(tmp_path, message(2, usage(None)))).usage] == [T0]


def test_a_thread_that_grew_is_told_again_under_the_same_keys(tmp_path: Path) -> None:
    first = read(thread(tmp_path, message(2, usage())))
    second = read(thread(tmp_path, message(2, usage()), message(4, usage())))
    assert {one.key for one in first.usage} < {one.key for one in second.usage}


def held(*states: list[Usage]) -> list[Usage]:
    """What the ledger has after reading these states of a thread."""
    found: dict[str, Usage] = {}
    for one in (one for state in states for one in state):
        key = find_key(found, one)
        found[key] = merge(found[key], one) if key in found else one
    return list(found.values())


def test_an_answer_to_an_edited_message_has_the_id_of_the_one_before_and_both_were_paid_for(tmp_path: Path) -> None:
    before = list(read(thread(tmp_path, message(2, usage()), message(4, usage(T0 + 6000)))).usage)
    edited = usage(T0 + 90_000, inputTokens=3, cacheReadInputTokens=0, outputTokens=9)
    after = list(read(thread(tmp_path, message(2, edited))).usage)
    once = held(before, after)
    assert [one.tokens for one in once] == [ONE, ONE, Tokens(3, 0, 180, output=9)]
    assert held(before, after, after, before) == once


def test_one_id_of_two_messages_loses_neither(tmp_path: Path) -> None:
    found = list(read(thread(tmp_path, message(2, usage()), message(2, usage(T0 + 9000)))).usage)
    assert [one.tokens for one in held(found, found)] == [ONE, ONE]


@pytest.mark.parametrize("own", [None, T0 + 5000])
def test_a_thread_that_loses_or_gets_its_ledger_counts_once(own: int | None, tmp_path: Path) -> None:
    bare = list(read(thread(tmp_path, message(2, usage(own)))).usage)
    told = list(read(thread(tmp_path, message(2, usage(own)), events=[event(2)])).usage)
    assert [one.tokens for one in held(bare, told)] == [one.tokens for one in held(told, bare)] == [ONE]


def test_a_time_that_is_none_is_that_of_the_ledger(tmp_path: Path) -> None:
    path = thread(tmp_path, message(2, usage(timestamp="yesterday")), events=[event(2)])
    assert [one.time_ms for one in read(path).usage] == [T0 + 6000]


def test_threads_without_an_id_are_told_apart_by_their_files(tmp_path: Path) -> None:
    paths = [thread(tmp_path, message(2, usage()), name=name, id=None) for name in ("T-1", "T-2")]
    assert [one.session for path in paths for one in read(path).usage] == ["T-1", "T-2"]


def test_a_message_that_still_streams_has_no_counts_and_is_none(tmp_path: Path) -> None:
    assert tokens(thread(tmp_path, message(2, None), message(4, {"model": "claude-sonnet-4"}))) == []


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ({}, ("", "")),
        ({"uri": "https://example.com/x"}, ("", "")),
        ({"uri": "file:///a%20b", "repository": {"ref": "refs/tags/v1"}}, ("/a b", "")),
        ({"uri": "file:///a", "repository": None}, ("/a", "")),
    ],
)
def test_a_thread_without_a_local_folder_or_branch_has_none(
    tmp_path: Path, tree: dict[str, Any], place: tuple[str, str]
) -> None:
    (found,) = read(thread(tmp_path, message(2, usage()), tree=tree)).usage
    assert (found.cwd, found.branch) == place


@pytest.mark.parametrize(
    "wrong", [{"inputTokens": -1}, {"outputTokens": "many"}, {"cacheReadInputTokens": 1.5}, {"timestamp": "yesterday"}]
)
@pytest.mark.parametrize("model", ["claude-sonnet-4", "gpt-5"])
def test_one_damaged_response_among_good_ones_is_counted(tmp_path: Path, wrong: dict[str, Any], model: str) -> None:
    batch = read(thread(tmp_path, None, "x", message(2, usage(model=model, **wrong)), message(4, usage())))
    kept = within_bounds(batch, "amp")
    assert [one.key for one in kept.usage] == ["amp:T-1:4"]
    assert kept.skipped == {"record with impossible values": 1}


def test_a_damaged_thread_is_counted_and_no_error(tmp_path: Path) -> None:
    path = thread(tmp_path)
    path.write_text('{"id": "T-1", "mess')
    assert read(path).skipped == {"damaged document": 1}


def test_a_text_cut_off_in_the_middle_of_a_character_costs_nothing(tmp_path: Path) -> None:
    cut = {**message(1, role="user"), "content": "some words \ud83d"}
    assert tokens(thread(tmp_path, cut, message(2, usage()), title="\ud83d")) == [ONE]


def test_threads_are_found_and_nothing_else(tmp_path: Path) -> None:
    wanted = thread(tmp_path)
    thread(tmp_path, name="session")
    (place,) = READER.locations({"HOME": str(tmp_path)})
    assert [one.path for one in READER.discover(place)] == [str(wanted)]
    assert READER.locations({"HOME": "/x", "AMP_DATA_DIR": "/y"}) == [Location("/y/threads")]


@pytest.mark.parametrize(("written", "found"), [(7.0, [7]), (None, [0]), (7.5, []), ("7", []), (True, []), (10**9, [])])
def test_a_count_may_be_written_as_a_fraction_and_an_impossible_one_costs_its_response_alone(
    written: object, found: list[int], tmp_path: Path
) -> None:
    path = thread(tmp_path, message(2, usage(inputTokens=written)), message(3, usage(T0 + 9000)))
    kept = within_bounds(read(path), "amp")
    assert [one.tokens.input for one in kept.usage] == [*found, 7]
    assert sum(kept.skipped.values()) == 1 - len(found)
