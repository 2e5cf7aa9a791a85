"""The folder and the models of a task, from the files around its messages: only these facts are taken from them.

- `task_metadata.json` (Cline): the models that were used, each with the time of its first request.
- `history_item.json` (Roo Code) and `state/taskHistory.json` (Cline): the folder in which the task was begun.
- `api_conversation_history.json`: what the extension tells the model of its surroundings, in which Roo Code names the
  model, and both the folder. Nothing else of it is looked at.
"""

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from tokcost.model.bounds import is_path, whole
from tokcost.readers.sources.files import open_log, source_at
from tokcost.readers.sources.json_file import MOST_BYTES
from tokcost.readers.sources.records import KeptFolder, KeptName, decoded

_SURROUNDINGS = b"<environment_details>"
_MODEL = re.compile(rb"<model>([^<\"\\]{1,200})</model>")
_FOLDER = re.compile(rb'# Current Work(?:ing|space) Directory \(((?:[^"\\]|\\.){1,4096}?)\) Files')


class Model(NamedTuple):
    """A model, and the provider as named by the extension."""

    name: str = ""
    provider: str = ""


class Facts(NamedTuple):
    """The facts about the requests of a task."""

    folder: str
    models: Sequence[Model]
    """One for each request."""


class _Used(msgspec.Struct, gc=False):
    ts: int | float | None = None
    model: KeptName | None = msgspec.field(default=None, name="model_id")
    provider: KeptName | None = msgspec.field(default=None, name="model_provider_id")


class _Metadata(msgspec.Struct, gc=False):
    used: list[_Used] | None = msgspec.field(default=None, name="model_usage")


class _Item(msgspec.Struct, gc=False):
    id: KeptName | None = None
    workspace: KeptFolder | None = None
    cwd: KeptFolder | None = msgspec.field(default=None, name="cwdOnTaskInitialization")


class _Said(msgspec.Struct, gc=False):
    role: str | None = None
    ts: int | float | None = None
    model: KeptName | None = None


_metadata = msgspec.json.Decoder(_Metadata)
_item = msgspec.json.Decoder(_Item)
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_said = msgspec.json.Decoder(_Said)
_text = msgspec.json.Decoder(str)


def facts_of(path: str, times: Sequence[int]) -> Facts:
    """The facts about the task whose messages are in the file `path`, for requests at these times, in order."""
    folder = os.path.dirname(path)
    metadata = decoded(_metadata, _content(folder, "task_metadata.json")) or _Metadata()
    used = [(whole(one.ts) or 0, Model(one.model or "", one.provider or "")) for one in metadata.used or ()]
    place = _folder_of(folder)
    if not (used and place):
        named, told = _surroundings(_content(folder, "api_conversation_history.json"))
        used, place = used or named, place or told
    return Facts(place, _models(used, times))


def _models(used: list[tuple[int, Model]], times: Sequence[int]) -> list[Model]:
    """The model of each request: the last one named before the next request, since it is named after its own began."""
    found: list[Model] = []
    for at in range(len(times)):
        later = times[at + 1] if at + 1 < len(times) else None
        before = [model for ts, model in used if later is None or ts < later]
        found.append(before[-1] if before else Model())
    return found


def _folder_of(folder: str) -> str:
    item = decoded(_item, _content(folder, "history_item.json"))
    found = item and (item.workspace or item.cwd)
    if not found:
        root, task = os.path.dirname(os.path.dirname(folder)), os.path.basename(folder)
        state = source_at(os.path.join(root, "state", "taskHistory.json"))
        found = state and _begun_in(state.path, state.mtime_ns).get(task)
    return found if found and is_path(found) else ""


# The time of the file is a part of the key under which its content is cached.
@lru_cache(maxsize=8)
def _begun_in(path: str, _mtime_ns: int) -> dict[str, str]:
    """The folder of each task in a task list."""
    found: dict[str, str] = {}
    for raw in decoded(_raws, _read(path), MOST_BYTES) or ():
        item = decoded(_item, bytes(raw))
        if item is not None and item.id and (folder := item.workspace or item.cwd):
            found[item.id] = folder
    return found


def _surroundings(content: bytes) -> tuple[list[tuple[int, Model]], str]:
    """The models named by a conversation, with their times, and its first folder."""
    named: list[tuple[int, Model]] = []
    folder = ""
    for raw in decoded(_raws, content, MOST_BYTES) or ():
        text = bytes(raw)
        # The extension appends its part to the prompt, which may contain the same words.
        at = text.rfind(_SURROUNDINGS)
        said = decoded(_said, text, MOST_BYTES) if at >= 0 else None
        if said is None or said.role != "user":
            continue
        if model := _MODEL.search(text, at):
            named.append((whole(said.ts) or 0, Model(model[1].decode("utf-8", "replace").strip())))
        if not folder and (place := _FOLDER.search(text, at)):
            folder = decoded(_text, b'"%s"' % place[1]) or ""
    return named, folder if is_path(folder) else ""


def _content(folder: str, name: str) -> bytes:
    return _read(os.path.join(folder, name))


def _read(path: str) -> bytes:
    """The content of a file; empty if it cannot be read or is too large."""
    try:
        with open_log(path) as stream:
            content = stream.read(MOST_BYTES + 1) or b""
    except OSError:
        return b""
    return content if len(content) <= MOST_BYTES else b""
