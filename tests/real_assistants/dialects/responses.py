"""OpenAI Responses (platform.openai.com/docs/api-reference/responses)."""

import json
from collections.abc import Iterator
from typing import Any

from real_assistants.dialects.common import Asked, Counts, Reply, Tool, event, texts, tool_calls


def counts(number: int) -> Counts:
    """The prompt is cached in part; a part of the output is reasoning."""
    return Counts(2000 + 9 * number, 8000 + number, output=400 + number, reasoning=60 + number % 7)


def asked(path: str, body: dict[str, Any]) -> Asked:
    """Messages and results of tools are items of one list."""
    turns: list[tuple[str, bool]] = []
    given = body.get("input", ())
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
        if str(item.get("type", "")).endswith("_output"):
            turns.append(("", True))
        elif item.get("role") == "user":
            turns.extend((text, False) for text in texts(item["content"]))
    tools = [Tool(tool["name"], tool.get("parameters", {})) for tool in body.get("tools", ()) if "name" in tool]
    for group in body.get("tools", ()):
        tools += [Tool(one["name"], one.get("parameters", {}), group["name"]) for one in group.get("tools", ())]
    return Asked(body["model"], turns, tools, bool(body.get("stream")))


def events(asked: Asked, reply: Reply) -> Iterator[bytes]:
    """Each item when it is done, and the counts with the last event."""
    whole = document(asked, reply)
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    yield event({"type": "response.created", "response": begun}, "response.created")
    for index, item in enumerate(whole["output"]):
        for kind in ("added", "done"):
            name = f"response.output_item.{kind}"
            yield event({"type": name, "output_index": index, "item": item}, name)
    yield event({"type": "response.completed", "response": whole}, "response.completed")


def document(asked: Asked, reply: Reply) -> dict[str, Any]:
    """A response with a message, or with calls of tools."""
    items: list[dict[str, Any]] = []
    spaces = {tool.name: tool.namespace for tool in asked.tools}
    for index, (name, given) in enumerate(tool_calls(asked, reply.step)):
        of_call = f"{reply.number:05}_{index}"
        named = {"name": name, "arguments": json.dumps(given), "call_id": f"call_{of_call}"}
        named |= {"namespace": spaces[name]} if spaces.get(name) else {}
        items.append({"type": "function_call", "id": f"fc_{of_call}", "status": "completed", **named})
    if not items:
        content = [{"type": "output_text", "text": f"Reply {reply.number}.", "annotations": []}]
        item: dict[str, Any] = {"type": "message", "id": f"msg_{reply.number:05}", "role": "assistant"}
        items = [item | {"status": "completed", "content": content}]
    told = reply.counts
    prompt = told.input + told.cache_read
    return {
        "id": f"resp_{reply.number:05}",
        "object": "response",
        "created_at": 1_790_000_000 + reply.number,
        "status": "completed",
        "model": asked.model,
        "output": items,
        "usage": {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": told.cache_read},
            "output_tokens": told.output,
            "output_tokens_details": {"reasoning_tokens": told.reasoning},
            "total_tokens": prompt + told.output,
        },
    }
