"""Every assistant that can be guarded. Each is imported when it is needed: a hook needs one."""

from importlib import import_module

from tokcost.guards.protocol import Guard

NAMES = {"claude-code": "claude_code", "codex": "codex", "gemini-cli": "gemini", "copilot-cli": "copilot",
         "opencode": "opencode"}  # fmt: skip
_SHORT = {"claude": "claude-code", "gemini": "gemini-cli", "copilot": "copilot-cli"}


def guard_of(name: str) -> Guard | None:
    """The guard of an assistant by its name, or by the short name of its program; `None` if there is none."""
    module = NAMES.get(_SHORT.get(name, name))
    return import_module(f"tokcost.guards.{module}").GUARD if module else None
