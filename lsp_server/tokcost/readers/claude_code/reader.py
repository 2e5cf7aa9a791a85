"""Claude Code: `projects/**/*.jsonl` below its configuration folder, and below those that Claude Desktop creates for
its agent mode. `transcript.py` parses the lines."""

import os
from collections.abc import Iterable, Mapping, Sequence

from tokcost.model.logs import Batch, Capabilities, Location, OwnWorktrees, Source
from tokcost.readers.environment import application_data, config_home, expanded, user_home
from tokcost.readers.sources.files import in_portions, sources_in


class ClaudeCodeReader:
    """Claude Code's transcripts (versions 1.0 to 2.1)."""

    name = "claude-code"
    capabilities = Capabilities(
        versions="2.0, 2.1 (to 2.1.332)",
        classes=("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning"),
        branch="each response",
        retention="30 days (cleanupPeriodDays)",
        exactness="exact since 2.1.59; before, mostly a lower bound of the output",
        gaps="before 2.1, compaction and titles, which have neither a line nor a session total; the one-token request"
        " with which `/model NAME` tests a model",
        worktrees=(OwnWorktrees(".claude/worktrees/*", "worktree-*"),),
        subagent_logs=r"/subagents/|/agent-[^/]+\.jsonl$",  # before 2.1.2 beside the files of sessions
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`$CLAUDE_CONFIG_DIR` (several, separated by commas, each with or without `/projects`), else `~/.claude`
        and `$XDG_CONFIG_HOME/claude`; and the sessions of Claude Desktop, each with a separate configuration folder."""
        if configured := environ.get("CLAUDE_CONFIG_DIR", "").strip():
            folders = [expanded(part.strip(), environ) for part in configured.split(",") if part.strip()]
        else:
            folders = [os.path.join(user_home(environ), ".claude"), os.path.join(config_home(environ), "claude")]
        desktop = [os.path.join(data, "Claude", _AGENT_MODE) for data in application_data(environ)]
        return [Location(path) for path in (*(_projects(os.path.normpath(folder)) for folder in folders), *desktop)]

    def discover(self, location: Location) -> Iterable[Source]:
        """Session files, sub-agents' files and workflow agents' files, at any depth. The agent mode has other files
        beside its configuration folders."""
        return (one for one in sources_in(location, (".jsonl",)) if _is_transcript(one.path))

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """New responses, session totals and worktrees of one transcript."""
        from tokcost.readers.claude_code.transcript import read_transcript  # usually nothing is new

        return in_portions(read_transcript, source, cursor)


_AGENT_MODE = "local-agent-mode-sessions"


def _is_transcript(path: str) -> bool:
    _, is_agent_mode, below = path.rpartition(f"{os.sep}{_AGENT_MODE}{os.sep}")
    return not is_agent_mode or f"{os.sep}projects{os.sep}" in f"{os.sep}{below}"


def _projects(folder: str) -> str:
    return folder if os.path.basename(folder) == "projects" else os.path.join(folder, "projects")
