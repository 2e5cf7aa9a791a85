"""Codex CLI: `rollout-*.jsonl` below `sessions/` and `archived_sessions/` of its home folder. `rollout.py` parses
the lines."""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, OwnWorktrees, Source
from tokcost.readers.environment import user_home
from tokcost.readers.sources.files import sources_in


class CodexReader:
    """Codex CLI, its desktop app and its editor extension (versions since about September 2025)."""

    name = "codex"
    capabilities = Capabilities(
        versions="0.44, 0.169, 0.171",
        classes=("input", "cache_read", "cache_write_5m", "output", "reasoning"),
        branch="session",
        gaps="nothing; in older versions, the responses between two running totals count as one",
        # The app creates `ID/REPOSITORY`; an agent that is told to use a worktree often leaves out the first folder.
        worktrees=(OwnWorktrees(".codex/worktrees/*/*"), OwnWorktrees(".codex/worktrees/*")),
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`sessions` and `archived_sessions` of `$CODEX_HOME`, else of `~/.codex`."""
        codex = environ.get("CODEX_HOME") or os.path.join(user_home(environ), ".codex")
        return [Location(os.path.join(codex, name)) for name in ("sessions", "archived_sessions")]

    def discover(self, location: Location) -> Iterable[Source]:
        """Rollouts, plain or compressed; if both exist, the plain one is newer."""
        for source in sources_in(location, (".jsonl", ".jsonl.zst")):
            if not (source.path.endswith(".zst") and os.path.isfile(source.path.removesuffix(".zst"))):
                yield source

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New responses of one rollout."""
        from tokcost.readers.codex.rollout import read_rollout  # usually nothing is new

        return read_rollout(source, cursor)
