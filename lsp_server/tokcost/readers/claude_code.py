"""Claude Code: `projects/**/*.jsonl` below its configuration folder. What the lines say is in
`claude_code_lines.py`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tokcost.readers.base import Batch, Checkpoint, LogFile
from tokcost.readers.jsonl import log_files


class ClaudeCodeReader:
    """Claude Code's transcripts (versions 1.0 to 2.1)."""

    name = "claude-code"

    def roots(self, environ: Mapping[str, str]) -> list[Path]:
        """`$CLAUDE_CONFIG_DIR` (several, separated by commas, each with or without `/projects`), else `~/.claude` and
        `$XDG_CONFIG_HOME/claude`."""
        if configured := environ.get("CLAUDE_CONFIG_DIR", "").strip():
            folders = [Path(part.strip()).expanduser() for part in configured.split(",") if part.strip()]
        else:
            home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
            folders = [home / ".claude", Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "claude"]
        return [folder if folder.name == "projects" else folder / "projects" for folder in folders]

    def discover(self, root: Path) -> Iterable[LogFile]:
        """Session files, sub-agents' files and workflow agents' files, at any depth."""
        return log_files(root, (".jsonl",))

    def read(self, file: LogFile, checkpoint: Checkpoint | None) -> Batch:
        """New responses, session totals and worktrees of one transcript."""
        from tokcost.readers.claude_code_lines import read_transcript  # mostly nothing is new

        return read_transcript(file, checkpoint)
