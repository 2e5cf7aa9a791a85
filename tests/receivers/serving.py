"""A receiver of telemetry for tests: in this process, or as the command that people start."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tokcost.receivers.server import Notice, Receiver
from tokcost.receivers.store import Store

SENT = Path(__file__).parent / "sent"
"""Requests of real assistants, one a line, and the counts that the model server billed them. All text is masked."""
PROGRAM = "from tokcost.cli.start import main; main()"
JSON = "application/json"


def post(url: str, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    """Post a body as an exporter does; a header's name has `_` for `-`. The status and the answer."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    sent = {"Content_Type": JSON} | headers
    try:
        connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in sent.items() if value})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def sent_by(name: str) -> list[tuple[str, bytes]]:
    """Paths and bodies that a real assistant posted."""
    lines = (SENT / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    requests: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [(one["path"], json.dumps(one["body"]).encode()) for one in requests]


class Serving:
    """A receiver in this process; use it as a context manager."""

    def __init__(self, home: Path) -> None:
        self.file = home / "otel" / "received.jsonl"
        self.notices: list[Notice] = []
        self._receiver = Receiver(Store(home), "127.0.0.1", 0, self.notices.append)
        self.url = self._receiver.url
        self._thread = threading.Thread(target=self._receiver.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> "Serving":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._receiver.close()
        self._thread.join()

    @property
    def refused(self) -> int:
        """Responses whose counts could not be relied on."""
        return self._receiver.refused

    def post(self, path: str, body: bytes, **headers: str) -> int:
        """Post a body; the status."""
        return post(self.url, path, body, **headers)[0]

    def stored(self) -> list[dict[str, Any]]:
        """The responses in the file."""
        if not self.file.exists():
            return []
        return [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]


class Command:
    """`tokcost otel serve` as a process."""

    def __init__(self, home: Path, *words: str) -> None:
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(home), "TOKCOST_HOME": str(home / "tokcost")}
        self.file = home / "tokcost" / "otel" / "received.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", PROGRAM, "otel", "serve", *(words or ("--port", "0"))],
            env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.url = line.split()[2] if line else ""

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """End it; the exit code and all that it said since it began."""
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out + err


def claude_event(session: str = "s-1", /, **attributes: object) -> dict[str, Any]:
    """One `claude_code.api_request`."""
    said: dict[str, object] = {
        "session.id": session,
        "event.name": "api_request",
        "event.timestamp": "2026-11-27T10:00:00.000Z",
        "model": "claude-sonnet-4-5",
        "input_tokens": 10,
        "output_tokens": 200,
        "cache_read_tokens": 3000,
        "cache_creation_tokens": 400,
        "cost_usd": 0.0054,
    } | attributes
    return {
        "timeUnixNano": "1795773600000000000",
        "body": {"stringValue": "claude_code.api_request"},
        "attributes": [attribute(name, value) for name, value in said.items() if value is not None],
    }


def attribute(name: str, value: object) -> dict[str, Any]:
    """An attribute as JSON has it: 64-bit integers are strings."""
    kind = "stringValue" if isinstance(value, str) else "intValue" if isinstance(value, int) else "doubleValue"
    return {"key": name, "value": {kind: str(value) if kind == "intValue" else value}}


def logs(*records: dict[str, Any], service: str = "claude-code") -> bytes:
    """A request with log records."""
    resource = {"attributes": [attribute("service.name", service)]}
    return json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}).encode()
