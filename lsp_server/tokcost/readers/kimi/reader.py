"""Kimi Code and the Kimi CLI: a file of wire records for each agent of a session. `wire.py` parses them."""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import application_data, expanded, user_home
from tokcost.readers.known_places import KIMI_DESKTOP
from tokcost.readers.sources.files import sources_in


class KimiReader:
    """Sessions of Kimi Code, of its desktop app, and of its predecessor Kimi CLI."""

    name = "kimi"
    capabilities = Capabilities(
        versions="its source, wire protocol 1.5 (CLI: 1.x)",
        classes=("input", "cache_read", "cache_write_5m", "output"),
        folder="each response",
        exactness="exact; for Google's models a lower bound of the output",
        gaps="failed attempts; in the older CLI the model, compactions and side questions",
        subagent_logs=r"/subagents/|/agents/(?!main/)[^/]+/wire\.jsonl$",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`sessions` in `$KIMI_CODE_HOME` (else `~/.kimi-code`), in `$KIMI_SHARE_DIR` (else `~/.kimi`), and in the
        folder of the desktop app."""
        home = user_home(environ)
        homes = [
            expanded(environ.get("KIMI_CODE_HOME", ""), environ) or os.path.join(home, ".kimi-code"),
            expanded(environ.get("KIMI_SHARE_DIR", ""), environ) or os.path.join(home, ".kimi"),
            *(os.path.join(app, *KIMI_DESKTOP.split("/")) for app in application_data(environ)),
        ]
        return [Location(os.path.join(one, "sessions")) for one in homes]

    def discover(self, location: Location) -> Iterable[Source]:
        """The files of agents."""
        return (one for one in sources_in(location, (".jsonl",)) if os.path.basename(one.path) == "wire.jsonl")

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New responses of an agent."""
        from tokcost.readers.kimi.wire import read_wire  # usually nothing is new

        return read_wire(source, cursor)
