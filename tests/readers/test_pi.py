"""pi's sessions: each known trap, with its reasoning in the test's name."""

import os
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import append, iso, write
from tokcost.model.bounds import within_bounds
from tokcost.model.logs import Batch
from tokcost.model.usage import Tokens, same_response
from tokcost.readers.pi.reader import OmpReader, PiReader
from tokcost.readers.sources.files import file_source

READER = PiReader()
T0 = 1_790_000_000_000
HEAD = {"type": "session", "version": 3, "id": "s-1", "timestamp": iso(T0), "cwd": "/home/dev/shop"}
USAGE = {"input": 5, "output": 70, "cacheRead": 400, "cacheWrite": 60, "totalTokens": 535}


def reply(name: str = "a1b2c3d4", at: int = 500, **more: Any) -> dict[str, Any]:
    said = {"role": "assistant", "api": "anthropic-messages", "provider": "anthropic", "model": "claude-opus-4-5"}
    said |= {"usage": USAGE, "stopReason": "stop", "timestamp": T0 + at, "responseId": f"msg_{name}", **more}
    return {"type": "message", "id": name, "parentId": None, "timestamp": iso(T0 + at), "message": said}


def session(home: Path, *lines: Any, name: str = "s") -> Path:
    return write(home / f".pi/agent/sessions/--home-dev-shop--/{name}.jsonl", *lines)


def read(path: Path, cursor: bytes | None = None) -> Batch:
    (batch,) = READER.read(file_source(str(path), os.stat(path)), cursor)
    return batch


def test_the_classes_of_a_reply_are_disjoint(tmp_path: Path) -> None:
    cost = {"input": 0.1, "total": 0.25}
    (one,) = read(session(tmp_path, HEAD, reply(usage={**USAGE, "reasoning": 9, "cost": cost}))).usage
    assert one.tokens == Tokens(5, 400, 60, output=70, reasoning=9)
    assert (one.assistant, one.key, one.session, one.cwd) == ("pi", "pi:msg_a1b2c3d4", "s-1", "/home/dev/shop")
    assert (one.time_ms, one.model, one.provider) == (T0 + 500, "claude-opus-4-5", "anthropic")
    assert one.reported_cost == 250_000_000


def test_what_is_written_to_the_cache_for_an_hour_is_a_part_of_what_is_written(tmp_path: Path) -> None:
    (one,) = read(session(tmp_path, HEAD, reply(usage={**USAGE, "cacheWrite1h": 20}))).usage
    assert one.tokens == Tokens(5, 400, 40, 20, output=70)


def test_every_branch_of_the_tree_was_paid_for(tmp_path: Path) -> None:
    assert len(read(session(tmp_path, HEAD, reply(), reply("other", 900))).usage) == 2


def test_a_fork_copies_replies_which_count_once_where_they_were_made(tmp_path: Path) -> None:
    head = {**HEAD, "id": "s-2", "timestamp": iso(T0 + 5000), "parentSession": "s.jsonl"}
    first, fork = session(tmp_path, HEAD, reply()), session(tmp_path, head, reply(), reply("new", 6000), name="f")
    assert [one.key for one in read(fork).usage] == ["pi:msg_a1b2c3d4", "pi:msg_new"]
    assert [one.copy_rank for one in (*read(first).usage, *read(fork).usage)] == [0, 2, 0]


def test_a_reply_without_the_providers_id_is_known_by_its_entry_and_time_which_a_fork_keeps(tmp_path: Path) -> None:
    first = read(session(tmp_path, HEAD, reply(responseId=None), reply(at=900, responseId=None))).usage
    fork = read(session(tmp_path, {**HEAD, "id": "s-2"}, reply(responseId=None), name="f")).usage
    assert [one.key for one in first] == [f"pi:a1b2c3d4.{T0 + 500}", f"pi:a1b2c3d4.{T0 + 900}"]
    assert fork[0].key == first[0].key


def test_sessions_of_omp_are_its_own(tmp_path: Path) -> None:
    reader, path = OmpReader(), session(tmp_path, {"type": "title", "title": "w"}, HEAD, reply())
    (batch,) = reader.read(file_source(str(path), os.stat(path)), None)
    assert [(one.assistant, one.key) for one in batch.usage] == [("omp", "omp:msg_a1b2c3d4")]
    assert [one.path for one in reader.locations({"HOME": "/h"})] == ["/h/.omp/agent/sessions"]


def test_a_reply_that_was_broken_off_before_its_counts_came_tells_nothing(tmp_path: Path) -> None:
    none = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 0}
    batch = read(session(tmp_path, HEAD, reply(usage=none, stopReason="aborted")))
    assert (batch.usage, batch.skipped) == ([], {})


@pytest.mark.parametrize("wrong", [{"input": -1}, {"output": 10**9}, {"cacheWrite1h": 61}])
def test_impossible_counts_reject_one_reply_and_count_it(wrong: dict[str, int], tmp_path: Path) -> None:
    batch = read(session(tmp_path, HEAD, reply(usage={**USAGE, **wrong}), reply("b")))
    assert ([one.key for one in batch.usage], batch.skipped) == (["pi:msg_b"], {"damaged record": 1})


def test_what_is_new_is_read_and_knows_its_session(tmp_path: Path) -> None:
    path = session(tmp_path, HEAD, reply())
    cursor = read(path).cursor
    append(path, reply("b", 900))
    assert [(one.key, one.cwd) for one in read(path, cursor).usage] == [("pi:msg_b", "/home/dev/shop")]


def test_pi_is_found_where_its_variable_says() -> None:
    assert [one.path for one in READER.locations({"HOME": "/h"})] == ["/h/.pi/agent/sessions"]
    found = READER.locations({"HOME": "/h", "PI_CODING_AGENT_DIR": "~/p"})
    assert [one.path for one in found] == ["/h/p/sessions"]


def test_a_server_of_ones_own_may_give_two_replies_one_id_and_both_count_and_copies_once(tmp_path: Path) -> None:
    """Some servers draw the number in `chatcmpl-123` from a thousand."""
    lines = [reply("a1", responseId="chatcmpl-7"), reply("b2", 9000, responseId="chatcmpl-7")]
    first = read(session(tmp_path, HEAD, *lines)).usage
    assert not same_response(*first)
    fork = read(session(tmp_path, {**HEAD, "id": "s-2", "timestamp": iso(T0 + 20_000)}, *lines, name="f")).usage
    assert all(same_response(one, copy) for one, copy in zip(first, fork, strict=True))


@pytest.mark.parametrize("wrong", [{"id": "s\0"}, {"id": ["s"]}, {"cwd": ["/"]}, {"cwd": "/a\0b"}, {"cwd": {}}])
def test_a_damaged_first_line_is_counted_and_loses_no_reply(wrong: dict[str, Any], tmp_path: Path) -> None:
    batch = read(session(tmp_path, {**HEAD, **wrong}, reply()))
    (one,) = batch.usage
    assert (one.session, one.cwd, sum(batch.skipped.values())) == ("", "", 1)
    assert within_bounds(batch, "pi").usage == [one]


@pytest.mark.parametrize("odd", [{"model": {"slug": "x"}}, {"provider": 7}, {"usage": {**USAGE, "cost": "0.25"}}])
def test_a_field_on_which_no_count_depends_may_have_another_type(odd: dict[str, Any], tmp_path: Path) -> None:
    batch = read(session(tmp_path, HEAD, reply(**odd)))
    assert [one.tokens for one in batch.usage] == [Tokens(5, 400, 60, output=70)]
    assert not batch.skipped
