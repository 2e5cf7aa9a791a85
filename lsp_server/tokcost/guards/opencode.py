"""opencode: a separate plug-in (opencode.ai/docs/plugins; tried with 1.18.33)."""

import json
import os
from collections.abc import Callable, Mapping

from tokcost.guards.protocol import SECONDS, Guard, Json, Moment, Verdict

_PLUGIN = """\
// Asks tokcost about budgets before each prompt and each tool; written by `tokcost guard install opencode`.
import { execFile } from "node:child_process"

const ask = (command, cwd) =>
  new Promise((resolve) => {
    execFile("/bin/sh", ["-c", command], { cwd, timeout: SECONDS * 1000 }, (error, out) => {
      try {
        resolve(JSON.parse(out || "{}"))
      } catch {
        resolve({})
      }
    })
  })

export const TokcostGuard = async ({ client, directory }) => ({
  "chat.message": async () => {
    const said = await ask(PROMPT, directory)
    if (said.stop) throw new Error(said.text)
    if (said.text) {
      const body = { message: said.text, variant: "warning" }
      await client.tui.showToast({ body }).catch(() => {})
    }
  },
  "tool.execute.before": async (input) => {
    const said = await ask(TOOL, directory)
    if (!said.stop) return
    await client.session.abort({ path: { id: input.sessionID } }).catch(() => {})
    throw new Error(said.text)
  },
})
"""


def _settings(environ: Mapping[str, str]) -> str:
    folder = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME", "~"), ".config")
    return os.path.join(os.path.expanduser(folder), "opencode", "plugin", "tokcost-guard.js")


def _whole(command: Callable[[Moment], str]) -> str:
    text = _PLUGIN.replace("SECONDS", str(SECONDS))
    # A JSON string is also a string of JavaScript, whatever the path of tokcost contains.
    return text.replace("PROMPT", json.dumps(command("prompt"))).replace("TOOL", json.dumps(command("tool")))


def _answer(verdict: Verdict, moment: Moment) -> Json:  # noqa: ARG001 (the plug-in knows the moment)
    return {"stop": verdict.stops, "text": verdict.text} if verdict.text else {}


GUARD = Guard(
    "opencode",
    "opencode",
    _settings,
    None,
    _whole,
    _answer,
    "no prompt is sent, the next tool is not run and the run ends.",
)
