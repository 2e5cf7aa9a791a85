"""Gemini's generateContent and streamGenerateContent (ai.google.dev/api/generate-content)."""

import json
from collections.abc import Iterator
from typing import Any

from real_assistants.dialects.common import Asked, Counts, Reply, Tool, kind_of, texts, tool_calls


def counts(number: int) -> Counts:
    """The prompt is cached in part; thoughts are billed as output."""
    return Counts(3100 + 9 * number, 9100 + number, output=350 + number, reasoning=50 + number % 7)


def asked(path: str, body: dict[str, Any]) -> Asked:
    """The model stands in the path; results of tools are parts of contents."""
    turns: list[tuple[str, bool]] = []
    for content in body.get("contents", ()):
        if content.get("role") == "user":
            for part in content.get("parts", ()):
                turns.extend((text, False) for text in texts([part]))
                turns.extend([("", True)] * ("functionResponse" in part))
    offered = [tool for group in body.get("tools", ()) for tool in group.get("functionDeclarations", ())]
    tools = [Tool(tool["name"], tool.get("parametersJsonSchema") or tool.get("parameters") or {}) for tool in offered]
    model = path.partition("/models/")[2].partition(":")[0]
    system = "\n".join(texts((body.get("systemInstruction") or {}).get("parts")))
    return Asked(model, turns, tools, "stream" in path.rpartition(":")[2], kind=kind_of(system))


def events(asked: Asked, reply: Reply) -> Iterator[bytes]:
    """One part of the stream says all; its lines end as Google's do."""
    yield f"data: {json.dumps(document(asked, reply))}\r\n\r\n".encode()


def document(asked: Asked, reply: Reply) -> dict[str, Any]:
    """One candidate; `candidatesTokenCount` is without thoughts, `promptTokenCount` with what the cache had."""
    parts: list[dict[str, Any]] = [{"text": f"Reply {reply.number}."}]
    if calls := tool_calls(asked, reply.step):
        parts = [{"functionCall": {"name": name, "args": given}} for name, given in calls]
    told = reply.counts
    prompt = told.input + told.cache_read
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": prompt,
            "cachedContentTokenCount": told.cache_read,
            "candidatesTokenCount": told.output - told.reasoning,
            "thoughtsTokenCount": told.reasoning,
            "totalTokenCount": prompt + told.output,
        },
        "modelVersion": asked.model,
        "responseId": f"gemini-{reply.number:05}",
    }
