"""Lines of Claude Code transcripts, of the shape real versions write (see the samples), with made-up words."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def iso(time_ms: int) -> str:
    """Milliseconds UTC as Claude Code writes a time."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def counts(
    input: int = 4, cache_read: int = 10_000, write_5m: int = 500, write_1h: int = 700, output: int = 200, **more: Any
) -> dict[str, Any]:
    """A `usage` object."""
    return {
        "input_tokens": input,
        "cache_creation_input_tokens": write_5m + write_1h,
        "cache_read_input_tokens": cache_read,
        "output_tokens": output,
        "service_tier": "standard",
        "cache_creation": {"ephemeral_5m_input_tokens": write_5m, "ephemeral_1h_input_tokens": write_1h},
        **more,
    }


def assistant(
    message: str = "msg_1", request: str | None = "req_1", time_ms: int = 1_790_000_000_000, **more: Any
) -> dict[str, Any]:
    """An assistant line: one content block of a response. `usage`, `model` and `stop_reason` go into the message, so do
    `text` or the `command` of a tool."""
    content: dict[str, Any] = {"type": "text", "text": more.pop("text", "some words")}
    if command := more.pop("command", None):
        content = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": command}}
    line: dict[str, Any] = {
        "parentUuid": None,
        "isSidechain": False,
        "message": {
            "id": message,
            "type": "message",
            "role": "assistant",
            "model": more.pop("model", "claude-sonnet-4-5"),
            "content": [content],
            "stop_reason": more.pop("stop_reason", "end_turn"),
            "usage": more.pop("usage", counts()),
        },
        "type": "assistant",
        "uuid": f"uuid-{message}-{time_ms}",
        "timestamp": iso(time_ms),
        "cwd": "/somewhere/repo",
        "sessionId": "session-1",
        "version": "2.1.330",
        "gitBranch": "feat/a",
    }
    if request is not None:
        line["requestId"] = request
    return line | more


def cost_state(session: str = "session-1", **models: dict[str, int]) -> dict[str, Any]:
    """A running total of a session. Each model's counts use the names of `counts`."""
    usage = {
        name.replace("_", "-"): {
            "inputTokens": c.get("input", 0),
            "outputTokens": c.get("output", 0),
            "cacheReadInputTokens": c.get("cache_read", 0),
            "cacheCreationInputTokens": c.get("write_5m", 0) + c.get("write_1h", 0),
            "cacheCreationEphemeral5mInputTokens": c.get("write_5m", 0),
            "cacheCreationEphemeral1hInputTokens": c.get("write_1h", 0),
            "webSearchRequests": c.get("web_searches", 0),
        }
        for name, c in models.items()
    }
    return {"type": "cost-state", "sessionId": session, "modelUsage": usage}


def write(path: Path, *lines: dict[str, Any] | str) -> Path:
    """A file of lines, its folders made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(encode(line) for line in lines))
    return path


def append(path: Path, *lines: dict[str, Any] | str) -> None:
    """More lines at the end of a file."""
    with path.open("ab") as stream:
        stream.write(b"".join(encode(line) for line in lines))


def encode(line: dict[str, Any] | str) -> bytes:
    """A line as it is written."""
    text = line if isinstance(line, str) else json.dumps(line, separators=(",", ":"))
    return text.encode() + b"\n"
