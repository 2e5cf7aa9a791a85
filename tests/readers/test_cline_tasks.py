"""Tasks of Cline's, Roo Code's and Kilo Code's extensions: each known trap, with its reasoning in the test's name."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tokcost.model.logs import Batch
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.cline_family.reader import ClineReader, KiloCodeReader, RooCodeReader
from tokcost.readers.registry import reader_named
from tokcost.readers.sources.files import file_source

T0 = 1_790_000_000_000
EXTENSIONS = {
    "cline": "saoudrizwan.claude-dev",
    "roo-code": "rooveterinaryinc.roo-cline",
    "kilo-code": "kilocode.kilo-code",
}
BOTH = pytest.mark.parametrize("name", ["roo-code", "kilo-code"])
ALL = pytest.mark.parametrize("name", list(EXTENSIONS))


def request(at: int = 0, read: Any = 10, output: Any = 300, *, say: str = "api_req_started", **more: Any) -> Any:
    """A request; `written`, `cached` and `cost` are its counts, `provider` and `model` those of its message."""
    said = {"request": "some words", "tokensIn": read, "tokensOut": output}
    for ours, theirs in (("written", "cacheWrites"), ("cached", "cacheReads"), ("cost", "cost")):
        said[theirs] = more.pop(ours, 0)
    message: dict[str, Any] = {"ts": T0 + at, "type": "say", "say": say}
    if "provider" in more:
        message["modelInfo"] = {"providerId": more.pop("provider"), "modelId": more.pop("model", "m"), "mode": "act"}
    return {**message, "text": json.dumps({**said, **more})}


def begun(at: int = 0) -> Any:
    """A request whose answer has not come yet."""
    return {"ts": T0 + at, "type": "say", "say": "api_req_started", "text": json.dumps({"request": "Loading..."})}


def command(text: str, at: int = 0) -> Any:
    return {"ts": T0 + at, "type": "ask", "ask": "command", "text": text}


def folder(home: Path, name: str, task: str = "task-1", editor: str = "Code") -> Path:
    path = home / ".config" / editor / "User/globalStorage" / EXTENSIONS[name] / "tasks" / task
    path.mkdir(parents=True, exist_ok=True)
    return path


def task(home: Path, name: str, *messages: Any, **more: str) -> Path:
    path = folder(home, name, **more) / "ui_messages.json"
    path.write_text(json.dumps(list(messages)))
    return path


def read(path: Path, name: str, cursor: bytes | None = None) -> Batch:
    (batch,) = reader_named(name).read(file_source(str(path), os.stat(path)), cursor)
    assert len({usage.key for usage in batch.usage}) == len(batch.usage)
    return batch


def usage(path: Path, name: str) -> list[Usage]:
    return list(read(path, name).usage)


# What a prompt is


def test_clines_prompt_excludes_the_cache(tmp_path: Path) -> None:
    (one,) = usage(task(tmp_path, "cline", request(written=43_988, cached=21_050, cost=0.25)), "cline")
    assert one.tokens == Tokens(10, 21_050, 43_988, output=300)
    assert (one.assistant, one.session, one.key) == ("cline", "task-1", f"cline:task-1:{T0}")
    assert (one.time_ms, one.reported_cost, one.kind) == (T0, 250_000_000, "response")


@pytest.mark.parametrize("provider", ["openai", "litellm", "xai", "requesty"])
def test_clines_prompt_contains_the_cache_for_some_providers(provider: str, tmp_path: Path) -> None:
    path = task(tmp_path, "cline", request(read=12_010, cached=9001, provider=provider, model="gpt-5"))
    assert usage(path, "cline")[0].tokens == Tokens(3009, 9001, output=300)
    assert (usage(path, "cline")[0].model, usage(path, "cline")[0].provider) == ("gpt-5", provider)


@pytest.mark.parametrize("provider", ["openrouter", "anthropic", "gemini", "openai-native", "bedrock", "cline"])
def test_clines_prompt_excludes_the_cache_for_the_others(provider: str, tmp_path: Path) -> None:
    path = task(tmp_path, "cline", request(read=12_010, cached=9001, provider=provider))
    assert usage(path, "cline")[0].tokens == Tokens(12_010, 9001, output=300)


@pytest.mark.parametrize(
    ("provider", "read_", "written"), [("deepseek", 0, 3009), ("openai", 12_010, 3009), ("qwen", 12_010, 3009)]
)
def test_tokens_that_the_cache_did_not_have_are_no_tokens_written_to_it(
    provider: str, read_: int, written: int, tmp_path: Path
) -> None:
    """DeepSeek's `prompt_cache_miss_tokens`: they cost what input costs."""
    path = task(tmp_path, "cline", request(read=read_, cached=9001, written=written, provider=provider))
    assert usage(path, "cline")[0].tokens == Tokens(3009, 9001, output=300)


@BOTH
@pytest.mark.parametrize("protocol", ["anthropic", "openai", None])
def test_the_prompt_of_roo_code_and_kilo_code_contains_the_cache(
    name: str, protocol: str | None, tmp_path: Path
) -> None:
    path = task(tmp_path, name, request(read=65_048, written=43_988, cached=21_050, apiProtocol=protocol))
    assert usage(path, name)[0].tokens == Tokens(10, 21_050, 43_988, output=300)


@BOTH
def test_old_versions_wrote_a_prompt_that_is_smaller_than_its_cache(name: str, tmp_path: Path) -> None:
    assert usage(task(tmp_path, name, request(written=100, cached=900)), name)[0].tokens == Tokens(10, 900, 100, 0, 300)


@ALL
@pytest.mark.parametrize("wrong", [{"output": -5}, {"read": 10**9}, {"read": "many"}])
def test_impossible_values_reject_one_request_and_count_it(name: str, wrong: dict[str, Any], tmp_path: Path) -> None:
    batch = read(task(tmp_path, name, request(**wrong), request(1000)), name)
    assert [one.time_ms for one in batch.usage] == [T0 + 1000]
    assert sum(batch.skipped.values()) == 1


def test_counts_of_vs_codes_own_models_are_clines_estimate(tmp_path: Path) -> None:
    path = task(tmp_path, "cline", request(provider="vscode-lm"), request(1000, provider="anthropic"))
    assert [one.estimated for one in usage(path, "cline")] == [True, False]


# The life of a task


@ALL
def test_a_request_counts_once_its_counts_are_there(name: str, tmp_path: Path) -> None:
    assert read(task(tmp_path, name, begun()), name).usage == []
    assert [one.tokens for one in usage(task(tmp_path, name, request()), name)] == [Tokens(10, output=300)]


@ALL
def test_a_request_that_was_broken_off_is_a_partial_reply(name: str, tmp_path: Path) -> None:
    path = task(tmp_path, name, request(cancelReason="user_cancelled"), request(1000, 0, 0, cancelReason="x"))
    (one,) = usage(path, name)
    assert (one.kind, one.lower_bound) == ("partial", True)


@ALL
def test_a_retry_is_a_request_of_its_own_and_the_failed_one_has_no_counts(name: str, tmp_path: Path) -> None:
    said = {"ts": T0 + 500, "type": "say", "say": "api_req_retry_delayed", "text": "429"}
    path = task(tmp_path, name, begun(), said, request(1000))
    assert [one.key for one in usage(path, name)] == [f"{name}:task-1:{T0 + 1000}"]


@ALL
def test_one_damaged_message_loses_no_other(name: str, tmp_path: Path) -> None:
    wrong = {**request(), "text": '{"tokensIn": 5, "tok'}
    batch = read(task(tmp_path, name, wrong, request(1000)), name)
    assert ([one.time_ms for one in batch.usage], batch.skipped) == ([T0 + 1000], {"damaged record": 1})


@ALL
def test_a_text_cut_off_in_the_middle_of_a_character_costs_no_request(name: str, tmp_path: Path) -> None:
    """In a message, and in the JSON inside of one."""
    said = {"ts": T0, "type": "say", "say": "text", "text": "some words \ud83d"}
    batch = read(task(tmp_path, name, said, request(1, request="cut \udc00"), request(2)), name)
    assert (len(batch.usage), batch.skipped) == (2, {})


@ALL
def test_a_task_that_is_being_written_is_read_at_the_next_look(name: str, tmp_path: Path) -> None:
    path = task(tmp_path, name, request())
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    cut = read(path, name, b"{}")
    assert (cut.usage, cut.skipped, cut.cursor) == ((), {"damaged document": 1}, b"{}")
    path.write_bytes(b"")
    assert read(path, name).skipped == {}


def test_the_same_task_in_two_places_counts_once(tmp_path: Path) -> None:
    """The extension moved its tasks to `~/.cline/data/tasks`."""
    task(tmp_path, "cline", request())
    copy = tmp_path / ".cline/data/tasks/task-1/ui_messages.json"
    copy.parent.mkdir(parents=True)
    copy.write_text(json.dumps([request(), request(1000)]))
    reader = ClineReader()
    sources = [one for place in reader.locations({"HOME": str(tmp_path)}) for one in reader.discover(place)]
    assert len(sources) == 2
    keys = {one.key for source in sources for batch in reader.read(source, None) for one in batch.usage}
    assert len(keys) == 2


def test_requests_of_sub_agents_count_besides(tmp_path: Path) -> None:
    path = task(tmp_path, "cline", request(), request(1000, 50, 60, say="subagent_usage", source="subagents"))
    assert [(one.tokens.total, one.subagent) for one in usage(path, "cline")] == [(310, False), (110, True)]


def test_older_tasks_have_the_counts_in_a_message_behind_the_request(tmp_path: Path) -> None:
    path = task(tmp_path, "cline", begun(), request(900, say="api_req_finished"))
    assert [one.tokens for one in usage(path, "cline")] == [Tokens(10, output=300)]


def test_requests_that_a_user_deleted_before_they_were_read_count_as_their_sum(tmp_path: Path) -> None:
    path = task(tmp_path, "cline", request(), request(5000, 500, 900, say="deleted_api_reqs"))
    first = read(path, "cline")
    assert [(one.tokens.total, one.kind) for one in first.usage] == [(310, "response"), (1400, "unlogged")]
    assert [one.tokens.total for one in read(path, "cline", first.cursor).usage] == [310, 1400]


def test_requests_that_a_user_deleted_after_they_were_read_do_not_count_again(tmp_path: Path) -> None:
    path = task(tmp_path, "cline", request(), request(1000, 500, 900))
    before = read(path, "cline")
    task(tmp_path, "cline", request(), request(5000, 500, 900, say="deleted_api_reqs"))
    after = read(path, "cline", before.cursor)
    assert [one.key for one in after.usage] == [f"cline:task-1:{T0}"]
    task(tmp_path, "cline", request(), request(5000, 500, 900, say="deleted_api_reqs"), request(6000, 1, 2))
    later = read(path, "cline", after.cursor)
    assert [one.tokens.total for one in later.usage] == [310, 3]


def test_of_deleted_requests_of_which_some_were_read_the_others_count(tmp_path: Path) -> None:
    before = read(task(tmp_path, "cline", request(), request(1000, 500, 900)), "cline")
    path = task(tmp_path, "cline", request(), request(5000, 700, 1000, say="deleted_api_reqs"))
    after = read(path, "cline", before.cursor)
    assert [one.tokens for one in after.usage] == [Tokens(10, output=300), Tokens(200, output=100)]
    assert [one.tokens.total for one in read(path, "cline", after.cursor).usage] == [310, 300]


def test_a_sum_that_is_written_after_the_messages_are_gone_does_not_count_them_again(tmp_path: Path) -> None:
    before = read(task(tmp_path, "cline", request(), request(1000, 500, 900)), "cline")
    gone = read(task(tmp_path, "cline", request()), "cline", before.cursor)
    path = task(tmp_path, "cline", request(), request(5000, 500, 900, say="deleted_api_reqs"))
    assert [one.tokens.total for one in read(path, "cline", gone.cursor).usage] == [310]


# Whose they are


def surroundings(at: int, model: str, place: str = "/home/dev/shop") -> dict[str, Any]:
    told = f"<environment_details>\n<model>{model}</model>\n\n# Current Workspace Directory ({place}) Files\nsrc/\n"
    text = "Explain <model>this-one</model>"
    return {"role": "user", "ts": T0 + at, "content": [{"type": "text", "text": text}, {"type": "text", "text": told}]}


@BOTH
def test_the_model_is_the_one_that_the_conversation_names_for_the_request(name: str, tmp_path: Path) -> None:
    path = task(tmp_path, name, request(0), request(1000), request(2000))
    said = [surroundings(50, "claude-sonnet-4-5"), surroundings(1050, "claude-sonnet-4-5"), surroundings(2050, "gpt-5")]
    (path.parent / "api_conversation_history.json").write_text(json.dumps(said))
    found = usage(path, name)
    assert [one.model for one in found] == ["claude-sonnet-4-5", "claude-sonnet-4-5", "gpt-5"]
    assert {one.cwd for one in found} == {"/home/dev/shop"}


def test_cline_names_the_models_of_a_task_with_their_times(tmp_path: Path) -> None:
    path = task(tmp_path, "cline", request(0), request(1000), request(2000, read=100, cached=40))
    used = [
        {"ts": T0 - 20, "model_id": "claude-opus-4-5", "model_provider_id": "anthropic", "mode": "plan"},
        {"ts": T0 + 2010, "model_id": "gpt-5", "model_provider_id": "openai", "mode": "act"},
    ]
    (path.parent / "task_metadata.json").write_text(json.dumps({"files_in_context": [], "model_usage": used}))
    found = usage(path, "cline")
    assert [one.model for one in found] == ["claude-opus-4-5", "claude-opus-4-5", "gpt-5"]
    assert found[-1].tokens == Tokens(60, 40, output=300)


def test_the_folder_is_that_of_the_list_of_tasks_or_of_the_tasks_own_file(tmp_path: Path) -> None:
    cline = task(tmp_path, "cline", request())
    listed = [{"id": "task-0", "cwdOnTaskInitialization": "/x"}, {"id": "task-1", "cwdOnTaskInitialization": "/y"}]
    state = cline.parent.parent.parent / "state"
    state.mkdir()
    (state / "taskHistory.json").write_text(json.dumps(listed))
    assert usage(cline, "cline")[0].cwd == "/y"
    roo = task(tmp_path, "roo-code", request())
    (roo.parent / "history_item.json").write_text(json.dumps({"id": "task-1", "workspace": "/z", "task": "words"}))
    assert usage(roo, "roo-code")[0].cwd == "/z"


@ALL
def test_a_task_of_which_nothing_more_is_known_counts_and_has_no_folder(name: str, tmp_path: Path) -> None:
    (one,) = usage(task(tmp_path, name, request()), name)
    assert (one.cwd, one.model) == ("", "")


@ALL
def test_a_request_comes_before_the_move_of_head_that_its_answer_asked_for(name: str, tmp_path: Path) -> None:
    path = task(tmp_path, name, request(), command("git switch feat/b", 200), request(400), command("ls", 600))
    assert [one.moves_head for one in usage(path, name)] == [True, False]


@pytest.mark.parametrize("reader", [ClineReader(), RooCodeReader(), KiloCodeReader()])
@pytest.mark.parametrize("user", [".config/Code/User", ".config/Cursor/User", ".vscode-server/data/User"])
def test_tasks_are_found_in_each_editor_and_of_other_files_none(reader: Any, user: str, tmp_path: Path) -> None:
    path = tmp_path / user / "globalStorage" / EXTENSIONS[reader.name] / "tasks/t/ui_messages.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([request()]))
    (path.parent / "api_conversation_history.json").write_text("[]")
    (path.parent.parent.parent / "settings").mkdir()
    found = [one for place in reader.locations({"HOME": str(tmp_path)}) for one in reader.discover(place)]
    assert [one.path for one in found] == [str(path)]
