"""Copilot Chat's session files and Cursor's store, of the shape that the programs write, with made-up words."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tokcost.estimates.counting import estimated_tokens

CANARY = "zyzzyva canary of a private conversation "
"""No byte of it may be kept."""
WORDS = "hello world" * 3 + CANARY
SESSION = "0f6d9d8a-2b6e-4f0c-9d53-5f1f6f1f0c11"


@cache
def counted() -> int:
    """Tokens of `WORDS`, asked for when a test runs: the table of ranks takes half a second to read, also in a process
    that runs other tests."""
    return estimated_tokens([WORDS], "gpt-5")


def request(number: int, time_ms: int, text: str = WORDS, model: str = "copilot/gpt-5", **more: Any) -> dict[str, Any]:
    """One request of a chat session with its reply."""
    return {
        "requestId": f"request_{number}",
        "timestamp": time_ms,
        "modelId": model,
        "message": {"text": f"{CANARY} what was asked", "parts": []},
        "variableData": {"variables": []},
        "response": [
            {"kind": "mcpServersStarting", "didStartServerIds": []},
            {"value": text, "supportThemeIcons": False, "baseUri": {"path": "/x"}},
            {"kind": "inlineReference", "name": CANARY},
            {"kind": "toolInvocationSerialized", "invocationMessage": {"value": CANARY}},
        ],
        "result": {"metadata": {"toolCallRounds": [{"response": CANARY, "toolCalls": []}]}},
        **more,
    }


def chat(*requests: dict[str, Any], session: str = SESSION) -> dict[str, Any]:
    """A session of version 3."""
    return {"version": 3, "sessionId": session, "requests": list(requests), "initialLocation": "panel"}


class Copilot:
    """VS Code with Copilot Chat, in one window."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.user = home / ".config/Code/User"
        self.window = self.user / "workspaceStorage/0123abcd"
        (self.window / "chatSessions").mkdir(parents=True)
        (self.window / "workspace.json").write_text(json.dumps({"folder": folder.as_uri()}))

    def keeps(self, *requests: dict[str, Any], session: str = SESSION) -> Path:
        """Write a session as a whole."""
        path = self.window / "chatSessions" / f"{session}.json"
        path.write_text(json.dumps(chat(*requests, session=session)))
        return path

    def journals(self, *entries: dict[str, Any], session: str = SESSION) -> Path:
        """Append to a session's journal."""
        return self.journals_text("".join(json.dumps(one) + "\n" for one in entries), session)

    def journals_text(self, text: str, session: str = SESSION) -> Path:
        """The same as it stands."""
        path = self.window / "chatSessions" / f"{session}.jsonl"
        with path.open("a") as stream:
            stream.write(text)
        return path


class Cursor:
    """Cursor, with one conversation in a window."""

    def __init__(self, home: Path, folder: Path | None = None) -> None:
        self.user = home / ".config/Cursor/User"
        self.path = self.user / "globalStorage/state.vscdb"
        self.path.parent.mkdir(parents=True)
        self.run(self.path, "CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
        if folder is not None:
            window = self.user / "workspaceStorage/4567"
            window.mkdir(parents=True)
            (window / "workspace.json").write_text(json.dumps({"folder": folder.as_uri()}))
            self.run(window / "state.vscdb", "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
            listed = json.dumps({"allComposers": [{"composerId": "c1", "name": CANARY}]})
            self.run(window / "state.vscdb", "INSERT INTO ItemTable VALUES ('composer.composerData', ?)", listed)

    def says(self, number: int, time_ms: int, text: str = WORDS, kind: int = 2, **more: Any) -> None:
        """Write a bubble."""
        moment = datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        bubble = {
            "_v": 3,
            "type": kind,
            "bubbleId": f"b{number}",
            "text": text,
            "richText": CANARY,
            "createdAt": moment,
        }
        self.put(f"bubbleId:c1:b{number}", bubble | {"tokenCount": {"inputTokens": 0, "outputTokens": 0}} | more)

    def put(self, key: str, value: Any) -> None:
        """Write a value."""
        self.put_text(key, json.dumps(value))

    def put_text(self, key: str, text: str | None) -> None:
        """The same as it stands."""
        self.run(self.path, "INSERT INTO cursorDiskKV VALUES (?, ?)", key, text)

    def run(self, path: Path, query: str, *values: str | None) -> None:
        """Run a statement in a store."""
        with closing(sqlite3.connect(path)) as db:
            db.execute(query, values)
            db.commit()
