"""Anthropic Messages (docs.anthropic.com/en/api/messages, .../messages-streaming)."""

import json
from collections.abc import Iterator
from typing import Any

from real_assistants.dialects.common import Asked, Counts, Reply, Tool, event, texts, tool_calls


def counts(number: int) -> Counts:
    """Both caches are written; a part of the output is thinking."""
    return Counts(3 + number, 10_000 + 100 * number, 500 + number, 700 + number, 200 + number, 40 + number % 7)


def asked(path: str, body: dict[str, Any]) -> Asked:
    """Results of tools are blocks of the user's messages."""
    turns: list[tuple[str, bool]] = []
    for message in body.get("messages", ()):
        if message["role"] == "user":
            turns.extend((text, False) for text in texts(message["content"]))
            if isinstance(message["content"], list):
                turns.extend(("", True) for block in message["content"] if block.get("type") == "tool_result")
    tools = [Tool(tool["name"], tool.get("input_schema", {})) for tool in body.get("tools", ()) if "name" in tool]
    kind = "trial" if body.get("max_tokens") == 1 else "work"
    return Asked(body["model"], turns, tools, bool(body.get("stream")), kind=kind)


def events(asked: Asked, reply: Reply) -> Iterator[bytes]:
    """The counts of the prompt stand at the start, the output's at the end."""
    whole = document(asked, reply)
    began = whole | {"content": [], "stop_reason": None, "usage": whole["usage"] | {"output_tokens": 1}}
    yield event({"type": "message_start", "message": began}, "message_start")
    for index, block in enumerate(whole["content"]):
        if block["type"] == "tool_use":
            empty = block | {"input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        else:
            empty, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
        start = {"type": "content_block_start", "index": index, "content_block": empty}
        yield event(start, "content_block_start")
        yield event({"type": "content_block_delta", "index": index, "delta": delta}, "content_block_delta")
        yield event({"type": "content_block_stop", "index": index}, "content_block_stop")
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield event({"type": "message_delta", "delta": end, "usage": whole["usage"]}, "message_delta")
    yield event({"type": "message_stop"}, "message_stop")


def document(asked: Asked, reply: Reply) -> dict[str, Any]:
    """A message with a block of words, and one for each call of a tool."""
    content: list[dict[str, Any]] = [{"type": "text", "text": f"Reply {reply.number}."}]
    calls = tool_calls(asked, reply.step)
    for index, (name, given) in enumerate(calls):
        content.append({"type": "tool_use", "id": f"toolu_{reply.number:05}_{index}", "name": name, "input": given})
    told = reply.counts
    return {
        "id": f"msg_{reply.number:05}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": content,
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": told.input,
            "cache_read_input_tokens": told.cache_read,
            "cache_creation_input_tokens": told.cache_write_5m + told.cache_write_1h,
            "cache_creation": {
                "ephemeral_5m_input_tokens": told.cache_write_5m,
                "ephemeral_1h_input_tokens": told.cache_write_1h,
            },
            "output_tokens": told.output,
            "output_tokens_details": {"thinking_tokens": told.reasoning},
            "service_tier": "standard",
        },
    }
