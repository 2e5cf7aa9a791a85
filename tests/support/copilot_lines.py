"""Events and the store of Copilot CLI, of the shape real versions write (see the samples), with made-up words."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from support.claude_lines import iso

T0 = 1_790_000_000_000
SESSION = "6b93c8a4-e0d7-4aa8-bb51-c81ed6bb57eb"


def event(kind: str, time_ms: int, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "data": data, "id": f"id-{kind}-{time_ms}", "timestamp": iso(time_ms), "parentId": None}


def start(time_ms: int = T0, branch: str | None = "feat/a", cwd: str = "/repo", kind: str = "start") -> dict[str, Any]:
    """The start of a session, or with `resume` its resumption."""
    context = {"cwd": cwd, "gitRoot": cwd, **({"branch": branch} if branch else {})}
    return event(f"session.{kind}", time_ms, {"sessionId": SESSION, "copilotVersion": "1.0.102", "context": context})


def counts(input: int = 100, output: int = 30, cached: int = 60, written: int = 0, thought: int = 5) -> dict[str, Any]:
    return {
        "inputTokens": input,
        "outputTokens": output,
        "cacheReadTokens": cached,
        "cacheWriteTokens": written,
        "reasoningTokens": thought,
    }


def record(
    time_ms: int = T0 + 5000, number: int = 1, model: str = "gpt-5", session: str = SESSION, **more: Any
) -> dict[str, Any]:
    """A request of a model; `number` makes it another one."""
    usage = {
        "model": model,
        **counts(),
        "duration": 17 + number,
        "timeToFirstTokenMs": 15.45389 + number,
        "isByok": False,
        "apiCallId": f"call-{number}",
        "accounting": {"sourceSessionId": session, "sequence": number, "usageId": f"call-{number}"},
        **more,
    }
    return event("session.usage_record", time_ms, {"usage": usage})


def message(name: str = "m1", time_ms: int = T0 + 5000, output: int = 30, **more: Any) -> dict[str, Any]:
    """A message of a version without records."""
    data = {"messageId": name, "model": "gpt-5", "content": "words", "outputTokens": output, **more}
    return event("assistant.message", time_ms, data)


def tool(command: str, time_ms: int, *, ends: int, call: str = "call_1") -> list[dict[str, Any]]:
    """A tool that ran a command."""
    arguments = {"command": command, "description": "do it"}
    begin = {"toolCallId": call, "toolName": "bash", "arguments": arguments, "turnId": "0"}
    return [
        event("tool.execution_start", time_ms, begin),
        event("tool.execution_complete", ends, {"toolCallId": call, "success": True}),
    ]


def shutdown(time_ms: int, **models: dict[str, Any]) -> dict[str, Any]:
    """The end of a run; models are named with `_` for `-`."""
    metrics = {name.replace("_", "-"): {"requests": {"count": 1}, "usage": said} for name, said in models.items()}
    return event("session.shutdown", time_ms, {"shutdownType": "routine", "modelMetrics": metrics})


def store(home: Path, *rows: dict[str, Any], later: bool = True) -> Path:
    """A store with these rows; without `later` as its first versions made it."""
    path = home / ".copilot/session-store.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = "reasoning_tokens INTEGER, total_nano_aiu INTEGER, duration_ms INTEGER, time_to_first_token_ms INTEGER,"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.executescript(f"""
            CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, cwd TEXT, branch TEXT, created_at TEXT);
            CREATE TABLE IF NOT EXISTS assistant_usage_events (
                id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, model TEXT NOT NULL,
                input_tokens INTEGER, output_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER,
                {new if later else ""} created_at TEXT DEFAULT (datetime('now')));
            INSERT OR IGNORE INTO sessions VALUES ('{SESSION}', '/last', 'last', '');
        """)
        for row in rows:
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            db.execute(f"INSERT INTO assistant_usage_events ({names}) VALUES ({marks})", tuple(row.values()))
        db.commit()
    return path


def row(time_ms: int = T0 + 5000, number: int = 1, session: str = SESSION, **more: Any) -> dict[str, Any]:
    """The row of the request that `record` tells."""
    return {
        "session_id": session,
        "model": "gpt-5",
        "input_tokens": 100,
        "output_tokens": 30,
        "cache_read_tokens": 60,
        "cache_write_tokens": 0,
        "reasoning_tokens": 5,
        "duration_ms": 17 + number,
        "time_to_first_token_ms": 15.45389 + number,
        "created_at": iso(time_ms + 1),
        **more,
    }


def events(home: Path, *lines: dict[str, Any] | str, session: str = SESSION) -> Path:
    """The events of a session."""
    path = home / ".copilot/session-state" / session / "events.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    return path
