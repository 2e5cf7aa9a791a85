"""The folders of VS Code's windows: a chat session is stored with its window."""

import os

from tokcost.readers.sources.editor_windows import folder_of_window


class Workspaces:
    """The windows remembered by one VS Code (`workspaceStorage`)."""

    def __init__(self, storage: str) -> None:
        self._storage = storage
        self._names: list[str] | None = None
        self._known: dict[str, str] = {}

    def folder_of(self, session: str) -> str:
        """The folder that was open in the window of a chat session; empty if there was none, or several."""
        if session not in self._known:
            self._known[session] = self._look_for(session)
        return self._known[session]

    def _look_for(self, session: str) -> str:
        # The id comes from a row, and becomes part of a path.
        if not session or os.path.basename(session) != session or "\0" in session:
            return ""
        for name in self._windows():
            chats = os.path.join(self._storage, name, "chatSessions", session)
            if any(os.path.exists(chats + suffix) for suffix in (".json", ".jsonl")):
                return folder_of_window(os.path.join(self._storage, name))
        return ""

    def _windows(self) -> list[str]:
        if self._names is None:
            try:
                self._names = sorted(os.listdir(self._storage))
            except OSError:
                self._names = []
        return self._names
