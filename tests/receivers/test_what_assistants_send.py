"""What real assistants sent becomes the counts that were billed, and nothing else of it is stored."""

import json
from pathlib import Path

import pytest

from receivers.serving import SENT, Serving, attribute, claude_event, logs, sent_by
from tokcost.model.usage import Tokens

NAMES = sorted(path.name.removesuffix(".billed.json") for path in SENT.glob("*.billed.json"))


def test_there_are_requests_of_five_assistants() -> None:
    assert len(NAMES) == 5


@pytest.mark.parametrize("name", NAMES)
def test_every_billed_response_is_stored_with_its_counts(name: str, tmp_path: Path) -> None:
    billed = json.loads((SENT / f"{name}.billed.json").read_text(encoding="utf-8"))
    with Serving(tmp_path) as serving:
        assert {serving.post(path, body) for path, body in sent_by(name)} == {200}
        assert [Tokens(**one["tokens"])._asdict() | {"reasoning": 0} for one in serving.stored()] == [
            {**one, "reasoning": 0} for one in billed
        ]
        assert {one["assistant"] for one in serving.stored()} == {name.rpartition("-")[0]}
        assert serving.refused == 0


@pytest.mark.parametrize("name", NAMES)
def test_no_text_and_no_identity_of_a_real_request_is_in_any_byte(name: str, tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        for path, body in sent_by(name):
            assert b"CANARY" in body
            serving.post(path, body)
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert not [one for one in written if b"CANARY" in one or b"user" in one]


CANARY = "CANARY for you@example.com"
SENSITIVE = (
    "user.id", "user.email", "user.account_uuid", "user.account_id", "organization.id", "installation.id", "prompt",
    "prompt_text", "response", "response_text", "request_text", "function_args", "arguments", "output", "tool_input",
    "tool_parameters", "error", "terminal.type", "host.name", "vcs.repository.url.full",
)  # fmt: skip


@pytest.mark.parametrize("field", [*SENSITIVE, "model", "session.id", "speed", "request_id", "event.timestamp"])
def test_a_text_in_any_attribute_is_in_no_byte(field: str, tmp_path: Path) -> None:
    """Also in one of those that are kept: a program may put there what it wants."""
    event = claude_event(**{field: CANARY})
    event["body"] = {"stringValue": "claude_code.api_request"}
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", logs(event, claude_event("s-2"))) == 200
        assert serving.stored()
    assert not [
        p for p in tmp_path.rglob("*") if p.is_file() and (b"CANARY" in p.read_bytes() or b"you@" in p.read_bytes())
    ]


def test_an_event_that_is_sent_again_has_the_same_id_and_another_has_another(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        for _ in range(2):
            serving.post("/v1/logs", logs(claude_event(), claude_event(**{"event.sequence": 2})))
        first, second, again, more = [one["id"] for one in serving.stored()]
        assert (first, second) == (again, more)
        assert first != second


def test_a_request_id_is_the_identity_where_there_is_one(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        serving.post(
            "/v1/logs", logs(claude_event(request_id="req_011CX"), claude_event("s-2", request_id="req_011CX"))
        )
        assert {one["id"] for one in serving.stored()} == {"claude-code/req_011CX"}


def test_cache_writes_of_older_versions_have_no_lifetime_and_are_short_ones(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        serving.post("/v1/logs", logs(claude_event()))
        (one,) = serving.stored()
        assert one["tokens"] == {"input": 10, "cache_read": 3000, "cache_write_5m": 400, "output": 200}
        assert one["cost"] == 5_400_000


def test_a_count_may_be_written_as_a_fraction(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        serving.post("/v1/logs", logs(claude_event(output_tokens=200.0)))
        assert [one["tokens"]["output"] for one in serving.stored()] == [200]


def test_counts_may_be_text_and_a_service_may_have_another_name(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        event = claude_event(input_tokens="10", output_tokens="200")
        serving.post("/v1/logs", logs(event, service="my-team"))
        assert [one["tokens"]["output"] for one in serving.stored()] == [200]


@pytest.mark.parametrize(
    "wrong",
    [{"input_tokens": -1}, {"input_tokens": 10**10}, {"output_tokens": None}, {"output_tokens": "many"}, {"model": ""},
     {"input_tokens": 1.5}, {"input_tokens": True}, {"cache_read_tokens": True}, {"model": None}],
)  # fmt: skip
def test_a_damaged_event_is_counted_and_stops_no_other(wrong: dict[str, object], tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", logs(claude_event(**wrong), claude_event("s-2"))) == 200
        assert [one["session"] for one in serving.stored()] == ["s-2"]
        assert serving.refused == 1


def gemini_event(**counts: int) -> dict[str, object]:
    said: dict[str, object] = {"event.name": "gemini_cli.api_response", "session.id": "g-1", "model": "gemini-2.5-pro"}
    said |= {f"{name}_token_count": count for name, count in counts.items()}
    return {"timeUnixNano": "1795773600000000000", "attributes": [attribute(*one) for one in said.items()]}


@pytest.mark.parametrize(
    ("counts", "tokens"),
    [
        ({"input": 100, "cached_content": 60, "output": 20, "thoughts": 5, "total": 125},
         {"input": 40, "cache_read": 60, "output": 25, "reasoning": 5}),
        ({"input": 100, "output": 20, "thoughts": 5, "tool": 30, "total": 155},
         {"input": 130, "output": 25, "reasoning": 5}),
        ({"input": 100, "output": 20, "thoughts": 5, "tool": 30, "total": 125},
         {"input": 100, "output": 25, "reasoning": 5}),
        ({"input": 100, "output": 20, "tool": 30, "total": 150}, {"input": 130, "output": 20}),
        ({"input": 100, "output": 20, "thoughts": 5}, {"input": 100, "output": 25, "reasoning": 5}),
        ({"input": 100, "output": 20, "thoughts": 5, "total": 120}, {"input": 100, "output": 20, "reasoning": 5}),
    ],
)  # fmt: skip
def test_the_total_tells_where_thoughts_and_prompts_of_tools_are(
    counts: dict[str, int], tokens: dict[str, int], tmp_path: Path
) -> None:
    with Serving(tmp_path) as serving:
        serving.post("/v1/logs", logs(gemini_event(**counts), service="gemini-cli"))
        assert [one["tokens"] for one in serving.stored()] == [tokens]


def test_spans_of_agents_repeat_what_their_chats_say_and_other_programs_are_not_ours(tmp_path: Path) -> None:
    def span(operation: str, number: int, **more: object) -> dict[str, object]:
        said = {"gen_ai.operation.name": operation, "gen_ai.conversation.id": "c-1", "gen_ai.request.model": "gpt-5",
                "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 7} | more  # fmt: skip
        return {"spanId": f"{number:016x}", "endTimeUnixNano": "1795773600000000000",
                "attributes": [attribute(*one) for one in said.items()]}  # fmt: skip

    old = {"gen_ai.usage.cache_read_input_tokens": 60, "gen_ai.usage.cache_creation_input_tokens": 10}
    spans = [span("invoke_agent", 1), span("chat", 2), span("chat", 3, **old), span("execute_tool", 4)]

    def traces(service: str) -> bytes:
        resource = {"attributes": [attribute("service.name", service)]}
        return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).encode()

    with Serving(tmp_path) as serving:
        for service in ("copilot-chat", "somebody-elses"):
            assert serving.post("/v1/traces", traces(service)) == 200
        assert [(one["assistant"], one["tokens"]) for one in serving.stored()] == [
            ("copilot-chat", {"input": 100, "output": 7}),
            ("copilot-chat", {"input": 30, "cache_read": 60, "cache_write_5m": 10, "output": 7}),
        ]
