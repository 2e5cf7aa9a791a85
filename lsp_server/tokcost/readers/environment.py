"""A user's folders in the form in which assistants find them."""

import os
from collections.abc import Mapping


def user_home(environ: Mapping[str, str]) -> str:
    """The user's home folder."""
    return environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")


def expanded(path: str, environ: Mapping[str, str]) -> str:
    """A path with a leading `~` replaced by the user's home folder."""
    # `os.path.expanduser` would ask this process's environment, which may differ from `environ`.
    if path == "~" or path.startswith(("~/", f"~{os.sep}")):
        return user_home(environ) + path[1:]
    return path


def config_home(environ: Mapping[str, str]) -> str:
    """The folder for settings (XDG Base Directory Specification)."""
    return environ.get("XDG_CONFIG_HOME") or os.path.join(user_home(environ), ".config")


def data_home(environ: Mapping[str, str]) -> str:
    """The folder for data (XDG Base Directory Specification)."""
    # On macOS as well: opencode keeps its store there too, not in `Library`.
    return environ.get("XDG_DATA_HOME") or os.path.join(user_home(environ), ".local", "share")


def application_data(environ: Mapping[str, str]) -> list[str]:
    """The folders of desktop apps on Linux, macOS and Windows (`appData` in Electron's documentation of
    `app.getPath`). A home folder may be shared between systems."""
    found = [config_home(environ), os.path.join(user_home(environ), "Library", "Application Support")]
    return [*found, environ["APPDATA"]] if environ.get("APPDATA") else found


_EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf", "Kiro")
"""The folder names of VS Code and similar editors."""
_SERVERS = (".vscode-server", ".vscode-server-insiders", ".cursor-server", ".windsurf-server", ".vscodium-server")
"""The folders of VS Code and similar editors where they run for an editor on another machine."""


def editor_users(environ: Mapping[str, str]) -> list[str]:
    """The `User` folders of VS Code and similar editors, existing or not."""
    local = [os.path.join(app, editor, "User") for app in application_data(environ) for editor in _EDITORS]
    return [*local, *(os.path.join(user_home(environ), server, "data", "User") for server in _SERVERS)]
