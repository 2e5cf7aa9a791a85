"""aider: the history of chats that it keeps at the root of a worktree. What it says is in `history.py`.

`usage/change_detection.py` looks for it in the worktrees that the ledger knows and in the one that is asked about
(`known_places.IN_WORKTREES`): a disk is not searched.
"""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, Source
from tokcost.readers.environment import user_home
from tokcost.readers.known_places import HISTORY_OF_AIDER
from tokcost.readers.sources.jsonl import in_portions, source_at


class AiderReader:
    """aider's histories of chats."""

    name = "aider"
    capabilities = Capabilities(
        versions="0.86",
        classes=("input", "cache_read", "cache_write_5m", "output"),
        folder="project",
        record="turn",
        exactness="rounded, and mostly an estimate",
        gaps="commit messages and summaries by the weak model; what is logged is rounded, and mostly an estimate",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """The history of chats outside of any repository, begun at home."""
        return [Location(os.path.join(user_home(environ), HISTORY_OF_AIDER), "file")]

    def discover(self, location: Location) -> Iterable[Source]:
        """The history, where it exists."""
        source = source_at(location.path)
        return [] if source is None else [source]

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New reports of a history."""
        from tokcost.readers.aider.history import read_history  # mostly nothing is new

        return in_portions(read_history, source, cursor)
