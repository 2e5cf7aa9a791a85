"""Claude Code: hooks in `settings.json` (code.claude.com/docs/en/hooks; tried with 2.1.332)."""

import os
from collections.abc import Callable, Mapping, Sequence

from tokcost.guards.protocol import SECONDS, Entry, Guard, Json, Moment, Switch, Verdict


def _settings(environ: Mapping[str, str]) -> str:
    folder = environ.get("CLAUDE_CONFIG_DIR") or os.path.join(environ.get("HOME", "~"), ".claude")
    return os.path.join(os.path.expanduser(folder), "settings.json")


def _entries(command: Callable[[Moment], str]) -> Sequence[Entry]:
    def hook(moment: Moment) -> Json:
        return {"hooks": [{"type": "command", "command": command(moment), "timeout": SECONDS}]}

    return (
        Entry(("hooks", "UserPromptSubmit"), hook("prompt")),
        Entry(("hooks", "PreToolUse"), {"matcher": "*", **hook("tool")}),
    )


def _answer(verdict: Verdict, moment: Moment) -> Json:
    if not verdict.stops:
        # Once for each prompt: a run calls many tools, and each would repeat the same warning.
        return {"systemMessage": verdict.text} if verdict.text and moment == "prompt" else {}
    stop: Json = {"continue": False, "stopReason": verdict.text}
    if moment == "tool":  # `continue` alone ends the run after this tool
        decision = {"permissionDecision": "deny", "permissionDecisionReason": verdict.text}
        stop["hookSpecificOutput"] = {"hookEventName": "PreToolUse", **decision}
    return stop


GUARD = Guard(
    "claude-code",
    "Claude Code",
    _settings,
    _entries,
    None,
    _answer,
    "no prompt is sent, the next tool is not run and the run ends.",
    reads=frozenset({"mark"}),
    switches=(Switch("settings.json", ("disableAllHooks",), True),),
)
