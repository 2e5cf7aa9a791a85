"""Lines of Codex rollouts, of the shape real versions write (see the samples)."""

from typing import Any

from support.claude_lines import iso

T0 = 1_790_000_000_000
THREAD, PARENT = "019a0000-0000-7000-8000-000000000001", "019a0000-0000-7000-8000-00000000000f"


def line(kind: str, time_ms: int = T0, **payload: Any) -> dict[str, Any]:
    """A record in its envelope."""
    return {"timestamp": iso(time_ms), "type": kind, "payload": payload}


def meta(thread: str = THREAD, time_ms: int = T0, **more: Any) -> dict[str, Any]:
    """The first line of a rollout."""
    fields = {
        "id": thread,
        "timestamp": iso(time_ms),
        "cwd": "/r",
        "git": {"branch": "feat/a"},
        "model_provider": "openai",
    }
    return line("session_meta", time_ms, **{**fields, **more})


def uuid7(time_ms: int, number: int = 0) -> str:
    """An id of a thread or turn, which begins with its time."""
    text = f"{time_ms:012x}"
    return f"{text[:8]}-{text[8:]}-7000-8000-{number:012x}"


def turn(time_ms: int = T0, model: str = "gpt-5-codex", **more: Any) -> dict[str, Any]:
    """The context of a turn."""
    return line("turn_context", time_ms, **{"turn_id": uuid7(time_ms), "model": model, "cwd": "/r", **more})


def counters(read: int, cached: int = 0, output: int = 0, reasoning: int = 0, **more: int) -> dict[str, int]:
    """Counts as Codex writes them: what was cached is inside `read`."""
    return {
        "input_tokens": read,
        "cached_input_tokens": cached,
        "output_tokens": output,
        "reasoning_output_tokens": reasoning,
        "total_tokens": read + output,
        **more,
    }


def count(
    total: dict[str, int] | None, last: dict[str, int] | None = None, time_ms: int = T0, **more: Any
) -> dict[str, Any]:
    """A running total, and the response that made it grow last."""
    info = None if total is None else {"total_token_usage": total, "last_token_usage": last or total}
    return line("event_msg", time_ms, **{"type": "token_count", "info": info, "rate_limits": {}, **more})


def of_limit(limit: str | None, total: int, last: int, time_ms: int = T0) -> dict[str, Any]:
    """A running total of input told under a rate limit."""
    return count(counters(total), counters(last), time_ms, rate_limits={"limit_id": limit, "primary": None})


def last_only(last: dict[str, int], time_ms: int = T0) -> dict[str, Any]:
    """A response told without a running total."""
    return count(None, None, time_ms, info={"last_token_usage": last})


def total_only(total: int, time_ms: int = T0) -> dict[str, Any]:
    """A running total of input that does not say which response made it grow."""
    return count(None, None, time_ms, info={"total_token_usage": counters(total), "last_token_usage": None})


def thread_settings(time_ms: int = T0, **named: Any) -> dict[str, Any]:
    """Settings of a thread for its later turns."""
    return line("event_msg", time_ms, type="thread_settings_applied", thread_settings=named)


def record(
    response: str, usage: dict[str, int], time_ms: int = T0, thread: str = THREAD, **more: Any
) -> dict[str, Any]:
    """A response by itself."""
    return line("token_usage_record", time_ms, thread_id=thread, response_id=response, usage=usage, **more)
