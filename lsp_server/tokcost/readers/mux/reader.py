"""Mux: a file of messages for each workspace. `chats.py` parses them."""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import expanded, user_home
from tokcost.readers.sources.files import sources_in

_CHATS = ("chat.jsonl", "chat-archive.jsonl")
"""Messages before the last compaction move to the second."""


class MuxReader:
    """Chats of Mux, under its old and its new name."""

    name = "mux"
    capabilities = Capabilities(
        versions="its source of August 2026",
        classes=("input", "cache_read", "cache_write_5m", "output", "reasoning"),
        folder="session",
        record="turn",
        exactness="exact for each turn; a lower bound of the cost of compactions",
        gaps="titles and other small calls; tokens written to a cache by a compaction are logged as input",
        subagent_logs="/subagent-transcripts/",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`sessions` in `$XUM_ROOT` or `$MUX_ROOT`, else in `~/.xum` and `~/.mux`."""
        root = environ.get("XUM_ROOT") or environ.get("MUX_ROOT")
        home = user_home(environ)
        roots = [expanded(root, environ)] if root else [os.path.join(home, ".xum"), os.path.join(home, ".mux")]
        return [Location(os.path.join(one, "sessions")) for one in roots]

    def discover(self, location: Location) -> Iterable[Source]:
        """The messages of workspaces and of sub-agents."""
        return (one for one in sources_in(location, (".jsonl",)) if os.path.basename(one.path) in _CHATS)

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New messages of a workspace."""
        from tokcost.readers.mux.chats import read_chat  # usually nothing is new

        return read_chat(source, cursor)
