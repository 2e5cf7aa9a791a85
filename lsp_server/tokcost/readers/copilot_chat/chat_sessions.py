"""Chat sessions of VS Code (`chatModel.ts` of its source): a document, or a journal of its changes.

A request has its model, its time, the displayed parts of the reply, and the arguments of the model's tool calls. That
is the text written by the model, in all calls of a request. Its input is not recorded as a whole. Requests to models
other than Copilot's are in the logs of those, or cost nothing.
"""

import os
from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec

from tokcost.estimates.counting import estimated_tokens
from tokcost.estimates.factors import factor_percent
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources.editor_windows import folder_of_window
from tokcost.readers.sources.json_file import MOST_BYTES, read_whole
from tokcost.readers.sources.records import decoded

NAME = "copilot-chat-text"
_OURS = "copilot/"
"""The prefix of the ids of Copilot's models."""
# A journal of 47 MB with nothing but small requests would take half a gigabyte.
_MOST_ENTRIES = 20_000
"""Requests of a session, or parts of a reply, in a journal: memory stays bounded."""
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)

_any = msgspec.json.Decoder(dict[str, Any])
_counted = msgspec.json.Decoder(dict[str, tuple[int, int, int]])


def read_session(source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """All replies of one session; each is counted again only if its text has another length. Raises `OSError`."""
    content = read_whole(source)
    skipped: dict[str, int] = {}
    if source.path.endswith(".jsonl"):
        document = _replayed(content, skipped)
    else:
        document = decoded(_any, content, longest=MOST_BYTES)
        if document is None:
            document, skipped = {}, {"damaged document": 1}
    before = (decoded(_counted, cursor) if cursor else None) or {}
    session = _Session(document, source, before)
    found = list(session.usage(skipped))
    yield Batch(msgspec.json.encode(session.counted), found, skipped=skipped, restarted=True, position=len(content))


def _replayed(content: bytes, skipped: dict[str, int]) -> dict[str, Any]:
    """The document resulting from a journal: first the complete document (`kind` 0), then values that are set (1)
    and values that are appended to a list (2), which is truncated to `i` entries before."""
    document: dict[str, Any] = {}
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        entry = decoded(_any, line, longest=MOST_BYTES)
        try:
            if entry is None:
                raise ValueError("damaged")
            document = _changed(document, entry)
        except _DAMAGE:
            skipped["damaged record"] = skipped.get("damaged record", 0) + 1
    return document


def _changed(document: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    if entry["kind"] == 0:
        return dict(entry["v"])
    path: list[Any] = entry["k"]
    if path and path[0] in ("requests", "sessionId"):
        at: Any = document
        for step in path[:-1]:
            at = at[step]
        (_extend if entry["kind"] == 2 else _set)(at, path[-1], entry)
    return document


def _extend(at: Any, name: Any, entry: dict[str, Any]) -> None:
    if isinstance(name, str):
        at.setdefault(name, [])
    values: list[Any] = at[name]
    if "i" in entry:
        del values[entry["i"] :]
    values.extend(entry.get("v") or ())
    if len(values) > _MOST_ENTRIES:
        del values[_MOST_ENTRIES:]
        raise ValueError("more entries than a session can have")


def _set(at: Any, name: Any, entry: dict[str, Any]) -> None:
    if isinstance(name, int) and name == len(at):
        at.append(None)
    at[name] = entry.get("v")


class _Session:
    """The replies of one session."""

    def __init__(self, document: dict[str, Any], source: Source, before: dict[str, tuple[int, int, int]]) -> None:
        self.counted: dict[str, tuple[int, int, int]] = {}
        """The characters, the factor and the tokens of each reply, by request."""
        self._before = before
        requests: Any = document.get("requests")
        self._requests = cast(list[Any], requests) if isinstance(requests, list) else []
        self._name = os.path.basename(source.path).partition(".")[0]
        self._folder = folder_of_window(os.path.dirname(os.path.dirname(source.path)))

    def usage(self, skipped: dict[str, int]) -> Iterator[Usage]:
        """The usage of the session; damaged requests are counted in `skipped`."""
        for request in self._requests:
            try:
                found = self._one(request)
            except _DAMAGE:
                skipped["damaged record"] = skipped.get("damaged record", 0) + 1
                continue
            if found is not None:
                yield found

    def _one(self, request: Any) -> Usage | None:
        told = request.get("modelId") or ""
        if not told.startswith(_OURS):
            return None
        key, model = str(request["requestId"]), told.removeprefix(_OURS)
        texts = [text for text in _texts(request) if text]
        length, factor = sum(map(len, texts)), factor_percent(model)
        known = self._before.get(key)
        # Counting is dear: the encoder alone takes half a second to load.
        tokens = known[2] if known and known[:2] == (length, factor) else estimated_tokens(texts, model)
        if not tokens:
            return None
        self.counted[key] = length, factor, tokens
        return Usage(
            NAME,
            f"{self._name}/{key}",
            int(request["timestamp"]),
            model,
            Tokens(output=tokens),
            self._name,
            self._folder,
            provider="github-copilot",
            estimated=True,
            factor_percent=factor,
        )


def _texts(request: Any) -> Iterable[str]:
    """All text that the model wrote for a request: words, thoughts, and arguments of tools."""
    for part in request.get("response") or ():
        if part.get("kind") in (None, "thinking"):
            yield from _strings(part.get("value"))
        elif part["kind"] == "markdownContent":
            yield from _strings(part["content"].get("value"))
    result: Any = request.get("result")
    metadata: Any = result and result.get("metadata")
    for turn in (metadata and metadata.get("toolCallRounds")) or ():
        for call in turn.get("toolCalls") or ():
            yield from _strings(call.get("arguments"))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (one for one in cast(list[object], value) if isinstance(one, str))
