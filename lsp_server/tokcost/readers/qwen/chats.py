"""Records of Qwen Code's chats.

Each request to a model leaves a telemetry record, including those of sub-agents, of memory and of compression. Its
message may follow with the same counts, and only matters for older versions, which have no telemetry.
`usage_record.jsonl` repeats the sums of sessions and is not read.

The prompt includes cache reads. Whether the output includes thoughts depends on the provider: the total shows it,
otherwise the authentication type (`getEventTotalTokenCount` in the assistant's `uiTelemetry.ts`). The branch is looked
up for each record, but a process driven by an editor (`--acp`) keeps its initial one. A response is logged when it is
complete, a tool call when it has ended. A fork copies records with their ids and times, under its own session and
folder, and marks them (`forkedFrom`).
"""

from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from tokcost.model.bounds import MAX_NAME, count
from tokcost.model.usage import MAX_TOKENS, Tokens, Usage
from tokcost.readers.sources.git_commands import moves_of_head
from tokcost.readers.sources.head_order import HeadOrder
from tokcost.readers.sources.numbers import count_of, text_in
from tokcost.readers.sources.records import milliseconds

NAME = "qwen-code"

_RESPONSE = "qwen-code.api_response"
_TOOL = "qwen-code.tool_call"
_LONGEST_COMMAND = 8192
"""Bytes of a command that are searched."""
_PROVIDERS = {"gemini": "google", "vertex-ai": "google", "anthropic": "anthropic"}
"""The provider by authentication type; `openai` is any compatible one."""
_TOLD = "told"
"""Key of a chat's state: its version has telemetry for each request."""
_MOVED, _NEXT, _LAST = "moved_ms", "next_second", "last_ms"
"""The fields of `HeadOrder`, and the time of the last response."""
_BRANCH, _LEFT = "branch", "left"
"""The branch of the last response, and the branch at the time a tool moved HEAD."""


def usage_of(record: dict[str, Any], session: dict[str, Any]) -> Usage | None:
    """The response in a record. Raises `ValueError` and related errors for impossible or missing values."""
    if record.get("type") == "assistant":
        return None if session.get(_TOLD) else _message(record)
    event: dict[str, Any] = record["systemPayload"]["uiEvent"] if record.get("subtype") == "ui_telemetry" else {}
    if event.get("event.name") == _TOOL:
        _heed_tool(record, event, session)
    if event.get("event.name") != _RESPONSE:
        return None
    session[_TOLD] = True
    counts = [count_of(event, f"{name}_token_count") for name in ("input", "output", "thoughts", "cached_content")]
    counts.append(_total(event.get("total_token_count")))
    sign_in = str(event.get("auth_type") or "")
    time_ms = _moment(event.get("event.timestamp")) or milliseconds(datetime.fromisoformat(record["timestamp"]))
    response = event.get("response_id") or ".".join(map(str, (time_ms, *counts)))
    usage = _usage(record, f"qwen:{response}", time_ms, text_in(event, "model"), counts, sign_in)
    return usage and (usage if usage.copy_rank else _ordered(usage, session))


def _moment(written: object) -> int:
    """A time in milliseconds; 0 for what is none."""
    with suppress(ValueError):
        return milliseconds(datetime.fromisoformat(written)) if isinstance(written, str) else 0
    return 0


def _heed_tool(record: dict[str, Any], event: dict[str, Any], session: dict[str, Any]) -> None:
    """Process a tool call, which the last response requested."""
    given = event.get("function_args")
    command = cast("dict[str, object]", given).get("command") if isinstance(given, dict) else None
    if not isinstance(command, str) or record.get("forkedFrom") or not session.get(_LAST):
        return
    text = command[:_LONGEST_COMMAND].encode("utf-8", "replace")
    if moves_of_head(text, 0, len(text), text_in(record, "cwd")):
        order = _order(session)
        order.is_before_a_move(session[_LAST], moves=True)
        session.update({_MOVED: order.moved_ms, _NEXT: order.next_second, _LEFT: session.get(_BRANCH)})


def _ordered(usage: Usage, session: dict[str, Any]) -> Usage:
    """A response with what is known about its order relative to moves of HEAD within its second. A branch that
    differs from the previous response's was looked up after the move."""
    order, is_fresh = _order(session), usage.branch != session.get(_BRANCH, usage.branch)
    is_behind = order.is_behind_a_move(usage.time_ms)
    is_before = order.is_before_a_move(usage.time_ms, moves=False)
    if usage.branch != session.get(_LEFT):
        session.pop(_LEFT, None)
    session.update({_NEXT: order.next_second, _LAST: usage.time_ms, _BRANCH: usage.branch})
    return usage._replace(branch_stale=_LEFT in session, moves_head=is_before and not is_behind and not is_fresh)


def _order(session: dict[str, Any]) -> HeadOrder:
    return HeadOrder(session.get(_MOVED, 0), session.get(_NEXT, 0))


def _message(record: dict[str, Any]) -> Usage | None:
    said = record.get("usageMetadata")
    if not said:
        return None
    counts = [count_of(said, f"{name}TokenCount") for name in ("prompt", "candidates", "thoughts", "cachedContent")]
    counts.append(_total(said.get("totalTokenCount")))
    time_ms = milliseconds(datetime.fromisoformat(record["timestamp"]))
    return _usage(record, f"qwen:{record['uuid']}", time_ms, text_in(record, "model"), counts, "")


def _usage(record: dict[str, Any], key: str, time_ms: int, model: str, counts: list[int], sign_in: str) -> Usage | None:
    if not any(counts):
        return None  # the provider reported nothing
    session = text_in(record, "sessionId")
    if any(len(one) > MAX_NAME for one in (session, model, key)):
        raise ValueError("no names")
    return Usage(
        NAME,
        key,
        time_ms,
        model,
        _tokens(*counts, sign_in=sign_in),
        session,
        text_in(record, "cwd"),
        text_in(record, "gitBranch"),
        provider=_PROVIDERS.get(sign_in, ""),
        copy_rank=2 if record.get("forkedFrom") else 0,
        # The user's own server may give all responses one id; copies keep their time.
        weak_key=True,
    )


def _tokens(prompt: int, output: int, thoughts: int, cached: int, total: int, *, sign_in: str) -> Tokens:
    # A missing prompt had at least what came from the cache.
    prompt = prompt or cached
    if not _contains_thoughts(prompt + output, thoughts, total, sign_in) or thoughts > output:
        output += thoughts
    if cached > prompt or max(prompt, output) >= MAX_TOKENS:
        raise ValueError("impossible counts")
    return Tokens(prompt - cached, cached, output=output, reasoning=thoughts)


def _total(told: object) -> int:
    """A total, which only shows whether the output contains thoughts; 0, as if none was told, if it is no count."""
    try:
        return count(told)
    except ValueError:
        return 0


def _contains_thoughts(shown: int, thoughts: int, total: int, sign_in: str) -> bool:
    if total in (shown, shown + thoughts):
        return total == shown
    return _PROVIDERS.get(sign_in) != "google"
