"""Junie: a file of events for each session. `events.py` parses them."""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import expanded, user_home
from tokcost.readers.sources.files import sources_in


class JunieReader:
    """Junie's sessions."""

    name = "junie"
    capabilities = Capabilities(
        versions="26.8 and 26.9, from events that others published",
        classes=("input", "cache_read", "cache_write_5m", "output"),
        folder="each response",
        gaps="chats of the plugin in an IDE, which leave no such log",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`sessions` in `$JUNIE_HOME`, else in `~/.junie`."""
        home = expanded(environ.get("JUNIE_HOME", ""), environ) or os.path.join(user_home(environ), ".junie")
        return [Location(os.path.join(home, "sessions"))]

    def discover(self, location: Location) -> Iterable[Source]:
        """The events of sessions."""
        return (one for one in sources_in(location, (".jsonl",)) if os.path.basename(one.path) == "events.jsonl")

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New responses of a session."""
        from tokcost.readers.junie.events import read_events  # usually nothing is new

        return read_events(source, cursor)
