"""A user's folders as assistants find them."""

import os
from collections.abc import Mapping


def user_home(environ: Mapping[str, str]) -> str:
    """The user's home folder."""
    return environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")


def expanded(path: str, environ: Mapping[str, str]) -> str:
    """A path with `~` at its beginning replaced by the user's home folder."""
    if path == "~" or path.startswith(("~/", f"~{os.sep}")):
        return user_home(environ) + path[1:]
    return path
