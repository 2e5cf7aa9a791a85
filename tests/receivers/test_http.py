"""The receiver answers exporters on this machine, and refuses everything else in bounded time and memory."""

import gzip
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from receivers.serving import PROGRAM, Command, Serving, claude_event, logs, post
from tokcost.receivers import server

BODY = logs(claude_event())
MIB = 1 << 20


@pytest.mark.parametrize("host", ["127.0.0.1:4318", "localhost", "LOCALHOST:1", "[::1]:4318"])
def test_a_loopback_name_is_answered(host: str, tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        assert post(serving.url, "/v1/logs", BODY, Host=host) == (200, b"{}")


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", "[::2]", "0.0.0.0"),
        *("localhost:1@evil.example", "localhost:", "127.0.0.1, evil.example", "[::1]evil.example"),
    ],
)
def test_another_hosts_name_is_refused_since_a_page_may_have_made_it_lead_here(host: str, tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", BODY, Host=host) == 403
        assert serving.stored() == []


def test_two_hosts_are_none(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving, socket.create_connection(_address(serving)) as connection:
        head = "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 2\r\n\r\n{{}}".encode())
        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 403 ")


def test_what_a_page_in_a_browser_sends_is_refused(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", BODY, Origin="http://127.0.0.1:8000") == 403
        assert serving.post("/v1/logs", BODY, Content_Type="text/plain") == 415
        assert serving.post("/v1/logs", BODY, Content_Type="") == 415
        assert serving.stored() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"])
def test_only_post_is_answered(method: str, tmp_path: Path) -> None:
    with Serving(tmp_path) as serving, socket.create_connection(_address(serving)) as connection:
        connection.sendall(f"{method} /v1/logs HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 405 ")
        assert b"Allow: POST" in answer


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"nonsense", b'{"resourceLogs": 1}', b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe"]
)
def test_what_is_no_export_is_refused_and_the_next_one_is_taken(body: bytes, tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", body) == 400
        assert serving.post("/v1/logs", BODY) == 200
        assert len(serving.stored()) == 1


@pytest.mark.few
@pytest.mark.parametrize(
    ("before", "empty", "after"),
    [
        (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[', b"{}", b"]}]}]}"),
        (b'{"resourceLogs":[{"scopeLogs":[', b"{}", b"]}]}"),
        (b'{"resourceLogs":[', b"{}", b"]}"),
        (b'{"resourceLogs":[', b'{"scopeLogs":[{"logRecords":[{}]}]}', b"]}"),
    ],
)
def test_a_million_records_that_say_nothing_keep_nobody_waiting(
    before: bytes, empty: bytes, after: bytes, tmp_path: Path
) -> None:
    body = before + b",".join([empty] * (4 * MIB // (len(empty) + 2))) + after
    with Serving(tmp_path) as serving:
        began = time.process_time()
        assert serving.post("/v1/logs", body) == 400
        assert time.process_time() - began < 3
        assert serving.post("/v1/logs", BODY) == 200


def test_a_request_of_thousands_of_responses_is_taken(tmp_path: Path) -> None:
    events = [claude_event(request_id=f"req_{number}") for number in range(4000)]
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", logs(*events)) == 200
        assert len(serving.stored()) == 4000


def test_a_text_cut_off_in_the_middle_of_a_character_costs_no_response(tmp_path: Path) -> None:
    cut = claude_event("s-2", prompt="some words \ud83d")
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", logs(cut, claude_event("s-3"))) == 200
        assert len(serving.stored()) == 2


def test_an_unknown_path_is_not_found_and_metrics_are_taken_without_being_stored(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/profiles", BODY) == 404
        assert serving.post("/v1/metrics", b"{}") == 200
        assert serving.post("/v1/logs?x=1", BODY) == 200


def test_metrics_that_come_alone_are_named_once_and_those_beside_logs_are_not(tmp_path: Path) -> None:
    with Serving(tmp_path / "alone") as serving:
        for _ in range(5):
            assert serving.post("/v1/metrics", b"{}") == 200
        assert serving.notices == ["metrics"]
    with Serving(tmp_path / "beside") as serving:
        for path, body in (("/v1/metrics", b"{}"), ("/v1/metrics", b"{}"), ("/v1/logs", BODY), ("/v1/metrics", b"{}")):
            assert serving.post(path, body) == 200
        assert serving.notices == []


def test_the_command_says_what_to_switch_on_where_metrics_come_alone(tmp_path: Path) -> None:
    command = Command(tmp_path)
    for _ in range(3):
        assert post(command.url, "/v1/metrics", b"{}")[0] == 200
    assert "OTEL_LOGS_EXPORTER=otlp" in command.end()[1]


def test_a_compressed_body_and_one_in_chunks_are_read(tmp_path: Path) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:100], BODY[100:])) + b"0\r\n\r\n"
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", gzip.compress(BODY), Content_Encoding="gzip") == 200
        assert _raw(serving, chunks, "Transfer-Encoding: chunked").startswith(b"HTTP/1.1 200 ")
        assert len(serving.stored()) == 2


def test_a_large_body_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        assert _raw(serving, b"", f"Content-Length: {4 * MIB + 1}").startswith(b"HTTP/1.1 413 ")
        assert _raw(serving, b"", f"Content-Length: {10**30}").startswith(b"HTTP/1.1 413 ")
        assert _raw(serving, b"ffffffff\r\n", "Transfer-Encoding: chunked").startswith(b"HTTP/1.1 413 ")
        assert _raw(serving, b"", "Content-Length: -1").startswith(b"HTTP/1.1 411 ")
        assert _raw(serving, b"", "X-Y: z").startswith(b"HTTP/1.1 411 ")


def test_a_body_that_becomes_large_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"0" * (64 * MIB))
    assert len(bomb) < MIB
    with Serving(tmp_path) as serving:
        assert serving.post("/v1/logs", bomb, Content_Encoding="gzip") == 413
        assert serving.post("/v1/logs", b"no gzip", Content_Encoding="gzip") == 400
        assert serving.post("/v1/logs", gzip.compress(BODY)[:-20], Content_Encoding="gzip") == 400
        assert serving.post("/v1/logs", gzip.compress(BODY) * 2, Content_Encoding="gzip") == 400
        assert serving.post("/v1/logs", BODY, Content_Encoding="br") == 415


@pytest.mark.parametrize(
    "sent", [b"", b"POST /v1/logs", b"\0\0\0\0\r\n", b"nonsense\r\n\r\n", b"POST /v1/logs HTTP/9.9\r\n\r\n"]
)
def test_whoever_leaves_or_speaks_no_http_stops_nobody(sent: bytes, tmp_path: Path) -> None:
    with Serving(tmp_path) as serving:
        with socket.create_connection(_address(serving)) as connection:
            connection.sendall(sent)
        assert serving.post("/v1/logs", BODY) == 200


@pytest.mark.parametrize("limit", ["MOST_SECONDS", "SECONDS_WHILE_FULL"])
def test_clients_that_send_nothing_are_ended_and_do_not_keep_others_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(server, limit, 0.2)
    with Serving(tmp_path) as serving:
        slow = [socket.create_connection(_address(serving)) for _ in range(server.MOST_CONNECTIONS + 5)]
        assert _in_time(lambda: serving.post("/v1/logs", BODY) == 200)
        for one in slow:
            one.close()


def test_the_file_is_readable_by_its_owner_alone_and_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Serving(home) as serving:
        serving.post("/v1/logs", BODY)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (home, serving.file.parent)}
        assert (modes, stat.S_IMODE(serving.file.stat().st_mode)) == ({0o700}, 0o600)
        serving.file.unlink()
        serving.file.symlink_to(tmp_path / "elsewhere")
        assert serving.post("/v1/logs", BODY) == 503
        assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_when_it_is_told_to_and_says_what_it_stored(how: signal.Signals, tmp_path: Path) -> None:
    command = Command(tmp_path)
    assert post(command.url, "/v1/logs", BODY)[0] == 200
    idle = socket.create_connection(_split(command.url))
    assert command.end(how) == (0, "responses stored: 1 of claude-code\n")
    idle.close()


def test_a_second_one_on_the_same_port_says_so(tmp_path: Path) -> None:
    command = Command(tmp_path)
    words = ["otel", "serve", "--port", command.url.rpartition(":")[2]]
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, *words],
        env=command.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "is taken" in done.stderr
    assert "--port" in done.stderr
    command.end()


def test_what_was_answered_survives_a_kill_and_half_a_line_hides_no_other(tmp_path: Path) -> None:
    command = Command(tmp_path)
    assert post(command.url, "/v1/logs", BODY)[0] == 200
    assert command.end(signal.SIGKILL)[0] == -signal.SIGKILL
    with command.file.open("ab") as stream:
        stream.write(b'{"v":1,"assistant":"claude-co')
    command = Command(tmp_path)
    post(command.url, "/v1/logs", logs(claude_event("s-2")))
    command.end()
    first, _, last = command.file.read_bytes().splitlines()
    assert [json.loads(line)["session"] for line in (first, last)] == ["s-1", "s-2"]


@pytest.mark.skipif(not os.path.exists("/proc/net/tcp"), reason="needs the kernel's list of listeners")
def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    command = Command(tmp_path)
    port = int(command.url.rpartition(":")[2])
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert [one for one in listening if one.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]
    command.end()


def test_no_other_address_can_be_asked_for(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, "otel", "serve", "--host", "0.0.0.0"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2


def _address(serving: Serving) -> tuple[str, int]:
    return _split(serving.url)


def _split(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)


def _raw(serving: Serving, body: bytes, *headers: str) -> bytes:
    with socket.create_connection(_address(serving)) as connection:
        lines = ["POST /v1/logs HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
        connection.sendall("".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body)
        return connection.makefile("rb").read()


def _in_time(is_so: object) -> bool:
    assert callable(is_so)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if is_so():
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False
