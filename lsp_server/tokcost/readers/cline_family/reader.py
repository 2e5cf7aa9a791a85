"""Cline, Roo Code and Kilo Code: sessions of Cline's own program, and tasks of the extensions for VS Code and
similar editors. `sessions.py` and `tasks.py` parse them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import editor_users, user_home
from tokcost.readers.sources.files import sources_in

_SESSION = ".messages.json"
_TASKS = ("ui_messages.json", "claude_messages.json")
_CLASSES = ("input", "cache_read", "cache_write_5m", "output")


class _TasksReader:
    """Tasks of one extension."""

    name: str
    extension: str

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`tasks` in the extension's folder of each editor."""
        return [Location(path) for path in self._of_editors(environ)]

    def _of_editors(self, environ: Mapping[str, str]) -> Iterator[str]:
        for user in editor_users(environ):
            yield os.path.join(user, "globalStorage", self.extension, "tasks")

    def discover(self, location: Location) -> Iterable[Source]:
        """The messages of tasks, without the conversations and settings beside them."""
        return sources_in(location, _TASKS)

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """All requests of one task."""
        from tokcost.readers.cline_family.tasks import read_task  # usually nothing is new

        return [read_task(self.name, source, cursor)]


class ClineReader(_TasksReader):
    """Cline: its program since 3.0, and its extension with tasks (before 4) or sessions."""

    name = "cline"
    extension = "saoudrizwan.claude-dev"
    capabilities = Capabilities(
        versions="3.0",
        classes=_CLASSES,
        folder="session",
        branch="session",
        gaps="summaries of a compaction, and responses broken off before their counts came",
        subagent_logs=r"/agent_[^/]+\.messages\.json$",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`sessions` and `tasks` in `$CLINE_DATA_DIR`, else in `data` of `$CLINE_DIR` or `~/.cline`; `sessions` may be
        in `$CLINE_SESSION_DATA_DIR`; and the extension's tasks."""
        home = environ.get("CLINE_DIR", "").strip() or os.path.join(user_home(environ), ".cline")
        data = environ.get("CLINE_DATA_DIR", "").strip() or os.path.join(home, "data")
        sessions = environ.get("CLINE_SESSION_DATA_DIR", "").strip() or os.path.join(data, "sessions")
        return [Location(sessions), Location(os.path.join(data, "tasks")), *super().locations(environ)]

    def discover(self, location: Location) -> Iterable[Source]:
        """Conversations, those of sub-agents included, and tasks."""
        return sources_in(location, (_SESSION, *_TASKS))

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """All responses of one conversation or task."""
        if not source.path.endswith(_SESSION):
            return super().read(source, cursor)
        from tokcost.readers.cline_family.sessions import read_session

        return [read_session(source)]


class RooCodeReader(_TasksReader):
    """Roo Code."""

    name = "roo-code"
    extension = "rooveterinaryinc.roo-cline"
    capabilities = Capabilities(
        versions="its source, 3.x",
        classes=_CLASSES,
        folder="session",
        exactness="exact; an estimate for VS Code's own models",
        gaps="summaries (condense_context has a cost and no counts); counts of VS Code's own models are its estimates",
    )


class KiloCodeReader(_TasksReader):
    """Kilo Code's extension before it was rebuilt on opencode."""

    name = "kilo-code"
    extension = "kilocode.kilo-code"
    capabilities = RooCodeReader.capabilities._replace(versions="the source of Roo Code, 3.x")
