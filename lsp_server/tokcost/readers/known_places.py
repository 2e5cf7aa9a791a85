"""The places where assistants keep their logs, according to their sources and to other tools that read them: enough
to determine whether an assistant was used on this machine. Its reader, if there is one, knows more."""

import os
from collections.abc import Iterator, Mapping

from tokcost.model.received import OTEL
from tokcost.readers.environment import application_data, data_home, editor_users, expanded, user_home
from tokcost.settings import home_folder

HISTORY_OF_AIDER = ".aider.chat.history.md"
IN_WORKTREES = {HISTORY_OF_AIDER: "aider"}
"""Names of logs in the root folder of a worktree, and their assistants. They are looked for in known worktrees."""

KIMI_DESKTOP = "kimi-desktop/daimon-share/daimon/runtime/kimi-code/home"
"""Kimi Code inside the desktop app, below the folder of apps."""

_BELOW_HOME = {
    "aider": (HISTORY_OF_AIDER,),
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
    "mux": (".xum/sessions", ".mux/sessions"),
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
    "goose": ("goose/sessions", "Block/goose/sessions", "Block/goose/data/sessions"),
    "kilo": ("kilo",),
    "kimi": (f"{KIMI_DESKTOP}/sessions",),
    "kiro": ("kiro-cli/data.sqlite3",),
    "zed": ("zed/threads", "Zed/threads"),
}
"""Below the data folder, and below that of desktop apps."""
_OF_EDITORS = {
    "cline": "saoudrizwan.claude-dev",
    "copilot-chat": "github.copilot-chat",
    "kilo-code": "kilocode.kilo-code",
    "kiro": "kiro.kiroagent",
    "roo-code": "rooveterinaryinc.roo-cline",
}
"""Extensions of VS Code and similar editors, below `globalStorage`."""
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
    "qwen-code": ("QWEN_HOME", "projects"),
}
_FURTHER_OVERRIDES = (
    ("qwen-code", "QWEN_RUNTIME_DIR", "projects"),
    ("junie", "JUNIE_HOME", "sessions"),
    ("kimi", "KIMI_CODE_HOME", "sessions"),
    ("mux", "XUM_ROOT", "sessions"),
    ("cline", "CLINE_DIR", "data"),
    ("cline", "CLINE_SESSION_DATA_DIR", ""),
    ("pi", "PI_CODING_AGENT_DIR", "sessions"),
)


def assistants_there(environ: Mapping[str, str]) -> frozenset[str]:
    """The assistants with something at one of their known places; an empty folder does not count."""
    return frozenset(name for name, path in known_places(environ) if _is_something(path))


def _is_something(path: str) -> bool:
    if not os.path.exists(path):
        return False
    try:
        with os.scandir(path) as entries:
            # Loading the readers of twenty assistants whose folders are empty costs a warm `tokcost log` 5 ms.
            return next(entries, None) is not None
    except OSError:  # a file, or an unreadable folder that its reader reports
        return True


def known_places(environ: Mapping[str, str], folder: str = "") -> Iterator[tuple[str, str]]:
    """Assistants, each with one of their places, existing or not; `folder` is where aider may have left its history."""
    home, apps = user_home(environ), application_data(environ)
    if folder:
        yield "aider", os.path.join(folder, HISTORY_OF_AIDER)
    yield OTEL, os.path.join(home_folder(environ), OTEL)
    # Overrides come first: `unread_logs` names the first existing place, which should be the one that the user chose.
    overrides = [(assistant, *places) for assistant, places in _OVERRIDES.items()]
    for assistant, variable, below in (*overrides, *_FURTHER_OVERRIDES):
        if environ.get(variable):
            yield assistant, os.path.join(expanded(environ[variable], environ), below)
    for assistant, paths in _BELOW_HOME.items():
        yield from ((assistant, os.path.join(home, path)) for path in paths)
    for data in (data_home(environ), *apps):
        for assistant, paths in _BELOW_DATA.items():
            yield from ((assistant, os.path.join(data, path)) for path in paths)
    for app in apps:
        yield "cursor", os.path.join(app, "Cursor", "User", "globalStorage", "state.vscdb")
    for user in editor_users(environ):
        for assistant, extension in _OF_EDITORS.items():
            yield assistant, os.path.join(user, "globalStorage", extension)
