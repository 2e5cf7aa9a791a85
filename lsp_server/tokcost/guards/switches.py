"""Settings by which a user turns off the hooks of an assistant, and ours among them: it then asks nothing."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, cast

from tokcost.files.foreign import read_bounded
from tokcost.guards.json_text import UnreadableJson, parsed
from tokcost.guards.protocol import Guard

_OURS = ("tokcost-guard-", "guard check ")
"""Texts in the name, or the command, of each of our hooks."""


def why_off(guard: Guard, environ: Mapping[str, str]) -> str:
    """The setting that turns the guard off, and its file; empty if there is none, or the file cannot be read."""
    folder = os.path.dirname(guard.settings(environ))
    for switch in guard.switches:
        path = os.path.normpath(os.path.join(folder, switch.file))
        found = _value(_document(path), switch.keys)
        # A value of another type has no known effect in the assistant, and is not reported as one.
        if isinstance(found, bool) and found is switch.off:
            return f"{'.'.join(switch.keys)} is {'true' if found else 'false'} in {path}"
        if switch.off is None and any(ours in name for name in _texts(found) for ours in _OURS):
            return f"it is in {'.'.join(switch.keys)} in {path}"
    return ""


def _document(path: str) -> object:
    try:
        text = read_bounded(path).decode("utf-8")
        return tomllib.loads(text) if path.endswith(".toml") else parsed(text)
    except (OSError, ValueError, RecursionError, UnreadableJson):
        # What cannot be read here is for the assistant itself to report.
        return None


def _value(document: object, keys: tuple[str, ...]) -> object:
    for key in keys:
        document = cast(Mapping[str, Any], document).get(key) if isinstance(document, dict) else None
    return document


def _texts(value: object) -> Iterator[str]:
    yield from (one for one in cast(list[object], value) if isinstance(one, str)) if isinstance(value, list) else ()
