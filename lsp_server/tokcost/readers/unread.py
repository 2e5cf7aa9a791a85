"""Assistants' logs on this machine that are not read: they are named, so that nobody concludes that nothing was
spent."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tokcost.readers.known_places import known_places
from tokcost.readers.protocol import Reader

NO_READER = "tokcost has no reader for this assistant"
_UNREADABLE = {
    "amazon-q": "it keeps no counts of tokens",
    "antigravity": "its format is not published, and its counts are in undocumented parts",
    "continue": "its counts have no times, and those of its extensions are estimates",
    "crush": "it keeps only the tokens of a session's last request",
    "cursor": "its counts are in the account, not on this machine",
    "droid": "a session has only one sum, whose classes are not documented",
    "kiro": "it counts credits, not tokens",
    "warp": "a conversation has only one sum of input and output",
    "windsurf": "its conversations are encrypted",
    "zed": "a thread has only a running total, without the time and the model of each request",
}
"""The reasons why the logs of an assistant cannot be read; docs/assistants.md has them in detail."""
ELSEWHERE = "an environment variable names another folder"
_SWITCHED_OFF = {
    "copilot-chat": (
        "agent-traces.db",
        "it logs counts only while github.copilot.chat.otel.dbSpanExporter.enabled is on in VS Code's settings",
    )
}
"""Assistants that count only if the user configures it: the file that they then write, and what to do."""


class UnreadLogs(NamedTuple):
    """Existing logs that are not read."""

    assistant: str
    path: str
    reason: str
    """A short phrase."""


_OF_THE_SYSTEM = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
"""Variables that belong to no assistant."""


def unread_logs(environ: Mapping[str, str], folder: str, readers: Sequence[Reader]) -> list[UnreadLogs]:
    """Existing logs that are not read by `readers`, with each assistant's first place; `folder` is where aider may
    have left its history."""
    found: dict[str, UnreadLogs] = {}
    read = {reader.name for reader in readers}
    for assistant, path in known_places(environ, folder):
        written, reason = _SWITCHED_OFF.get(assistant, ("", ""))
        if assistant in found or not os.path.exists(path):
            continue
        if assistant not in read:
            found[assistant] = UnreadLogs(assistant, path, _UNREADABLE.get(assistant, NO_READER))
        elif written and not os.path.exists(os.path.join(path, written)):
            found[assistant] = UnreadLogs(assistant, path, reason)
    elsewhere = [UnreadLogs(reader.name, path, ELSEWHERE) for reader in readers for path in _usual(environ, reader)]
    return [*elsewhere, *(found[assistant] for assistant in sorted(found))]


def _usual(environ: Mapping[str, str], reader: Reader) -> list[str]:
    """The places where a reader would look without the assistant's own variables, and does not."""
    system = {name: value for name, value in environ.items() if name in _OF_THE_SYSTEM or name.startswith("XDG_")}
    try:
        usual, read = ([one.path for one in reader.locations(env)] for env in (system, environ))
        return [path for path in usual if os.path.exists(path) and not _is_one_of(path, read)]
    except Exception:  # a failing reader is reported elsewhere
        return []


def _is_one_of(path: str, others: Sequence[str]) -> bool:
    # An override may lead to the usual folder through a link.
    return path in others or any(os.path.exists(other) and os.path.samefile(path, other) for other in others)
