"""The folders of VS Code's windows: a chat session is kept with the window that it was held in."""

import os

import msgspec

from tokcost.readers.sources.file_uri import local_path
from tokcost.readers.sources.jsonl import open_log
from tokcost.readers.sources.records import Folder, decoded

_MOST_BYTES = 1 << 16


class Workspaces:
    """The windows that one VS Code remembers (`workspaceStorage`)."""

    def __init__(self, storage: str) -> None:
        self._storage = storage
        self._names: list[str] | None = None
        self._known: dict[str, str] = {}

    def folder_of(self, session: str) -> str:
        """The folder that was open in the window of a chat session; empty where there was none, or several."""
        if session not in self._known:
            self._known[session] = self._look_for(session)
        return self._known[session]

    def _look_for(self, session: str) -> str:
        if not session or os.path.basename(session) != session or "\0" in session:
            return ""
        for name in self._windows():
            chats = os.path.join(self._storage, name, "chatSessions", session)
            if any(os.path.exists(chats + suffix) for suffix in (".json", ".jsonl")):
                return _folder(os.path.join(self._storage, name, "workspace.json"))
        return ""

    def _windows(self) -> list[str]:
        if self._names is None:
            try:
                self._names = sorted(os.listdir(self._storage))
            except OSError:
                self._names = []
        return self._names


class _Workspace(msgspec.Struct, gc=False):
    folder: Folder = ""


_workspace = msgspec.json.Decoder(_Workspace)


def _folder(path: str) -> str:
    try:
        with open_log(path) as stream:
            told = decoded(_workspace, stream.read(_MOST_BYTES) or b"")
    except OSError:
        return ""
    return local_path(told.folder) if told else ""
