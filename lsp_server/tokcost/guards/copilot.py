"""GitHub Copilot CLI: a separate hooks file (docs.github.com, CLI hooks reference; tried with 1.0.102)."""

import json
import os
from collections.abc import Callable, Mapping

from tokcost.guards.protocol import SECONDS, Guard, Json, Moment, Verdict


def _settings(environ: Mapping[str, str]) -> str:
    folder = environ.get("COPILOT_HOME") or os.path.join(environ.get("HOME", "~"), ".copilot")
    return os.path.join(os.path.expanduser(folder), "hooks", "tokcost-guard.json")


def _whole(command: Callable[[Moment], str]) -> str:
    def hook(moment: Moment) -> Json:
        return {"type": "command", "bash": command(moment), "timeoutSec": SECONDS}

    hooks = {"userPromptSubmitted": [hook("prompt")], "preToolUse": [hook("tool")]}
    return json.dumps({"version": 1, "hooks": hooks}, indent=2) + "\n"


def _answer(verdict: Verdict, moment: Moment) -> Json:
    if not verdict.stops:
        return {}  # it has no way to show a sentence only to the user
    if moment == "prompt":
        return {"decision": "block", "reason": verdict.text}
    return {"permissionDecision": "deny", "permissionDecisionReason": verdict.text}


GUARD = Guard(
    "copilot-cli",
    "GitHub Copilot CLI",
    _settings,
    None,
    _whole,
    _answer,
    "no prompt is sent and no tool is run; Copilot continues until the model has nothing left to try. It cannot show"
    " that a budget is near.",
)
