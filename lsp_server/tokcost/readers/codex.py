"""Codex CLI: `rollout-*.jsonl` below `sessions/` and `archived_sessions/` of its home folder. What the lines say is in
`codex_lines.py`."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tokcost.readers.base import Batch, Checkpoint, LogFile
from tokcost.readers.jsonl import log_files


class CodexReader:
    """Codex CLI, its desktop app and its editor extension (versions since about September 2025)."""

    name = "codex"

    def roots(self, environ: Mapping[str, str]) -> list[Path]:
        """`sessions` and `archived_sessions` of `$CODEX_HOME`, else of `~/.codex`."""
        home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
        codex = Path(environ.get("CODEX_HOME") or home / ".codex")
        return [codex / "sessions", codex / "archived_sessions"]

    def discover(self, root: Path) -> Iterable[LogFile]:
        """Rollouts, plain or compressed; where both exist the plain one is newer."""
        for file in log_files(root, (".jsonl", ".jsonl.zst")):
            if not (file.path.endswith(".zst") and os.path.isfile(file.path.removesuffix(".zst"))):
                yield file

    def read(self, file: LogFile, checkpoint: Checkpoint | None) -> Batch:
        """New responses of one rollout."""
        from tokcost.readers.codex_lines import read_rollout  # mostly nothing is new

        return read_rollout(file, checkpoint)

    def portions(self, file: LogFile, checkpoint: Checkpoint | None) -> Iterator[Batch]:
        """The same in portions: nobody can go on in the middle of a compressed file."""
        from tokcost.readers.codex_lines import rollout_in_portions

        return rollout_in_portions(file, checkpoint)
