"""An assistant that stays, as editors use it: one process, prompt after prompt.

Editors speak the Agent Client Protocol with most of them (agentclientprotocol.com): a JSON-RPC message on each line.
Claude Code has a protocol of its own (`--input-format stream-json`).
"""

import json
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from real_assistants.assistants import Assistant, start

_SECONDS = 120
_ACP: dict[str, tuple[str, ...]] = {
    "gemini-cli": ("--acp", "--approval-mode", "yolo", "--skip-trust"),
    "opencode": ("acp",),
    "qwen-code": ("--acp", "--approval-mode", "yolo", "--auth-type", "openai"),
    "copilot-cli": ("--acp", "--allow-all", "--no-auto-update", "--disable-builtin-mcps"),
    "cline": ("--acp", "--auto-approve", "true", "-P", "openai-compatible"),
}
_STREAM = ("-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose")
_ALLOWED = ("--allowedTools", "Bash")
_TAKES_MODEL = ("gemini-cli", "qwen-code", "copilot-cli", "cline", "claude-code")


def can_stay(assistant: Assistant) -> bool:
    """Whether this module knows how to talk to a process of it that stays."""
    return assistant.name in _ACP or assistant.name == "claude-code"


class Live:
    """A process that stays; use it as a context manager."""

    def __init__(self, assistant: Assistant, server: str, home: Path, folder: Path) -> None:
        self._is_acp, self._folder = assistant.name in _ACP, folder
        words = [*_ACP[assistant.name]] if self._is_acp else [*_STREAM, *_ALLOWED]
        if assistant.name in _TAKES_MODEL:
            words += ["--model" if assistant.name != "cline" else "-m", assistant.model]
        self._process = start(assistant, words, server, home, folder)
        self._timer = threading.Timer(_SECONDS, self._process.kill)
        self._number = 0
        self._session = ""

    def __enter__(self) -> "Live":
        self._timer.start()
        if self._is_acp:
            files = {"readTextFile": False, "writeTextFile": False}
            self._ask("initialize", protocolVersion=1, clientCapabilities={"fs": files, "terminal": False})
            self._session = self._ask("session/new", cwd=str(self._folder), mcpServers=[])["sessionId"]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._timer.cancel()

    def says(self, text: str) -> None:
        """Say a prompt and wait for the end of its turn."""
        if self._is_acp:
            self._ask("session/prompt", sessionId=self._session, prompt=[{"type": "text", "text": text}])
            return
        self._send({"type": "user", "message": {"role": "user", "content": text}})
        while self._next()["type"] != "result":
            pass

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == self._number and "method" not in message:
                assert "result" in message, message
                return message["result"]
            if message.get("method") == "session/request_permission":
                options = message["params"]["options"]
                allow = next(one["optionId"] for one in options if one["kind"].startswith("allow"))
                outcome = {"outcome": {"outcome": "selected", "optionId": allow}}
                self._send({"jsonrpc": "2.0", "id": message["id"], "result": outcome})
            elif "id" in message and "method" in message:
                error = {"code": -32601, "message": "not here"}
                self._send({"jsonrpc": "2.0", "id": message["id"], "error": error})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _next(self) -> dict[str, Any]:
        """The next message. Programs print other lines too."""
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise AssertionError(f"the program ended: {self._process.wait()}")
