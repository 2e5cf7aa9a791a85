"""opencode: SQLite stores in its data folder, and the JSON files of versions before 1.2 beside them; and Kilo, which
is built on it. `messages.py` parses the messages."""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import data_home
from tokcost.readers.sources.files import in_portions, sources_in


class OpencodeReader:
    """opencode, with messages in SQLite (since 1.2) and as JSON files (before)."""

    name = "opencode"
    capabilities = Capabilities(
        versions="1.18",
        classes=("input", "cache_read", "cache_write_5m", "output", "reasoning"),
        gaps="the request for a session's title",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`$OPENCODE_DB`, the stores of all channels in the data folder, and the message files there."""
        folder = os.path.join(data_home(environ), "opencode")
        stores = [os.path.join(folder, "opencode.db"), *_stores_of_channels(folder)]
        if named := environ.get("OPENCODE_DB"):
            # `join` leaves an absolute path as it is.
            stores.insert(0, os.path.join(folder, named))
        found = [Location(path, "store") for path in dict.fromkeys(stores)]
        return [*found, Location(os.path.join(folder, "storage", "message"))]

    def discover(self, location: Location) -> Iterable[Source]:
        """The store, or the message files."""
        return sources_in(location, (".json",))

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New responses of a store or a message file."""
        from tokcost.readers.opencode import files, store  # usually nothing is new

        if source.path.endswith(".json"):
            return [files.read_file(source, cursor)]
        return in_portions(store.read_store, source, cursor)


class KiloReader(OpencodeReader):
    """Kilo's program, and its extension since it has been built on the same engine: one store for all channels."""

    name = "kilo"
    capabilities = OpencodeReader.capabilities._replace(versions="7.7")

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`kilo.db` in its data folder."""
        return [Location(os.path.join(data_home(environ), "kilo", "kilo.db"), "store")]

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New responses of the store."""
        for batch in super().read(source, cursor):
            usage = [one._replace(assistant=self.name) for one in batch.usage]
            yield batch._replace(usage=usage)


def _stores_of_channels(folder: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [os.path.join(folder, name) for name in sorted(names) if name.startswith("opencode-") and name[-3:] == ".db"]
