"""GitHub Copilot Chat in VS Code: the store of its spans, if the user enabled it. `spans.py` parses them."""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import editor_users
from tokcost.readers.sources.files import store_source


class CopilotChatReader:
    """Copilot Chat's spans (setting `github.copilot.chat.otel.dbSpanExporter.enabled`)."""

    name = "copilot-chat"
    capabilities = Capabilities(
        versions="0.42 (its source)",
        classes=("input", "cache_read", "cache_write_5m", "output", "reasoning"),
        folder="session",
        branch="session",
        retention="7 days or 100 sessions",
        gaps="everything while dbSpanExporter is off, and completions while typing",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`agent-traces.db` in the extension's folder of each variant of VS Code."""
        extension = os.path.join("globalStorage", "github.copilot-chat", "agent-traces.db")
        return [Location(os.path.join(user, extension), "store") for user in editor_users(environ)]

    def discover(self, location: Location) -> Iterable[Source]:
        """The store, if there is one."""
        source = store_source(location.path)
        return [] if source is None else [source]

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New requests to models."""
        from tokcost.readers.copilot_chat.spans import read_spans  # usually nothing is new

        return read_spans(source, cursor)
