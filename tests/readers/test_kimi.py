"""Kimi's wire: each known trap, with its reasoning in the test's name."""

import json
import os
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import append, write
from tokcost.model.bounds import within_bounds
from tokcost.model.logs import Batch, Location
from tokcost.model.usage import Tokens, find_key
from tokcost.readers.kimi.reader import KimiReader
from tokcost.readers.sources.files import file_source

READER = KimiReader()
T0 = 1_790_000_000_000
SHOP = "/home/dev/shop"
USAGE = {"inputOther": 120, "output": 40, "inputCacheRead": 3000, "inputCacheCreation": 7}
STEP = {"input_other": 120, "output": 40, "input_cache_read": 3000, "input_cache_creation": 7}
ONE = Tokens(120, 3000, 7, output=40)


def request(alias: str = "fast", provider: str = "kimi", model: str = "kimi-k2.6") -> dict[str, Any]:
    told = {"type": "llm.request", "kind": "loop", "provider": provider, "model": model, "modelAlias": alias}
    return {**told, "toolSelect": False, "messageCount": 3, "time": T0}


def used(at: int = 500, scope: str = "turn", alias: str = "fast", **more: Any) -> dict[str, Any]:
    told = {"type": "usage.record", "model": alias, "usage": {**USAGE, **more}, "usageScope": scope}
    return {**told, "time": T0 + at}


def wire(home: Path, *lines: Any, session: str = "session_1", agent: str = "main", state: Any = None) -> Path:
    folder = home / f".kimi-code/sessions/wd_shop_057f5c09ee3f/{session}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state.json").write_text(json.dumps({"title": "w", "workDir": SHOP} if state is None else state))
    return write(folder / f"agents/{agent}/wire.jsonl", {"type": "metadata", "protocol_version": "1.5"}, *lines)


def status(at: float = 0.5, said: Any = STEP, name: str | None = "chatcmpl-1") -> dict[str, Any]:
    return {"timestamp": T0 / 1000 + at, "message": event("StatusUpdate", token_usage=said, message_id=name)}


def event(kind: str, **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": payload}


def from_subagent(at: float, inner: Any, **more: Any) -> dict[str, Any]:
    return {"timestamp": T0 / 1000 + at, "message": event("SubagentEvent", event=inner, **more)}


def cli(home: Path, *lines: Any, folder: str = SHOP, below: str = "") -> Path:
    share = home / ".kimi"
    share.mkdir(exist_ok=True)
    (share / "kimi.json").write_text(json.dumps({"work_dirs": [{"path": "/x"}, {"path": SHOP, "kaos": "local"}]}))
    digest = md5(folder.encode(), usedforsecurity=False).hexdigest()
    return write(share / f"sessions/{digest}/s-1{below}/wire.jsonl", {"type": "metadata"}, *lines)


def read(path: Path, cursor: bytes | None = None) -> Batch:
    (batch,) = READER.read(file_source(str(path), os.stat(path)), cursor)
    return within_bounds(batch, "kimi")


def test_a_step_has_the_name_of_its_model_from_the_request_before_it(tmp_path: Path) -> None:
    (one,) = read(wire(tmp_path, request(), used())).usage
    assert (one.tokens, one.model, one.provider, one.time_ms) == (ONE, "kimi-k2.6", "moonshotai", T0 + 500)
    assert (one.session, one.cwd, one.branch) == ("session_1", SHOP, "")


def test_a_model_without_a_request_keeps_the_name_that_the_user_gave_it(tmp_path: Path) -> None:
    assert read(wire(tmp_path, used(alias="kimi-for-coding"))).usage[0].model == "kimi-for-coding"


def test_compactions_are_increments_as_steps_are(tmp_path: Path) -> None:
    found = read(wire(tmp_path, request(), used(), used(900, "session"))).usage
    assert [one.tokens for one in found] == [ONE, ONE]
    assert len({one.key for one in found}) == 2


def test_models_are_told_apart_after_a_switch(tmp_path: Path) -> None:
    second = (request("slow", "anthropic", "claude-opus-4-5"), used(900, alias="slow"))
    found = read(wire(tmp_path, request(), used(), *second)).usage
    assert [(one.model, one.provider) for one in found] == [
        ("kimi-k2.6", "moonshotai"),
        ("claude-opus-4-5", "anthropic"),
    ]


@pytest.mark.parametrize("kind", ["google-genai", "vertexai"])
def test_output_of_googles_models_is_without_their_thoughts(kind: str, tmp_path: Path) -> None:
    (one,) = read(wire(tmp_path, request(provider=kind, model="gemini-3-pro"), used())).usage
    assert (one.lower_bound, one.provider) == (True, "google")
    assert not read(wire(tmp_path, request(), used())).usage[0].lower_bound


def test_a_fork_copies_steps_with_their_times_and_they_count_once(tmp_path: Path) -> None:
    first = read(wire(tmp_path, request(), used())).usage
    fork = read(wire(tmp_path, request(), used(), {"type": "forked"}, used(9000), session="session_2")).usage
    assert fork[0].key == first[0].key != fork[1].key


def test_each_agent_has_a_file_of_its_own(tmp_path: Path) -> None:
    wire(tmp_path, used())
    wire(tmp_path, used(700), agent="agent-0")
    sources = READER.discover(Location(str(tmp_path / ".kimi-code/sessions")))
    assert sorted(Path(one.path).parent.name for one in sources) == ["agent-0", "main"]


def test_a_request_without_usage_tells_nothing(tmp_path: Path) -> None:
    none = {**used(), "usage": dict.fromkeys(USAGE, 0)}
    batch = read(wire(tmp_path, request(), request(), none))
    assert (batch.usage, batch.skipped) == ([], {})


def test_the_model_is_remembered_between_two_looks(tmp_path: Path) -> None:
    path = wire(tmp_path, request())
    cursor = read(path).cursor
    append(path, used())
    assert read(path, cursor).usage[0].model == "kimi-k2.6"


@pytest.mark.parametrize("name", ["a\0b", "m" * 600, 7, None])
def test_a_name_that_is_none_costs_its_own_record_alone(name: Any, tmp_path: Path) -> None:
    batch = read(wire(tmp_path, {**request(), "model": name}, used()))
    assert ([one.model for one in batch.usage], batch.skipped) == (["fast"], {"damaged record": 1})


@pytest.mark.parametrize("wrong", [-1, 10**9, 1.5, "7", True])
def test_an_impossible_count_rejects_one_step_and_counts_it(wrong: Any, tmp_path: Path) -> None:
    batch = read(wire(tmp_path, used(output=wrong), used(900)))
    assert ([one.tokens for one in batch.usage], batch.skipped) == ([ONE], {"damaged record": 1})


@pytest.mark.parametrize("state", [{}, {"workDir": None}, {"workDir": 7}, [], {"custom": {}}])
def test_a_session_of_no_known_folder_is_counted_without_one(state: Any, tmp_path: Path) -> None:
    (one,) = read(wire(tmp_path, used(), state=state)).usage
    assert (one.cwd, one.tokens) == ("", ONE)


def test_older_sessions_have_their_folder_under_another_name(tmp_path: Path) -> None:
    assert read(wire(tmp_path, used(), state={"custom": {"cwd": SHOP}})).usage[0].cwd == SHOP
    assert read(wire(tmp_path, used(), state={"cwd": SHOP})).usage[0].cwd == SHOP


def test_an_agent_works_in_the_folder_that_its_own_file_names_from_then_on(tmp_path: Path) -> None:
    begun, moved = ({"type": "config.update", "cwd": one, "time": T0} for one in ("/home/dev/shop-b", "/home/dev/c"))
    other = {"type": "config.update", "thinkingEffort": "low", "systemPrompt": "You are", "time": T0}
    path = wire(tmp_path, used(), begun, other, used(600), moved, used(700))
    first = read(path)
    assert [one.cwd for one in first.usage] == [SHOP, "/home/dev/shop-b", "/home/dev/c"]
    append(path, used(800))
    assert [one.cwd for one in read(path, first.cursor).usage] == ["/home/dev/c"]


def test_a_session_without_its_state_belongs_to_the_folder_of_the_agent(tmp_path: Path) -> None:
    path = wire(tmp_path, {"type": "config.update", "cwd": SHOP, "time": T0}, used())
    (path.parent.parent.parent / "state.json").unlink()
    assert [one.cwd for one in read(path).usage] == [SHOP]


@pytest.mark.parametrize("folder", ["relative", "", 5, None, "/with\0nul", "/" + "x" * 5000])
def test_a_folder_that_can_be_none_is_not_remembered(tmp_path: Path, folder: object) -> None:
    assert [one.cwd for one in read(wire(tmp_path, {"type": "config.update", "cwd": folder}, used())).usage] == [SHOP]


def test_a_message_that_quotes_a_record_is_none(tmp_path: Path) -> None:
    quoted = {"type": "context.append_message", "message": {"content": '"token_usage" "usage.record"'}, "time": T0}
    batch = read(wire(tmp_path, quoted, used()))
    assert (len(batch.usage), batch.skipped) == (1, {})


def test_a_step_of_the_cli_is_known_by_its_message_and_placed_by_the_digest_of_its_folder(tmp_path: Path) -> None:
    (one,) = read(cli(tmp_path, status(), status(0.7, None))).usage
    assert (one.key, one.tokens, one.time_ms) == ("kimi:chatcmpl-1", ONE, T0 + 500)
    assert (one.session, one.cwd, one.model) == ("s-1", SHOP, "")


def test_a_folder_on_another_machine_is_no_folder_here(tmp_path: Path) -> None:
    assert read(cli(tmp_path, status(), folder="/remote/shop")).usage[0].cwd == ""


def test_events_of_a_subagent_count_in_its_own_file(tmp_path: Path) -> None:
    inner = event("StatusUpdate", token_usage=STEP, message_id="chatcmpl-2")
    parent = read(cli(tmp_path, status(), from_subagent(0.6, inner, agent_id="a1")))
    assert [one.key for one in parent.usage] == ["kimi:chatcmpl-1"]
    own = read(cli(tmp_path, status(0.6, name="chatcmpl-2"), below="/subagents/a1"))
    assert [(one.key, one.session, one.cwd) for one in own.usage] == [("kimi:chatcmpl-2", "s-1", SHOP)]


def test_events_of_a_subagent_count_in_its_parent_where_versions_had_no_file_for_it(tmp_path: Path) -> None:
    inner = event("StatusUpdate", token_usage=STEP, message_id=None)
    nested = event("SubagentEvent", event=inner)
    batch = read(cli(tmp_path, from_subagent(0.6, inner), from_subagent(0.8, nested)))
    assert ([one.tokens for one in batch.usage], batch.skipped) == ([ONE, ONE], {})
    assert len({one.key for one in batch.usage}) == 2


def test_a_server_that_gives_every_message_one_id_loses_no_step(tmp_path: Path) -> None:
    first, second = read(cli(tmp_path, status(), status(3.0))).usage
    assert find_key({first.key: first}, second) != first.key
    assert find_key({first.key: first}, first) == first.key


def test_kimi_is_found_where_its_variables_say() -> None:
    found = [one.path for one in READER.locations({"HOME": "/h"})]
    assert found[:2] == ["/h/.kimi-code/sessions", "/h/.kimi/sessions"]
    assert "/h/Library/Application Support/kimi-desktop/daimon-share/daimon/runtime/kimi-code/home/sessions" in found
    named = READER.locations({"HOME": "/h", "KIMI_CODE_HOME": "~/k", "KIMI_SHARE_DIR": "/s"})
    assert [one.path for one in named][:2] == ["/h/k/sessions", "/s/sessions"]


@pytest.mark.parametrize("odd", [7, {"alias": "fast"}, ["fast"], None])
def test_a_step_with_an_odd_model_counts_as_one_of_an_unknown_model(odd: Any, tmp_path: Path) -> None:
    batch = read(wire(tmp_path, request(), {**used(), "model": odd}))
    assert ([(one.tokens, one.model) for one in batch.usage], batch.skipped) == ([(ONE, "")], {})
