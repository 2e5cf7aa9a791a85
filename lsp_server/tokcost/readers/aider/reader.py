"""aider: the chat history that it keeps in the root folder of a worktree. `history.py` parses it.

`usage/change_detection.py` looks for it in the worktrees in the ledger and in the one at hand
(`known_places.IN_WORKTREES`): the disk is not searched.
"""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import user_home
from tokcost.readers.known_places import HISTORY_OF_AIDER
from tokcost.readers.sources.files import in_portions, source_at


class AiderReader:
    """aider's chat histories."""

    name = "aider"
    capabilities = Capabilities(
        versions="0.86",
        classes=("input", "cache_read", "cache_write_5m", "output"),
        folder="project",
        record="turn",
        exactness="rounded, and mostly an estimate",
        gaps="commit messages and summaries by the weak model",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """The history of chats outside repositories, started in the home folder."""
        return [Location(os.path.join(user_home(environ), HISTORY_OF_AIDER), "file")]

    def discover(self, location: Location) -> Iterable[Source]:
        """The history, if it exists."""
        source = source_at(location.path)
        return [] if source is None else [source]

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New reports of a history."""
        from tokcost.readers.aider.history import read_history  # usually nothing is new

        return in_portions(read_history, source, cursor)
