"""Codex CLI: hooks in `hooks.json` (developers.openai.com/codex/hooks; tried with 0.171.0)."""

import os
from collections.abc import Callable, Mapping, Sequence

from tokcost.guards.protocol import SECONDS, Entry, Guard, Json, Moment, Switch, Verdict


def _settings(environ: Mapping[str, str]) -> str:
    folder = environ.get("CODEX_HOME") or os.path.join(environ.get("HOME", "~"), ".codex")
    return os.path.join(os.path.expanduser(folder), "hooks.json")


def _entries(command: Callable[[Moment], str]) -> Sequence[Entry]:
    def hook(moment: Moment) -> Json:
        return {"hooks": [{"type": "command", "command": command(moment), "timeout": SECONDS}]}

    return (Entry(("hooks", "UserPromptSubmit"), hook("prompt")), Entry(("hooks", "PreToolUse"), hook("tool")))


def _answer(verdict: Verdict, moment: Moment) -> Json:
    if not verdict.stops:
        return {"systemMessage": verdict.text} if verdict.text and moment == "prompt" else {}
    if moment == "prompt":
        return {"continue": False, "stopReason": verdict.text}
    # Codex 0.171.0 only skips a denied tool and lets the model go on, so there is nothing more to answer.
    decision = {"permissionDecision": "deny", "permissionDecisionReason": verdict.text}
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **decision}}


GUARD = Guard(
    "codex",
    "Codex CLI",
    _settings,
    _entries,
    None,
    _answer,
    "no prompt is sent and no tool is run; Codex itself continues until the model has nothing left to try.",
    "Codex runs a hook only after you have reviewed it: it asks at its next start.",
    switches=(
        Switch("config.toml", ("features", "hooks"), False),
        Switch("config.toml", ("features", "codex_hooks"), False),
    ),
)
