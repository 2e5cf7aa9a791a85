"""GitHub Copilot CLI: a folder of events for each session, and one SQLite store beside them. `events.py` and
`store.py` parse them."""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import user_home
from tokcost.readers.sources.files import in_portions, sources_in, store_source


class CopilotCliReader:
    """Copilot CLI, whose responses are in the events of a session, in the store, or in both."""

    name = "copilot-cli"
    capabilities = Capabilities(
        versions="1.0.102",
        classes=("input", "cache_read", "cache_write_5m", "output", "reasoning"),
        folder="session",
        branch="session",
        exactness="exact; without a store, spread over the messages of a run",
        gaps="broken-off responses; in versions without a store, the input of killed sessions",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`session-state` and `session-store.db` in `$COPILOT_HOME`, else in `~/.copilot`."""
        home = environ.get("COPILOT_HOME") or os.path.join(user_home(environ), ".copilot")
        events, store = os.path.join(home, "session-state"), os.path.join(home, "session-store.db")
        return [Location(events), Location(store, "store")]

    def discover(self, location: Location) -> Iterable[Source]:
        """The store, or the events of each session. Older versions wrote them without a separate folder."""
        if location.kind == "store":
            source = store_source(location.path)
            return [] if source is None else [source]
        return (one for one in sources_in(location, (".jsonl",)) if _has_events(one.path))

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New responses of a session, or of the store."""
        from tokcost.readers.copilot_cli import events, store  # usually nothing is new

        if source.path.endswith(".jsonl"):
            return in_portions(events.read_events, source, cursor)
        return store.read_store(source, cursor)


def _has_events(path: str) -> bool:
    folder, name = os.path.split(path)
    return name == "events.jsonl" or os.path.basename(folder) == "session-state"
