"""Amp: a JSON file for each thread. `threads.py` parses them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tokcost.model.logs import Capabilities, Location, Source
from tokcost.model.usage import Usage
from tokcost.readers.environment import data_home
from tokcost.readers.sources.files import sources_in
from tokcost.readers.sources.json_file import JsonFileReader


class AmpReader(JsonFileReader):
    """Amp's threads, which its server mirrors to the machine."""

    name = "amp"
    capabilities = Capabilities(
        versions="threads of 2025 and 2026",
        classes=("input", "cache_read", "cache_write_5m", "output"),
        folder="session",
        branch="session",
        gaps="nothing known; responses without a time count at the beginning of their thread",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`threads` in `$AMP_DATA_DIR`, else in the data folder."""
        home = environ.get("AMP_DATA_DIR") or os.path.join(data_home(environ), "amp")
        return [Location(os.path.join(home, "threads"))]

    def discover(self, location: Location) -> Iterable[Source]:
        """Threads: `T-ID.json`."""
        return (one for one in sources_in(location, self.suffixes) if os.path.basename(one.path).startswith("T-"))

    def usages(self, document: Any, source: Source) -> Iterable[Usage]:
        """The responses of a thread."""
        from tokcost.readers.amp.threads import usages_of  # usually nothing is new

        return usages_of(document, os.path.basename(source.path).removesuffix(".json"))
