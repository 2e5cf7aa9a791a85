"""Homes of assistants of which there is no recording of a real run: records of the shapes that their sources and public
logs show, with words of people and models wherever such records have them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from support.claude_lines import iso, write

T0 = 1_790_000_000_000
SHOP = "/home/dev/shop"
SAID = {"role": "user", "content": [{"type": "text", "text": "words"}], "title": "words", "thinking": "words"}
TOOL = {"name": "Bash", "args": {"command": "git switch words"}, "result": {"stdout": "words", "path": "words"}}


def kimi(home: Path) -> None:
    session = home / ".kimi-code/sessions/wd_shop_057f5c09ee3f/session_1"
    counts = {"inputOther": 120, "output": 40, "inputCacheRead": 3000, "inputCacheCreation": 7}
    request = {"type": "llm.request", "provider": "kimi", "model": "kimi-k2.6", "modelAlias": "fast", "time": T0}
    used = {"type": "usage.record", "model": "fast", "usage": counts, "usageScope": "turn", "time": T0 + 500}
    head = {"type": "metadata", "protocol_version": "1.5"}
    said = (head, {"type": "turn.prompt", **SAID}, {"type": "tool.call", **TOOL})
    write(session / "agents/main/wire.jsonl", *said, request | {"system": "words"}, used | {"note": "words"})
    (session / "state.json").write_text(json.dumps({"title": "words", "workDir": SHOP, "lastPrompt": "words"}))


def junie(home: Path) -> None:
    counts = {"model": "claude-fable-5", "cost": 0.09, "inputTokens": 2, "cacheInputTokens": 18_631, "time": 0,
              "cacheCreateTokens": 4826, "outputTokens": 266}  # fmt: skip
    told = {"kind": "LlmResponseMetadataEvent", "agent": {"kind": "MainAgent", "name": "words"}, "modelUsage": [counts]}
    moved = {"kind": "CurrentDirectoryUpdatedEvent", "currentDirectory": SHOP}
    lines = ({"kind": "UserPromptEvent", "prompt": "words", **SAID}, _junie(moved), _junie({"kind": "Tool", **TOOL}),
             _junie(told))  # fmt: skip
    sessions = home / ".junie/sessions"
    write(sessions / "session-260825-150418-1vll/events.jsonl", *lines)
    write(
        sessions / "index.jsonl", {"sessionId": "session-260825-150418-1vll", "projectDir": SHOP, "taskName": "words"}
    )


def _junie(event: dict[str, Any]) -> dict[str, Any]:
    inner = {"state": "IN_PROGRESS", "agentEvent": event, "text": "words"}
    return {"kind": "SessionA2uxEvent", "event": inner, "taskId": "t", "timestampMs": T0 + 500}


def grok(home: Path) -> None:
    counts = {"inputTokens": 1100, "outputTokens": 60, "totalTokens": 1160, "cachedReadTokens": 1000}
    usage = {**counts, "modelUsage": {"grok-4.5-build": counts}, "numTurns": 2}
    ended = {"sessionUpdate": "turn_completed", "prompt_id": "p-1", "stop_reason": "end_turn", "usage": usage}
    chunk = {"sessionUpdate": "agent_message_chunk", **SAID, **TOOL}
    session = home / ".grok/sessions/%2Fhome%2Fdev%2Fother/s-1"
    write(session / "updates.jsonl", _grok(chunk), _grok(ended | {"summary": "words"}))
    told = {"info": {"id": "s-1", "cwd": SHOP}, "session_summary": "words", "current_model_id": "grok-build"}
    (session / "summary.json").write_text(json.dumps(told))


def _grok(update: dict[str, Any]) -> dict[str, Any]:
    params = {"sessionId": "s", "update": update, "_meta": {"note": "words"}}
    return {"timestamp": T0 // 1000 + 5, "method": "_x.ai/session/update", "params": params}


def amp(home: Path) -> None:
    usage = {"model": "claude-sonnet-4", "inputTokens": 7, "outputTokens": 87, "cacheReadInputTokens": 15_863,
             "cacheCreationInputTokens": 180, "credits": 3, "timestamp": iso(T0)}  # fmt: skip
    answer = {**SAID, "role": "assistant", "messageId": 2, "usage": usage, "tool": TOOL}
    event = {"id": "e1", "timestamp": iso(T0 + 9000), "model": "claude-sonnet-4", "toMessageId": 9, "reason": "words",
             "tokens": {"input": 7, "output": 87}}  # fmt: skip
    repository = {"url": "https://x/y", "ref": "refs/heads/feat/a", "sha": "ab"}
    trees = [{"uri": f"file://{SHOP}", "displayName": "words", "repository": repository}]
    told = {"v": 3, "id": "T-1", "created": T0, "title": "words", "messages": [SAID | {"messageId": 1}, answer],
            "env": {"initial": {"trees": trees}}, "usageLedger": {"events": [event]}}  # fmt: skip
    path = home / ".local/share/amp/threads/T-1.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(told))


def pi(home: Path) -> None:
    head = {"type": "session", "version": 3, "id": "s-1", "timestamp": iso(T0), "cwd": SHOP, "name": "words"}
    usage = {"input": 5, "output": 70, "cacheRead": 400, "cacheWrite": 60, "totalTokens": 535}
    said = {**SAID, "role": "assistant", "api": "anthropic-messages", "provider": "anthropic",
            "model": "claude-opus-4-5", "usage": usage, "stopReason": "stop",
            "timestamp": T0 + 500, "responseId": "msg_1", "call": TOOL}  # fmt: skip
    reply = {"type": "message", "id": "a1", "parentId": None, "timestamp": iso(T0 + 500), "message": said}
    prompt = {"type": "message", "id": "a0", "parentId": None, "timestamp": iso(T0), "message": SAID}
    named = {"type": "session_info", "id": "a2", "timestamp": iso(T0), "name": "words"}
    write(home / ".pi/agent/sessions/--home-dev-shop--/s.jsonl", head, prompt, reply, named)


def goose(home: Path) -> None:
    path = home / ".local/share/goose/sessions/sessions.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"""
            CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT, description TEXT,
                working_dir TEXT, created_at TIMESTAMP, updated_at TIMESTAMP, extension_data TEXT,
                total_tokens INTEGER, input_tokens INTEGER,
                output_tokens INTEGER, accumulated_total_tokens INTEGER, accumulated_input_tokens INTEGER,
                accumulated_output_tokens INTEGER, recipe_json TEXT, provider_name TEXT, model_config_json TEXT);
            CREATE TABLE messages (id INTEGER PRIMARY KEY, session_id TEXT, role TEXT, content_json TEXT);
            CREATE TABLE usage_ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,
                created_timestamp INTEGER NOT NULL, model TEXT, input_tokens INTEGER, output_tokens INTEGER,
                total_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER, cost REAL,
                cost_source TEXT, is_compaction INTEGER DEFAULT 0);
            INSERT INTO sessions VALUES ('20260921_1', 'words', 'words', '{SHOP}', '2026-09-21 14:13:20',
                '2026-09-21 14:20:00', '{{"todo": "words"}}', 0, 0, 0, 0, 0, 0, '{{"prompt": "words"}}', 'anthropic',
                '{{"model_name": "claude-sonnet-4-5", "system": "words"}}');
            INSERT INTO messages VALUES (1, '20260921_1', 'user', '[{{"type": "text", "text": "words"}}]');
            INSERT INTO usage_ledger VALUES (1, '20260921_1', {T0 // 1000}, 'claude-sonnet-4-5', 100, 20, 120, 30, 10,
                NULL, 'words', 0);
        """)


def copilot_chat(home: Path) -> None:
    path = home / ".config/Code/User/globalStorage/github.copilot-chat/agent-traces.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"""
            CREATE TABLE spans (span_id TEXT PRIMARY KEY, trace_id TEXT NOT NULL, parent_span_id TEXT,
                name TEXT NOT NULL, start_time_ms INTEGER NOT NULL,
                end_time_ms INTEGER NOT NULL, status_code INTEGER NOT NULL DEFAULT 0,
                status_message TEXT, operation_name TEXT, provider_name TEXT, agent_name TEXT, conversation_id TEXT,
                request_model TEXT, response_model TEXT, input_tokens INTEGER, output_tokens INTEGER,
                cached_tokens INTEGER, reasoning_tokens INTEGER, tool_name TEXT, tool_call_id TEXT, tool_type TEXT,
                chat_session_id TEXT, turn_index INTEGER, ttft_ms REAL);
            CREATE TABLE span_attributes (span_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT,
                PRIMARY KEY (span_id, key));
            INSERT INTO spans VALUES ('s1', 't1', 'agent', 'chat gpt-5', {T0}, {T0 + 900}, 0, 'words', 'chat', 'github',
                'panel', 'c1', 'gpt-5', 'gpt-5-x', 100, 30, 60, 5, 'words', 'words', 'words', 'session-1', 1, 0.5);
            INSERT INTO span_attributes VALUES ('s1', 'gen_ai.input.messages', 'words'),
                ('s1', 'gen_ai.usage.cache_creation.input_tokens', '20'), ('s1', 'copilot_chat.user_request', 'words');
        """)


HOMES = {
    "kimi": kimi,
    "junie": junie,
    "grok": grok,
    "amp": amp,
    "pi": pi,
    "goose": goose,
    "copilot-chat": copilot_chat,
}
"""What makes the home of each."""
