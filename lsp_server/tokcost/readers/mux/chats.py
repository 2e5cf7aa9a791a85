"""Messages of Mux (`chat.jsonl`; `displayUsage.ts`, `etl.ts` and `compactionHandler.ts` of its source).

A message has the sum of the requests of its turn (`usage`; `contextUsage` covers only the last of them). The input
includes cache reads and writes, and the output reasoning, except in older rows, which are recognised by inconsistent
numbers. Requests of tools to a model, and attempts that a model declined, are listed separately (`toolModelUsages`).
Message ids are unique, so a chat that is forked, archived or moved below its parent counts once; a message without an
id is identified by its time. The summary of a compaction replaces the streamed message, without the count of cache
writes: that is then included in the input, and its cost is a lower bound.
"""

import os
from collections.abc import Iterator
from typing import Any

import msgspec

from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources.beside import facts_beside, name_of
from tokcost.readers.sources.jsonl import JsonlReader
from tokcost.readers.sources.numbers import count_of, nano_of_ticks, object_in, text_in
from tokcost.readers.sources.records import KeptFolder, KeptName

NAME = "mux"
_BELOW_PARENT = "subagent-transcripts"
_GATEWAYS = ("mux-gateway", "xum-gateway")
_HERE = ("local", "worktree", "devcontainer")
"""Kinds of runtime that work in a folder of this machine."""


def read_chat(source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """New messages in a chat. Raises `OSError` if it cannot be read."""
    return _Chat(source.path).read(source, cursor)


class _Chat(JsonlReader):
    """The messages of one chat, in one read."""

    name = NAME
    words = (b'"usage"',)

    def __init__(self, path: str) -> None:
        folder = os.path.dirname(path)
        names = [os.path.basename(folder)]
        while os.path.basename(os.path.dirname(folder)) == _BELOW_PARENT:
            folder = os.path.dirname(os.path.dirname(folder))
            names.append(os.path.basename(folder))
        self._session = name_of(names[0])
        root = os.path.dirname(os.path.dirname(folder))
        self._cwd = _folder(os.path.join(root, "config.json"), names)

    def usages(self, record: dict[str, Any], session: dict[str, Any]) -> Iterator[Usage]:  # noqa: ARG002
        """The usage of a message, and of its tools' requests to models."""
        if record.get("role") != "assistant":
            return
        told: dict[str, Any] = record["metadata"]
        time_ms = told["timestamp"]
        key = f"mux:{record.get('id') or f'{self._session}.{time_ms}'}"
        if told.get("usage"):
            is_summary = bool(told.get("compacted")) and not told.get("providerMetadata")
            yield from self._usage(key, time_ms, told, is_summary=is_summary)
        asked: list[dict[str, Any]] = told.get("toolModelUsages") or []
        for place, of_tool in enumerate(asked):
            yield from self._usage(f"{key}.{place}", of_tool.get("timestamp") or time_ms, of_tool)

    def _usage(self, key: str, time_ms: int, told: dict[str, Any], *, is_summary: bool = False) -> Iterator[Usage]:
        by_provider: dict[str, Any] = told.get("providerMetadata") or {}
        tokens = _tokens(told["usage"], by_provider)
        named = text_in(told, "model")
        provider, _, model = named.partition(":") if ":" in named else ("", "", named)
        if tokens.total:
            yield Usage(
                NAME,
                key,
                time_ms,
                model,
                tokens,
                self._session,
                self._cwd,
                # Behind a gateway, prices infer the provider from the model.
                provider="" if provider in _GATEWAYS else provider,
                lower_bound=is_summary,
                reported_cost=_cost(by_provider),
            )


def _tokens(said: dict[str, Any], by_provider: dict[str, Any]) -> Tokens:
    of_input: dict[str, Any] = said.get("inputTokenDetails") or {}
    of_output: dict[str, Any] = said.get("outputTokenDetails") or {}
    by_anthropic: dict[str, Any] = by_provider.get("anthropic") or {}
    prompt, output = count_of(said, "inputTokens"), count_of(said, "outputTokens")
    # In some rows these counts are in the details only.
    cached = count_of(said, "cachedInputTokens") or count_of(of_input, "cacheReadTokens")
    written = count_of(by_anthropic, "cacheCreationInputTokens") or count_of(of_input, "cacheWriteTokens")
    thought = count_of(said, "reasoningTokens") or count_of(of_output, "reasoningTokens")
    if prompt >= cached + written:
        prompt -= cached + written
    if output < thought:
        output += thought
    return Tokens(prompt, cached, written, 0, output, thought)


def _cost(by_provider: dict[str, Any]) -> int | None:
    """Nano-dollars, if the provider reported its charge."""
    return nano_of_ticks(object_in(by_provider, "xai").get("costInUsdTicks"))


class _Runtime(msgspec.Struct, gc=False):
    type: KeptName = "local"


class _Workspace(msgspec.Struct, gc=False, rename="camel"):
    path: KeptFolder = ""
    id: KeptName | None = None
    runtime_config: _Runtime | None = None


class _Project(msgspec.Struct, gc=False):
    workspaces: list[_Workspace] = []


class _Config(msgspec.Struct, gc=False):
    projects: list[tuple[str, _Project]] = []


_config = msgspec.json.Decoder(_Config)


def _folder(path: str, names: list[str]) -> str:
    """The folder of the first of these workspaces that Mux still knows; empty if it is on another machine. The
    settings also contain secrets: nothing but workspaces is decoded."""
    config = facts_beside(path, _config) or _Config()
    known = {one.id: one for _, project in config.projects for one in project.workspaces if one.id}
    found = next((known[name] for name in names if name in known), None)
    if found is None or (found.runtime_config and found.runtime_config.type not in _HERE):
        return ""
    return found.path
