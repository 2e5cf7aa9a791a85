"""Logs of assistants that are on this machine and are not read: they are named, so that nobody takes silence for
nothing spent.

Where other assistants keep their logs is taken from their own sources and from the other tools that read them.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tokcost.readers.environment import application_data, data_home, user_home
from tokcost.readers.protocol import Reader

NO_READER = "tokcost has no reader for this assistant"
ELSEWHERE = "the environment names another folder"


class UnreadLogs(NamedTuple):
    """Logs that are there and are not read."""

    assistant: str
    path: str
    reason: str
    """A short phrase."""


_BELOW_HOME = {
    "aider": (".aider.chat.history.md",),
    "antigravity": (".gemini/antigravity", ".gemini/antigravity-cli", ".gemini/antigravity-ide"),
    "cline": (".cline/data",),
    "continue": (".continue/sessions",),
    "copilot-cli": (".copilot/session-state", ".copilot/session-store.db"),
    "cursor": (".cursor/projects", ".cursor/chats"),
    "droid": (".factory/sessions",),
    "grok": (".grok/sessions",),
    "junie": (".junie/sessions",),
    "kimi": (".kimi/sessions", ".kimi-code/sessions"),
    "kiro": (".kiro/sessions",),
    "mux": (".mux/sessions",),
    "omp": (".omp/agent/sessions",),
    "pi": (".pi/agent/sessions",),
    "qwen-code": (".qwen/projects", ".qwen/tmp"),
    "warp": (".local/state/warp-terminal/warp.sqlite",),
    "windsurf": (".codeium/windsurf",),
}
_BELOW_DATA = {
    "amazon-q": ("amazon-q/data.sqlite3",),
    "amp": ("amp/threads",),
    "crush": ("crush/projects.json",),
    "goose": ("goose/sessions", "Block/goose/sessions"),
    "kilo": ("kilo",),
    "kiro": ("kiro-cli/data.sqlite3",),
    "zed": ("zed/threads", "Zed/threads"),
}
"""Below the folder for data, and below that of desktop apps."""
_OF_EDITORS = {
    "cline": "saoudrizwan.claude-dev",
    "copilot-chat": "github.copilot-chat",
    "kilo": "kilocode.kilo-code",
    "kiro": "kiro.kiroagent",
    "roo-code": "rooveterinaryinc.roo-cline",
}
"""Extensions of VS Code and its kin, below `globalStorage`."""
_EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf", "Kiro")
_OVERRIDES = {
    "amp": ("AMP_DATA_DIR", ""),
    "cline": ("CLINE_DATA_DIR", ""),
    "continue": ("CONTINUE_GLOBAL_DIR", "sessions"),
    "copilot-cli": ("COPILOT_HOME", "session-state"),
    "crush": ("CRUSH_GLOBAL_DATA", "projects.json"),
    "goose": ("GOOSE_PATH_ROOT", ""),
    "grok": ("GROK_HOME", "sessions"),
    "kimi": ("KIMI_SHARE_DIR", "sessions"),
    "mux": ("MUX_ROOT", "sessions"),
    "qwen-code": ("QWEN_DATA_DIR", "projects"),
}
_OF_THE_SYSTEM = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
"""Variables that are no assistant's own."""


def unread_logs(environ: Mapping[str, str], folder: str, readers: Sequence[Reader]) -> list[UnreadLogs]:
    """Logs that are there and are not read by `readers`, each assistant's first place; `folder` is where aider may have
    left its history."""
    found: dict[str, UnreadLogs] = {}
    read = {reader.name for reader in readers}
    for assistant, path in _known_places(environ, folder):
        if assistant not in read and assistant not in found and os.path.exists(path):
            found[assistant] = UnreadLogs(assistant, path, NO_READER)
    elsewhere = [UnreadLogs(reader.name, path, ELSEWHERE) for reader in readers for path in _usual(environ, reader)]
    return [*elsewhere, *(found[assistant] for assistant in sorted(found))]


def _known_places(environ: Mapping[str, str], folder: str) -> Iterator[tuple[str, str]]:
    home, apps = user_home(environ), application_data(environ)
    yield "aider", os.path.join(folder, ".aider.chat.history.md")
    for assistant, (variable, below) in _OVERRIDES.items():
        if environ.get(variable):
            yield assistant, os.path.join(environ[variable], below)
    for assistant, paths in _BELOW_HOME.items():
        yield from ((assistant, os.path.join(home, path)) for path in paths)
    for data in (data_home(environ), *apps):
        for assistant, paths in _BELOW_DATA.items():
            yield from ((assistant, os.path.join(data, path)) for path in paths)
    for app in apps:
        yield "cursor", os.path.join(app, "Cursor", "User", "globalStorage", "state.vscdb")
    users = [os.path.join(app, editor, "User") for app in apps for editor in _EDITORS]
    for user in (*users, os.path.join(home, ".vscode-server", "data", "User")):
        for assistant, extension in _OF_EDITORS.items():
            yield assistant, os.path.join(user, "globalStorage", extension)


def _usual(environ: Mapping[str, str], reader: Reader) -> list[str]:
    """The places where a reader would look if the assistant's own variables were not set, and does not."""
    system = {name: value for name, value in environ.items() if name in _OF_THE_SYSTEM or name.startswith("XDG_")}
    try:
        usual, read = ([one.path for one in reader.locations(env)] for env in (system, environ))
        return [path for path in usual if os.path.exists(path) and not _is_one_of(path, read)]
    except Exception:  # a reader that fails is told of elsewhere
        return []


def _is_one_of(path: str, others: Sequence[str]) -> bool:
    return path in others or any(os.path.exists(other) and os.path.samefile(path, other) for other in others)
