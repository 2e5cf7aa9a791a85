"""The logs of sub-agents, as far as a path tells: which assistants give each agent a file of its own."""

import re
from collections.abc import Iterable

_FOLDER = re.compile(r"/(?:subagents|subagent-transcripts)/")
_CLAUDE_FILE = re.compile(r"/agent-[^/]+\.jsonl$")
"""Claude Code before 2.1.2 had them beside the files of sessions."""
_GEMINI_FILE = re.compile(r"/chats/[^/]+/[^/]+$")
"""Gemini CLI has a folder named after the parent's session."""


def subagents_among(sources: Iterable[tuple[int, str, str]]) -> list[int]:
    """The numbers of those sources (number, assistant, path) that are logs of sub-agents."""
    return [number for number, assistant, path in sources if _is_of_subagent(assistant, path)]


def _is_of_subagent(assistant: str, path: str) -> bool:
    """Whether a log is that of a sub-agent. Of assistants that write a session of its own for each agent (Codex,
    OpenCode) no path tells that: their readers do."""
    path = path.replace("\\", "/")
    if assistant == "gemini-cli":
        return _GEMINI_FILE.search(path) is not None
    if assistant == "claude-code" and _CLAUDE_FILE.search(path):
        return True
    return _FOLDER.search(path) is not None
