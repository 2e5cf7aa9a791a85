"""Exporters may send protobuf where the extra `otlp` is installed."""

import sys
from pathlib import Path

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from receivers.serving import Command, Serving, claude_event, logs, post, sent_by

PROTOBUF = "application/x-protobuf"


@pytest.mark.parametrize("name", ["claude-code-2.1.332", "codex-0.171.0", "gemini-cli-0.61.0", "copilot-cli-1.0.102"])
def test_protobuf_is_stored_like_json(name: str, tmp_path: Path) -> None:
    with Serving(tmp_path / "json") as plain, Serving(tmp_path / "protobuf") as packed:
        for path, body in sent_by(name):
            request = ExportTraceServiceRequest() if path.endswith("traces") else ExportLogsServiceRequest()
            assert plain.post(path, body) == 200
            if not path.endswith("metrics"):
                data = Parse(body, request, ignore_unknown_fields=True).SerializeToString()
                assert packed.post(path, data, Content_Type=PROTOBUF) == 200
        assert len(plain.stored()) == 4
        assert [one | {"id": ""} for one in packed.stored()] == [one | {"id": ""} for one in plain.stored()]
        assert b"CANARY" not in packed.file.read_bytes()


def test_what_is_no_protobuf_is_refused_and_an_answer_has_the_type_of_its_request(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", b"\xff\xff\xff", Content_Type=PROTOBUF) == 400
        assert serving.post("/v1/logs", logs(claude_event()), Content_Type=PROTOBUF) == 400
        assert post(serving.url, "/v1/metrics", b"", Content_Type=PROTOBUF) == (200, b"")


def test_without_the_extra_the_user_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)  # as where it is not installed
    with Serving(tmp_path) as serving:
        assert [serving.post("/v1/logs", b"", Content_Type=PROTOBUF) for _ in range(2)] == [415, 415]
        assert serving.notices == ["protobuf"]


MIB = 1 << 20
_BEGIN, _END = b"\x7b", b"\x7c"
"""A group of a number that no message has; decoders pass over it."""


def field(number: int, body: bytes) -> bytes:
    """A message within another, as it stands on the wire."""
    size, length = len(body), b""
    while size > 0x7F:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + body


def many(number: int) -> bytes:
    """Two million empty messages."""
    return field(number, b"") * (2 * MIB - 50)


@pytest.mark.few
@pytest.mark.parametrize(
    "body",
    [
        field(1, field(2, many(2))),
        field(1, many(2)),
        many(1),
        _BEGIN + _END + many(1),
        _BEGIN + many(1) + _END,
        b"\x8a\x00\x00" + many(1),
        field(1, field(2, field(2, many(6)))),
        field(1, field(2, field(2, field(5, field(5, many(1)))))),
        field(1, field(1, many(1))),
    ],
    ids=["records", "scopes", "resources", "group", "in-group", "long-key", "attributes", "values", "of-a-resource"],
)
def test_empty_messages_are_refused_before_they_take_memory(body: bytes, tmp_path: Path) -> None:
    command = Command(tmp_path)
    memory = Path(f"/proc/{command.process.pid}/status")
    if not memory.exists():
        pytest.skip("needs /proc to see the memory of a process")

    def most() -> int:
        return next(int(line.split()[1]) for line in memory.read_text().splitlines() if line.startswith("VmHWM")) >> 10

    try:
        sent = {"Content_Type": PROTOBUF}
        assert post(command.url, "/v1/logs", b"", **sent)[0] == 200
        before = most()
        assert post(command.url, "/v1/logs", body, **sent)[0] == 400
        assert most() - before < 40
        assert post(command.url, "/v1/logs", b"", **sent)[0] == 200
    finally:
        command.end()


@pytest.mark.parametrize(
    "body",
    [b"\x80" * 4 * MIB, b"\x0a" + b"\xff" * 4000, b"\x0f", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x05\x12", b"\x0e\x00"],
)
def test_what_ends_too_early_or_never_is_refused(body: bytes, tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", body[: 4 * MIB], Content_Type=PROTOBUF) == 400


@pytest.mark.slow
def test_thousands_of_real_records_in_one_request_are_taken(tmp_path: Path) -> None:
    events = [claude_event(request_id=f"req_{number}") for number in range(4000)]
    data = Parse(logs(*events), ExportLogsServiceRequest()).SerializeToString()
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", data, Content_Type=PROTOBUF) == 200
        assert len(serving.stored()) == 4000
