"""opencode's store, of the shape real versions write (see the samples), with made-up words."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, cast

T0 = 1_790_000_000_000
"""When messages are created, in milliseconds, unless a test says otherwise."""

_SCHEMA = """
CREATE TABLE session (id text PRIMARY KEY, parent_id text, directory text NOT NULL, version text NOT NULL,
    cost real DEFAULT 0 NOT NULL, tokens_input integer DEFAULT 0 NOT NULL,
    time_created integer NOT NULL, time_updated integer NOT NULL);
CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, time_created integer NOT NULL,
    time_updated integer NOT NULL, data text NOT NULL);
CREATE TABLE part (id text PRIMARY KEY, message_id text NOT NULL, data text NOT NULL);
CREATE INDEX part_message_id_id_idx ON part (message_id, id);
"""
SECOND_SCHEMA = """
CREATE TABLE session_v2 (id text PRIMARY KEY, directory text NOT NULL, version text NOT NULL,
    fork_session_id text, time_created integer NOT NULL);
CREATE TABLE session_message (id text PRIMARY KEY, session_id text NOT NULL, type text NOT NULL, seq integer NOT NULL,
    time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
"""


def counts(
    read: int = 10, cache_read: int = 20, write: int = 30, output: int = 40, reasoning: int = 0, **more: int
) -> dict[str, Any]:
    """`tokens` of a message; `total` where it is given."""
    return {
        "input": read,
        "output": output,
        "reasoning": reasoning,
        "cache": {"read": cache_read, "write": write},
        **more,
    }


def message(created: int = T0, *, done: bool = True, **more: Any) -> dict[str, Any]:
    """An assistant's message."""
    time = {"created": created} | ({"completed": created + 900} if done else {})
    said = {"role": "assistant", "agent": "build", "modelID": "gpt-5-codex", "providerID": "openai", "time": time}
    return {**said, "path": {"cwd": "/r", "root": "/r"}, "cost": 0.25, "tokens": counts(), **more}


class StoreOf:
    """A store that tests write to. Each write is a transaction of its own, and no connection stays open."""

    def __init__(self, path: Path, schema: str = _SCHEMA, *, wal: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        with closing(self.open()) as db:
            if wal:
                db.execute("PRAGMA journal_mode = WAL")
            db.executescript(schema)

    def open(self) -> sqlite3.Connection:
        """A connection of the assistant's own; nothing is checkpointed by itself."""
        db = sqlite3.connect(self.path, isolation_level=None)
        db.execute("PRAGMA wal_autocheckpoint = 0")
        return db

    def run(self, query: str, *parameters: Any) -> None:
        """Execute one statement."""
        with closing(self.open()) as db:
            db.execute(query, parameters)

    def session(
        self, name: str = "ses_1", *, began: int = T0 - 1000, version: str = "1.18.33", cwd: str = "/r"
    ) -> None:
        """Add a session."""
        self.run("INSERT INTO session VALUES (?, NULL, ?, ?, 9.5, 777, ?, ?)", name, cwd, version, began, began)

    def call(self, message: str, command: str, start: int, workdir: str = "") -> None:
        """Add a call of the shell that a message's response asked for."""
        given = {"command": command, "workdir": workdir} if workdir else {"command": command}
        state = {"status": "completed", "input": given, "output": "", "time": {"start": start}}
        part = {"type": "tool", "tool": "bash", "callID": "c", "state": state}
        self.run("INSERT INTO part VALUES (?, ?, ?)", f"prt_{message}_{start}", message, json.dumps(part))

    def say(
        self, name: str, data: Any, session: str = "ses_1", *, updated: object = None, table: str = "message"
    ) -> None:
        """Write a message, or write it again. `data` that is no dict is written as it stands."""
        text = json.dumps(data) if isinstance(data, dict) else data
        created: int = cast("dict[str, Any]", data)["time"]["created"] if isinstance(data, dict) else T0
        columns = "id, session_id, time_created, time_updated, data"
        more: tuple[Any, ...] = ()
        if table == "session_message":
            columns, more = f"{columns}, type, seq", ("assistant", 1)
        values = (name, session, created, created + 900 if updated is None else updated, text, *more)
        self.run(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({', '.join('?' * len(values))})", *values)
