"""Gemini CLI: chats below `tmp/*/chats/` of its home folder. `chats.py` parses them."""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import user_home
from tokcost.readers.sources.files import in_portions, sources_in


class GeminiReader:
    """Gemini CLI, with chats as JSON (before 0.39) and as JSON lines."""

    name = "gemini-cli"
    capabilities = Capabilities(
        versions="0.61",
        classes=("input", "cache_read", "output", "reasoning"),
        folder="project",
        retention="30 days (general.sessionRetention)",
        gaps="the two requests of a compaction, and rarely a response, when the counts of the next one replace it",
        subagent_logs=r"/chats/[^/]+/[^/]+$",  # in a folder named after the parent's session
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`.gemini/tmp` in `$GEMINI_CLI_HOME`, else in the user's home folder."""
        home = environ.get("GEMINI_CLI_HOME") or user_home(environ)
        return [Location(os.path.join(home, ".gemini", "tmp"))]

    def discover(self, location: Location) -> Iterable[Source]:
        """Chats, including those of sub-agents, without the other files beside them (`logs.json`, checkpoints)."""
        inside = f"{os.sep}chats{os.sep}"
        return (one for one in sources_in(location, (".json", ".jsonl")) if inside in one.path)

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New responses of one chat."""
        from tokcost.readers.gemini import chats  # usually nothing is new

        if source.path.endswith(".json"):
            return [chats.read_document(source)]
        return in_portions(chats.read_log, source, cursor)
