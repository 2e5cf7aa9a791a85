"""Events of Junie's sessions (`events.jsonl`).

Each response leaves an `LlmResponseMetadataEvent`, including those of helper models (summaries, names of tasks). The
classes are disjoint: `cost` is exactly the sum of the four at their list prices, with cache writes at the five-minute
price (checked with published events of one of Anthropic's models), and a run with an OpenAI-compatible server that
recorded the requests reported prompts without the cache. Events have no id: time, model and counts identify them, so
that copies count once.
"""

import os
from collections.abc import Iterator
from typing import Any

import msgspec

from tokcost.model.bounds import is_path
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources.beside import name_of
from tokcost.readers.sources.files import open_log
from tokcost.readers.sources.jsonl import JsonlReader
from tokcost.readers.sources.numbers import count_of, nano_dollars, text_in
from tokcost.readers.sources.records import Folder, Name, decoded

NAME = "junie"
_MOST_BYTES = 4 << 20
"""Bytes of the index of sessions that are read, its end first: the newest sessions are there."""


def read_events(source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """New responses in the events of a session. Raises `OSError` if they cannot be read."""
    return _Events(source.path).read(source, cursor)


class _Events(JsonlReader):
    """The events of one session, in one read."""

    name = NAME
    words = (b'"LlmResponseMetadataEvent"', b'"currentDirectory"')

    def __init__(self, path: str) -> None:
        folder = os.path.dirname(path)
        self._session = name_of(folder)
        self._index = os.path.join(os.path.dirname(folder), "index.jsonl")
        self._project: str | None = None

    def usages(self, record: dict[str, Any], session: dict[str, Any]) -> Iterator[Usage]:
        """The responses in an event; the folder is remembered for later ones."""
        around: dict[str, Any] = record.get("event") or {}
        event: dict[str, Any] = around.get("agentEvent") or {}
        if folder := event.get("currentDirectory"):
            if not (isinstance(folder, str) and is_path(folder)):
                raise ValueError("no folder")
            session["cwd"] = folder
        if event.get("kind") != "LlmResponseMetadataEvent":
            return
        said: list[dict[str, Any]] = event["modelUsage"]
        cwd = session.get("cwd") or self._project_folder()
        for place, counts in enumerate(said):
            tokens = Tokens(
                count_of(counts, "inputTokens"),
                count_of(counts, "cacheInputTokens"),
                count_of(counts, "cacheCreateTokens"),
                output=count_of(counts, "outputTokens"),
            )
            time_ms, model = record["timestampMs"], text_in(counts, "model")
            if tokens.total:
                key = f"junie:{time_ms}.{place}.{model}.{'.'.join(map(str, tokens[:5]))}"
                yield Usage(
                    NAME,
                    key,
                    time_ms,
                    model,
                    tokens,
                    self._session,
                    cwd,
                    reported_cost=nano_dollars(counts.get("cost")),
                )

    def _project_folder(self) -> str:
        if self._project is None:
            self._project = _indexed(self._index, self._session)
        return self._project


class _Session(msgspec.Struct, gc=False, rename="camel"):
    session_id: Name = ""
    project_dir: Folder = ""


_entry = msgspec.json.Decoder(_Session)


def _indexed(path: str, session: str) -> str:
    """The folder of a session according to the last entry in the index of sessions; empty if there is none."""
    content = b""
    try:
        with open_log(path) as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _MOST_BYTES))
            while piece := stream.read(_MOST_BYTES):
                content += piece
    except OSError:
        return ""
    name = session.encode(errors="replace")
    for line in reversed(content.split(b"\n")):
        entry = decoded(_entry, line) if name in line else None
        if entry is not None and entry.session_id == session:
            return entry.project_dir if is_path(entry.project_dir) else ""
    return ""
