"""OpenAI Chat Completions (platform.openai.com/docs/api-reference/chat)."""

import json
from collections.abc import Iterator
from typing import Any

from real_assistants.dialects.common import Asked, Counts, Reply, Tool, event, kind_of, texts, tool_calls


def counts(number: int) -> Counts:
    """The prompt is cached in part; a part of the output is reasoning."""
    return Counts(3000 + 9 * number, 9000 + number, output=300 + number, reasoning=50 + number % 7)


def asked(path: str, body: dict[str, Any]) -> Asked:
    """Results of tools are messages of their own."""
    turns: list[tuple[str, bool]] = []
    for message in body.get("messages", ()):
        if message["role"] == "tool":
            turns.append(("", True))
        elif message["role"] == "user":
            turns.extend((text, False) for text in texts(message["content"]))
    offered = [tool["function"] for tool in body.get("tools", ()) if "function" in tool]
    tools = [Tool(tool["name"], tool.get("parameters", {})) for tool in offered]
    said = [text for message in body.get("messages", ())[:1] for text in texts(message["content"])]
    kind = kind_of("\n".join([*said, *(text for text, _ in turns[-1:])]))
    counted = bool((body.get("stream_options") or {}).get("include_usage"))
    return Asked(body["model"], turns, tools, bool(body.get("stream")), counted, kind)


def events(asked: Asked, reply: Reply) -> Iterator[bytes]:
    """The counts come in a chunk of their own behind the others, when they were asked for."""
    whole = document(asked, reply)
    message = whole["choices"][0]["message"]
    parts = [{"role": "assistant", "content": message["content"]}]
    for index, call in enumerate(message.get("tool_calls", ())):
        parts.append({"tool_calls": [{"index": index, **call}]})
    chunk = whole | {"object": "chat.completion.chunk"}
    del chunk["usage"]
    for part in parts:
        yield event(chunk | {"choices": [{"index": 0, "delta": part, "finish_reason": None}]})
    yield event(chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": whole["choices"][0]["finish_reason"]}]})
    if asked.counts_asked:
        yield event(chunk | {"choices": [], "usage": whole["usage"]})
    yield event("[DONE]")


def document(asked: Asked, reply: Reply) -> dict[str, Any]:
    """A completion with one choice."""
    message: dict[str, Any] = {"role": "assistant", "content": f"Reply {reply.number}."}
    calls = tool_calls(asked, reply.step)
    for index, (name, given) in enumerate(calls):
        function = {"name": name, "arguments": json.dumps(given)}
        one = {"id": f"call_{reply.number:05}_{index}", "type": "function", "function": function}
        message.setdefault("tool_calls", []).append(one)
    told = reply.counts
    prompt = told.input + told.cache_read
    return {
        "id": f"chatcmpl-{reply.number:05}",
        "object": "chat.completion",
        "created": 1_790_000_000 + reply.number,
        "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": told.output,
            "total_tokens": prompt + told.output,
            "prompt_tokens_details": {"cached_tokens": told.cache_read},
            "completion_tokens_details": {"reasoning_tokens": told.reasoning},
        },
    }
