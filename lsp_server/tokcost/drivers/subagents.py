"""The logs of sub-agents, as far as paths show: some assistants give each agent a separate file."""

import re
from collections.abc import Iterable

_FOLDER = re.compile(r"/(?:subagents|subagent-transcripts)/")
_CLAUDE_FILE = re.compile(r"/agent-[^/]+\.jsonl$")
"""Claude Code before 2.1.2 stored them beside the files of sessions."""
_GEMINI_FILE = re.compile(r"/chats/[^/]+/[^/]+$")
"""Gemini CLI has a folder named after the parent's session."""


def subagents_among(sources: Iterable[tuple[int, str, str]]) -> list[int]:
    """The numbers of those sources (number, assistant, path) that are logs of sub-agents."""
    return [number for number, assistant, path in sources if _is_of_subagent(assistant, path)]


def _is_of_subagent(assistant: str, path: str) -> bool:
    """Whether a log belongs to a sub-agent. If an assistant writes a separate session for each agent (Codex,
    OpenCode), no path shows that: its reader does."""
    path = path.replace("\\", "/")
    if assistant == "gemini-cli":
        return _GEMINI_FILE.search(path) is not None
    if assistant == "claude-code" and _CLAUDE_FILE.search(path):
        return True
    return _FOLDER.search(path) is not None
