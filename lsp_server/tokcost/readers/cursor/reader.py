"""Cursor without counts: its store of conversations, whose text is counted if the user enabled that. `bubbles.py`
parses it."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import application_data
from tokcost.readers.sources.files import store_source


class CursorTextReader:
    """Conversations kept by Cursor."""

    name = "cursor-text"
    capabilities = Capabilities(
        versions="bubbles of version 3, from descriptions by others",
        classes=("output",),
        exactness="an estimate from the text of responses",
        folder="session",
        gaps="every prompt and everything cached: most of what Cursor charges",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """The store shared by all windows."""
        below = os.path.join("Cursor", "User", "globalStorage", "state.vscdb")
        return [Location(os.path.join(app, below), "store") for app in application_data(environ)]

    def discover(self, location: Location) -> Iterable[Source]:
        """The store, if there is one."""
        source = store_source(location.path)
        return [] if source is None else [source]

    def read(self, source: Source, cursor: bytes | None) -> Iterator[Batch]:
        """New replies. Raises `OSError` if the store cannot be read."""
        from tokcost.readers.cursor.bubbles import read_bubbles  # usually nothing is new

        return read_bubbles(source, cursor)
