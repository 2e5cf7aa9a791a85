"""Spans of Copilot Chat (`agent-traces.db`; `otelSqliteStore.ts` and `chatMLFetcher.ts` of its source).

A `chat` span is one request to a model. The span of the surrounding agent (`invoke_agent`) has their sum, and names the
branch in newer versions. The input includes cache reads and writes, the output reasoning. Other agents that run in VS
Code with Copilot's models (Claude Code, Codex) write their own logs of the same requests; their spans are skipped.
"""

import os
from collections.abc import Iterator
from typing import Any

from tokcost.model.bounds import MAX_NAME, is_path
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import MAX_TOKENS, Tokens, Usage
from tokcost.readers.copilot_chat.workspaces import Workspaces
from tokcost.readers.sources.sqlite_store import SqliteStoreReader

NAME = "copilot-chat"

_PROVIDERS = {"github": "github-copilot", "azure.ai.openai": "azure", "gemini": "google"}
_LOGGED_ELSEWHERE = ("Claude Copilot Proxy", "agentLMServer")
"""The prefixes of the names of requests that the extension makes for other agents."""
_REQUIRED = {
    "spans": (
        *("span_id", "trace_id", "parent_span_id", "start_time_ms", "operation_name", "provider_name", "agent_name"),
        *("conversation_id", "request_model", "response_model", "input_tokens", "output_tokens", "cached_tokens"),
        *("reasoning_tokens", "chat_session_id"),
    ),
    "span_attributes": ("span_id", "key", "value"),
}
_OWN = "SELECT value FROM span_attributes AS own WHERE own.span_id = spans.span_id AND own.key ="
_QUERY = f"""
    SELECT rowid, span_id, start_time_ms, provider_name, agent_name,
        coalesce(chat_session_id, ({_OWN} 'copilot_chat.session_id'), conversation_id),
        coalesce(response_model, request_model), input_tokens, cached_tokens,
        ({_OWN} 'gen_ai.usage.cache_creation.input_tokens'), output_tokens, reasoning_tokens,
        (SELECT value FROM spans AS agent JOIN span_attributes AS told ON told.span_id = agent.span_id
            WHERE agent.trace_id = spans.trace_id AND agent.operation_name = 'invoke_agent'
            AND told.key = 'copilot_chat.repo.head_branch_name' LIMIT 1)
    FROM spans
    WHERE rowid >= ? AND operation_name = 'chat' AND input_tokens IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM spans AS part WHERE part.trace_id = spans.trace_id AND part.parent_span_id = spans.span_id
        AND part.operation_name = 'chat' AND part.input_tokens IS NOT NULL)
    ORDER BY rowid
"""
"""A span is written when it ends, so the parts of a span precede it in the store."""


def read_spans(source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """New requests in a store of spans. Raises `OSError` if it cannot be read, or has an unknown version."""
    return _Spans(source.path).read(source, cursor)


class _Spans(SqliteStoreReader):
    """The spans of one store, in one read."""

    name = NAME
    required = _REQUIRED
    identity = 3  # the row's id, the span's id and its time; the branch may be added later
    query = _QUERY

    def __init__(self, path: str) -> None:
        user = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(path))))
        self._workspaces = Workspaces(os.path.join(user, "workspaceStorage"))

    def usage(self, row: tuple[Any, ...]) -> Usage | None:
        """One request; `None` for one that another assistant logs."""
        _, span, began, provider, agent, session, model, read, cached, written, said, thought, branch = row
        if (agent or "").startswith(_LOGGED_ELSEWHERE):
            return None
        cached, written = cached or 0, int(written or 0)
        counts = (read - cached - written, cached, written, 0, said or 0)
        if min(*counts, thought or 0) < 0 or max(counts) >= MAX_TOKENS or len(session or "") > MAX_NAME:
            raise ValueError("impossible counts")
        if not any(counts):
            return None
        return Usage(
            NAME,
            f"copilot-chat:{span}",
            began,
            model or "",
            Tokens(*counts, min(thought or 0, said or 0)),
            session or "",
            self._workspaces.folder_of(session or ""),
            branch if branch and is_path(branch) else "",
            branch_stale=True,
            provider=_PROVIDERS.get(provider, provider or ""),
        )
