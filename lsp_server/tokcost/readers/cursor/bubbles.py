"""Bubbles of Cursor (`cursorDiskKV` in `state.vscdb`): one message each, under `bubbleId:<conversation>:<id>`.

A bubble of type 2 is the assistant's: its text, its thoughts, and the arguments of a tool. Writing it again gives it
another row with a higher number. Its model is in the bubble itself, in the user's bubble before, or with its
conversation. In current versions `tokenCount` is 0; otherwise it is the count of the last call of a turn, and no better
than the text.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from tokcost.estimates.counting import estimated_tokens
from tokcost.estimates.factors import factor_percent
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources.editor_windows import folder_of_window
from tokcost.readers.sources.file_uri import local_path
from tokcost.readers.sources.files import in_portions
from tokcost.readers.sources.records import Name, decoded, milliseconds
from tokcost.readers.sources.sqlite_store import MOST_BYTES, Store, open_store

NAME = "cursor-text"
_ASSISTANT = 2
_TABLE = {"cursorDiskKV": ("key", "value")}
# `;` is the character after `:`, so the range has all keys with this prefix.
_NEW = (
    "SELECT rowid, key, value FROM cursorDiskKV"
    " WHERE rowid > ? AND key >= 'bubbleId:' AND key < 'bubbleId;' ORDER BY rowid"
)
_ROW_OF = "SELECT rowid FROM cursorDiskKV WHERE key = ?"
_VALUE = "SELECT value FROM cursorDiskKV WHERE key = ?"
_CONVERSATIONS = "SELECT value FROM ItemTable WHERE key = 'composer.composerData'"
_MOST_READ = 16 << 20
"""Bytes of bubbles, after which one call stops: memory stays flat."""
_MOST_WINDOWS = 1000


class _Model(msgspec.Struct, gc=False):
    modelName: Name | None = None


class _Text(msgspec.Struct, gc=False):
    text: str | None = None


class _Tool(msgspec.Struct, gc=False):
    rawArgs: str | None = None


class _Bubble(msgspec.Struct, gc=False):
    type: int = 0
    text: str | None = None
    createdAt: datetime | int | float | None = None
    modelInfo: _Model | None = None
    thinking: _Text | None = None
    toolFormerData: _Tool | None = None
    workspaceUris: list[str] | None = None


class _Conversation(msgspec.Struct, gc=False):
    composerId: str = ""
    modelConfig: _Model | None = None


class _Conversations(msgspec.Struct, gc=False):
    allComposers: list[_Conversation] = []


_bubble = msgspec.json.Decoder(_Bubble)
_conversation = msgspec.json.Decoder(_Conversation)
_conversations = msgspec.json.Decoder(_Conversations)


def read_bubbles(source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """New replies in a store. Raises `OSError` if it cannot be read, or has an unknown version."""
    return in_portions(_Bubbles(source.path).read, source, cursor)


class _Bubbles:
    """The bubbles of one store, in one read."""

    def __init__(self, path: str) -> None:
        user = os.path.dirname(os.path.dirname(os.path.abspath(path)))
        self._windows = os.path.join(user, "workspaceStorage")
        self._models: dict[str, str] = {}
        self._folders: dict[str, str] | None = None

    def read(self, source: Source, cursor: bytes | None) -> Batch:
        """Read one portion of the new bubbles."""
        usage, damaged, size, more = list[Usage](), 0, 0, False
        with open_store(source.path) as store:
            if not store.has(_TABLE):
                raise OSError("the store lacks the table that this reader needs (cursorDiskKV)")
            since, last = _place_of(store, cursor)
            begins_anew = cursor is not None and not last
            for number, key, value in store.rows(_NEW, (since,)):
                if more := size > _MOST_READ:
                    break
                since, last, size = number, key, size + (len(value) if isinstance(value, str | bytes) else 0)
                try:
                    found = self._usage(store, key, value)
                except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
                    damaged += 1
                    continue
                usage.extend(found)
        skipped = {"damaged record": damaged} if damaged else {}
        place = b"%d %s" % (since, last.encode("utf-8", "replace"))
        position = 0 if more else source.size
        return Batch(place, usage, skipped=skipped, restarted=begins_anew, more=more, position=position)

    def _usage(self, store: Store, key: str, value: Any) -> list[Usage]:
        raw = _bytes(value)
        if raw == b"null":
            return []  # a message that was deleted
        bubble = decoded(_bubble, raw, longest=MOST_BYTES)
        _, conversation, _ = key.split(":", 2)
        if bubble is None:
            raise ValueError("damaged")
        model = (bubble.modelInfo and bubble.modelInfo.modelName) or ""
        if model:
            self._models[conversation] = model
        return [] if bubble.type != _ASSISTANT else self._reply(store, key, conversation, bubble)

    def _reply(self, store: Store, key: str, conversation: str, bubble: _Bubble) -> list[Usage]:
        model, thinking, tool = self._model(store, conversation), bubble.thinking, bubble.toolFormerData
        texts = (bubble.text, thinking and thinking.text, tool and tool.rawArgs)
        tokens = estimated_tokens((text for text in texts if text), model)
        if not tokens:
            return []
        told = bubble.createdAt
        time_ms = milliseconds(told) if isinstance(told, datetime) else int(told or 0)
        folder = self._folder(conversation, bubble)
        counts = Tokens(output=tokens)
        factor = factor_percent(model)
        return [Usage(NAME, key, time_ms, model, counts, conversation, folder, estimated=True, factor_percent=factor)]

    def _model(self, store: Store, conversation: str) -> str:
        if conversation not in self._models:
            value = (store.row(_VALUE, f"composerData:{conversation}") or (None,))[0]
            found = decoded(_conversation, _bytes(value), longest=MOST_BYTES)
            self._models[conversation] = (found and found.modelConfig and found.modelConfig.modelName) or ""
        return self._models[conversation]

    def _folder(self, conversation: str, bubble: _Bubble) -> str:
        if bubble.workspaceUris and len(bubble.workspaceUris) == 1:
            return local_path(bubble.workspaceUris[0])
        if self._folders is None:
            self._folders = dict(_folders(self._windows))
        return self._folders.get(conversation, "")


def _folders(storage: str) -> Iterator[tuple[str, str]]:
    """Conversations, with the folder that is open in their window."""
    try:
        windows = sorted(os.listdir(storage))[:_MOST_WINDOWS]
    except OSError:
        return
    for window in windows:
        path = os.path.join(storage, window)
        try:
            with open_store(os.path.join(path, "state.vscdb")) as store:
                row = store.row(_CONVERSATIONS) if store.has({"ItemTable": ("key", "value")}) else None
        except OSError:
            continue
        found = decoded(_conversations, _bytes(row[0] if row else None), longest=MOST_BYTES)
        folder = folder_of_window(path) if found else ""
        if found and folder:
            yield from ((one.composerId, folder) for one in found.allComposers)


def _place_of(store: Store, cursor: bytes | None) -> tuple[int, str]:
    """The number and the key of the last bubble that was read. As long as it exists, with this number or a higher
    one, no later bubble had a lower one; otherwise all are read again."""
    number, _, key = (cursor or b"").partition(b" ")
    # SQLite holds no number of more than 64 bits.
    if not (number.isdigit() and len(number) < 19 and key):
        return 0, ""
    last, since = key.decode("utf-8", "replace"), int(number)
    row = store.row(_ROW_OF, last)
    return (since, last) if row and row[0] >= since else (0, "")


def _bytes(value: object) -> bytes:
    """A value as bytes: NULL is empty, and a number is no text and thus damaged."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value or b"null"
    return b"null" if value is None else b""
