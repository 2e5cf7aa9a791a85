"""Grok Build: a file of updates for each session. `updates.py` parses them."""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import expanded, user_home
from tokcost.readers.sources.files import sources_in


class GrokReader:
    """Grok Build's sessions."""

    name = "grok"
    capabilities = Capabilities(
        versions="its source of August 2026",
        classes=("input", "cache_read", "cache_write_5m", "output", "reasoning"),
        folder="session",
        record="turn",
        exactness="exact for each turn; a lower bound where sub-agents still ran",
        gaps="compactions; sub-agents in the background; turns of versions without turn_completed",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`sessions` in `$GROK_HOME`, else in `~/.grok`."""
        home = expanded(environ.get("GROK_HOME", ""), environ) or os.path.join(user_home(environ), ".grok")
        return [Location(os.path.join(home, "sessions"))]

    def discover(self, location: Location) -> Iterable[Source]:
        """The updates of sessions."""
        return (one for one in sources_in(location, (".jsonl",)) if os.path.basename(one.path) == "updates.jsonl")

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New turns of a session."""
        from tokcost.readers.grok.updates import read_updates  # usually nothing is new

        return read_updates(source, cursor)
