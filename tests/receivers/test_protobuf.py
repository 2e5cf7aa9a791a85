"""Exporters may send protobuf where the extra `otlp` is installed."""

from pathlib import Path

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from receivers.serving import Serving, claude_event, logs, post, sent_by
from tokcost.receivers import protobuf

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
    monkeypatch.setattr(protobuf, "is_available", lambda: False)
    with Serving(tmp_path) as serving:
        assert [serving.post("/v1/logs", b"", Content_Type=PROTOBUF) for _ in range(2)] == [415, 415]
        assert serving.notices == ["protobuf"]
