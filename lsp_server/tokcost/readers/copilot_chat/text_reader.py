"""GitHub Copilot Chat without counts: the session files of VS Code, whose text is counted if the user enabled that.
`chat_sessions.py` parses them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import editor_users
from tokcost.readers.sources.files import sources_in

_CHATS = "chatSessions"
_OF_NO_FOLDER = "emptyWindowChatSessions"


class CopilotChatTextReader:
    """Chat sessions kept by VS Code."""

    name = "copilot-chat-text"
    capabilities = Capabilities(
        versions="session version 3 (the source of VS Code)",
        classes=("output",),
        exactness="an estimate from the text of responses",
        folder="session",
        gaps="every prompt, and everything that is not in the text",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """The chats of each window, and those of windows without a folder, in each variant of VS Code."""
        return [Location(path) for user in editor_users(environ) for path in _chats_of(user)]

    def discover(self, location: Location) -> Iterable[Source]:
        """Session files."""
        return sources_in(location, (".json", ".jsonl"))

    def read(self, source: Source, cursor: bytes | None) -> Iterator[Batch]:
        """All replies of a session. Raises `OSError` if it cannot be read."""
        from tokcost.readers.copilot_chat.chat_sessions import read_session  # usually nothing is new

        return read_session(source, cursor)


def _chats_of(user: str) -> list[str]:
    storage = os.path.join(user, "workspaceStorage")
    try:
        with os.scandir(storage) as entries:
            windows = sorted(entry.path for entry in entries)
    except OSError:
        windows = [os.path.join(storage, "*")]  # in words, for commands that list the places
    return [*(os.path.join(one, _CHATS) for one in windows), os.path.join(user, "globalStorage", _OF_NO_FOLDER)]
