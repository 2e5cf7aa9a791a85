"""Facts about a session beside its log: in a JSON file, or as the name of a folder."""

import os
from typing import TypeVar

import msgspec

from tokcost.model.bounds import MAX_NAME, is_path
from tokcost.readers.sources.files import open_log
from tokcost.readers.sources.records import decoded

_Facts = TypeVar("_Facts")
_MOST_BYTES = 4 << 20
"""Such a file describes sessions and contains none."""


def name_of(folder: str) -> str:
    """The name of a folder, as a session id; empty if it is no text."""
    name = os.path.basename(folder)
    return name if len(name) <= MAX_NAME and is_path(name) else ""


def facts_beside(path: str, decoder: "msgspec.json.Decoder[_Facts]") -> _Facts | None:
    """The facts in a file that the decoder asks for; nothing else in it is built. `None` if it cannot be read, is
    damaged, or is too large."""
    content = b""
    try:
        with open_log(path) as stream:
            # A raw file may return less than it was asked for. One byte more than allowed shows that the file is too
            # large.
            while len(content) <= _MOST_BYTES and (piece := stream.read(_MOST_BYTES + 1 - len(content))):
                content += piece
    except (OSError, ValueError):  # the latter for an impossible file name
        return None
    return decoded(decoder, content) if len(content) <= _MOST_BYTES else None
