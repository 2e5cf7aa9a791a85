"""Goose: one SQLite store for all sessions, and the earlier files of JSON lines. `store.py` parses them."""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import application_data, data_home
from tokcost.readers.sources.files import sources_in

_BELOW_DATA = ("goose", "Block/goose", "Block/goose/data")


class GooseReader:
    """Goose's store, and the session files of earlier versions."""

    name = "goose"
    capabilities = Capabilities(
        versions="its store's schema, 1.x",
        classes=("input", "cache_read", "cache_write_5m", "output"),
        folder="session",
        exactness="exact; one sum for older sessions",
        gaps="nothing known; if a provider reports no counts, Goose logs its own estimate, and a session of a"
        " version without usage_ledger counts as one response",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`sessions` in `data` of `$GOOSE_PATH_ROOT`, else in Goose's data folder on each system."""
        if root := environ.get("GOOSE_PATH_ROOT"):
            folders = [os.path.join(root, "data")]
        else:
            data = (data_home(environ), *application_data(environ))
            folders = [os.path.join(one, *below.split("/")) for one in data for below in _BELOW_DATA]
        sessions = [os.path.join(folder, "sessions") for folder in folders]
        stores = [Location(os.path.join(one, "sessions.db"), "store") for one in sessions]
        return [*stores, *(Location(one) for one in sessions)]

    def discover(self, location: Location) -> Iterable[Source]:
        """The store, or the older files."""
        return sources_in(location, (".jsonl",))

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New calls of a store, or the total of an older session."""
        from tokcost.readers.goose import store  # usually nothing is new

        return [store.read_file(source)] if source.path.endswith(".jsonl") else store.read_store(source, cursor)
