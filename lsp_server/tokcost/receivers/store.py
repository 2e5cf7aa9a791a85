"""The file of received responses: lines of JSON in `otel/` below `TOKCOST_HOME`, which only its owner can read.

All responses of a request are appended in one write, before the exporter gets its answer: a process that is killed
loses at most the request that it was writing.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from tokcost.errors import EnvironmentProblem
from tokcost.files.private import append_ours, check_ours, open_ours, private_folder, rewrite_lines
from tokcost.model.received import OTEL, Received

NAME = "received.jsonl"
MOST_BYTES = 1 << 30
"""Of the file: ten years of work, or somebody filling the disk."""


class StoreFull(OSError):
    """The file has reached its limit."""


class Store:
    """The file, opened for appending."""

    def __init__(self, home: Path) -> None:
        """Create the folder if there is none. Raises `EnvironmentProblem` if it cannot be used."""
        self.path = str(home / OTEL / NAME)
        try:
            private_folder(str(home))
            private_folder(str(home / OTEL))
            check_ours(self.path)
            # The next line would be appended to the half one, and both would be lost.
            if self._ends_in_half_a_line():
                append_ours(self.path, b"\n")
        except OSError as error:
            said = f"{self.path} cannot be written: {error.strerror or error}"
            raise EnvironmentProblem(said, "Set TOKCOST_HOME to a folder that belongs to you.") from error

    def add(self, responses: Iterable[Received]) -> None:
        """Append responses. Raises `OSError`."""
        lines = b"".join(line_of(one) for one in responses)
        if not lines:
            return
        if os.path.exists(self.path) and os.path.getsize(self.path) > MOST_BYTES:
            raise StoreFull(f"{self.path} is full")
        append_ours(self.path, lines)

    def _ends_in_half_a_line(self) -> bool:
        """Whether a process was killed while it wrote."""
        stream = open_ours(self.path)
        if stream is None:
            return False
        with stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(size - 1, 0))
            return stream.read(1) not in (b"", b"\n")


def purge(home: Path, is_purged: Callable[[str, str, str], bool]) -> None:
    """Remove purged responses, recognised by assistant, session id and response id. Raises `OSError`."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode

    def without(line: bytes) -> bytes:
        try:
            record = decode(line)
        except (msgspec.DecodeError, ValueError):
            return b""  # no import reads it, and its owner is unknown
        names = (str(record.get(name, "")) for name in ("assistant", "session", "id"))
        return b"" if is_purged(*names) else line

    rewrite_lines(str(home / OTEL / NAME), without)


def line_of(response: Received) -> bytes:
    """The line of a response: its fields by name, without zero counts."""
    tokens = {name: count for name, count in response.tokens._asdict().items() if count}
    fields = {name: value for name, value in response._asdict().items() if name != "tokens" and value not in (None, "")}
    return msgspec.json.encode({"v": 1, **fields, "tokens": tokens}) + b"\n"
