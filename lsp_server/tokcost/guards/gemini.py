"""Gemini CLI: hooks in `settings.json` (geminicli.com/docs/hooks; tried with 0.61.0)."""

import os
from collections.abc import Callable, Mapping, Sequence

from tokcost.guards.protocol import SECONDS, Entry, Guard, Json, Moment, Switch, Verdict


def _settings(environ: Mapping[str, str]) -> str:
    home = environ.get("GEMINI_CLI_HOME") or environ.get("HOME", "~")
    return os.path.join(os.path.expanduser(home), ".gemini", "settings.json")


def _entries(command: Callable[[Moment], str]) -> Sequence[Entry]:
    def hook(moment: Moment) -> Json:
        # hooksConfig.disabled lists hooks by these names (`switches.py`).
        said = {"name": f"tokcost-guard-{moment}", "type": "command", "command": command(moment)}
        return {"hooks": [{**said, "timeout": SECONDS * 1000}]}  # milliseconds here

    return (
        Entry(("hooks", "BeforeAgent"), hook("prompt")),
        Entry(("hooks", "BeforeTool"), {"matcher": "*", **hook("tool")}),
    )


def _answer(verdict: Verdict, moment: Moment) -> Json:
    if not verdict.stops:
        return {"systemMessage": verdict.text} if verdict.text and moment == "prompt" else {}
    stop: Json = {"continue": False, "stopReason": verdict.text}
    return stop if moment == "prompt" else {**stop, "decision": "deny", "reason": verdict.text}


GUARD = Guard(
    "gemini-cli",
    "Gemini CLI",
    _settings,
    _entries,
    None,
    _answer,
    "no prompt is sent, the next tool is not run and the run ends.",
    reads=frozenset({"comment"}),
    switches=(
        Switch("settings.json", ("hooksConfig", "enabled"), False),
        Switch("settings.json", ("hooksConfig", "disabled"), None),
    ),
)
