"""`tokcost guard`: warns an assistant about the budget while it works."""

import json
import os

import click

from tokcost.cli import screen
from tokcost.cli.group import CommandGroup
from tokcost.cli.guard import answer_hook
from tokcost.errors import UsageError
from tokcost.model.checks import Check
from tokcost.reports.text import escape
from tokcost.services.answer_guard import SWITCH
from tokcost.services.check_environment import check_guard_switch
from tokcost.services.install_guard import (
    GuardChange,
    InstalledGuard,
    install_guard,
    installed,
    known_guard,
    plan_install,
    uninstall_guard,
    why_off,
)
from tokcost.settings import tokcost_home

_ASSISTANT = "claude-code|codex|gemini-cli|copilot-cli|opencode"


@click.group(cls=CommandGroup, alone="status", short_help="Tell an assistant about the budget while it works.")
def command() -> int:
    """Have an assistant check the budgets and rules of this branch before each prompt and each tool.

    Near a budget, you are warned; with --block, a run over one of your own budgets is stopped. Budgets that a
    repository recommends only warn. No prompt is read or sent. If tokcost takes longer than 0.3 s or is gone, the
    assistant continues. Set budgets with `tokcost budget`.

    \b
    Examples:
      tokcost guard install claude-code --block
      tokcost guard status
      tokcost guard uninstall claude-code
    """
    return 0


@command.command("install", short_help="Add the entry to an assistant's own settings, after showing it.")
@click.argument("assistant", metavar=_ASSISTANT)
@click.option("--block", is_flag=True, help="Stop a run over a budget of yours, instead of only warning.")
@click.option("--yes", is_flag=True, help="Add it without asking; required without a terminal.")
def install_command(assistant: str, block: bool, yes: bool) -> int:
    """Show what would be added to an assistant's own settings, ask, and add it.

    \b
    Examples:
      tokcost guard install claude-code
      tokcost guard install codex --block --yes
    """
    home = tokcost_home(os.environ)
    plan = plan_install(home, os.environ, assistant, blocks=block)
    screen.show(_shown(plan, block))
    if not yes:
        if not screen.can_ask():
            raise UsageError(
                "standard input is not a terminal, so nobody can be asked", "Read the lines above, then add --yes."
            )
        if not click.confirm("Add it?", default=False):
            screen.show("Nothing was changed.\n")
            return 1
    install_guard(home, plan)
    screen.show(f"{plan.guard.title} checks budgets now. {plan.guard.afterwards}".rstrip() + "\n")
    screen.show(
        f"To run once without it: TOKCOST_GUARD=off. To remove it: tokcost guard uninstall {plan.guard.name}.\n"
    )
    if off := why_off(plan.guard, os.environ):
        screen.show(f"But {plan.guard.title} does not call it: {escape(off)}.\n")
        return 1
    return 0


def _shown(plan: GuardChange, block: bool) -> str:
    verb = "written" if plan.before is None else "added"
    text = "\n".join(piece.strip(",\n") for piece in plan.pieces) or plan.after
    said = plan.guard.stopping if block else "a warning is shown, and nothing stops."
    head = f"This is {verb} to {escape(plan.path)}:"
    lines = [head, "", *map(escape, text.splitlines()), "", f"Over a budget, {said}"]
    return "\n".join(lines) + "\n"


@command.command("uninstall", short_help="Remove exactly what was added.")
@click.argument("assistant", metavar=_ASSISTANT)
def uninstall_command(assistant: str) -> int:
    """Remove from an assistant's settings exactly what was added; every other byte stays.

    \b
    Example:
      tokcost guard uninstall claude-code
    """
    path = uninstall_guard(tokcost_home(os.environ), os.environ, assistant)
    title = known_guard(assistant).title
    screen.show(f"{title} had no guard.\n" if path is None else f"Removed from {escape(path)}.\n")
    return 0


@command.command("status", short_help="Show which assistants have a guard.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status_command(as_json: bool) -> int:
    """Show which assistants have a guard, and in which file. Exit code 1 when one of them is never called.

    \b
    Example:
      tokcost guard status
    """
    found = [(one, why_off(one.guard, os.environ)) for one in installed(tokcost_home(os.environ))]
    switched = check_guard_switch(SWITCH, os.environ)
    if as_json:
        guards = [
            {"assistant": one.guard.name, "path": one.path, "blocks": "--block" in one.text, "problem": off}
            for one, off in found
        ]
        problem = " ".join(check.found for check in switched)
        screen.show(json.dumps({"schema": "tokcost.guard/1", "guards": guards, "problem": problem}) + "\n")
        return _exit_code(found, switched)
    for one, off in found:
        how = "stops over budget" if "--block" in one.text else "warns"
        how = f"is not called: {escape(off)}" if off else how
        screen.show(f"{one.guard.title}: {how}; {escape(one.path)}\n")
    if not found:
        screen.show("No assistant has a guard. For example: tokcost guard install claude-code\n")
    screen.show("".join(f"{escape(check.found)}. {escape(check.hint)}\n" for check in switched if found))
    return _exit_code(found, switched)


def _exit_code(found: list[tuple[InstalledGuard, str]], switched: list[Check]) -> int:
    """1 if there is a guard that is not run, or answers nothing."""
    return 1 if any(off for _, off in found) or (found and switched) else 0


@command.command("check", short_help="Answer an assistant's hook.", hidden=True)
@click.argument("words", nargs=-1)
@click.option("--block", is_flag=True, help="Stop a run over a budget of the developer's own.")
def check_command(words: tuple[str, ...], block: bool) -> int:
    """Answer the hook of an assistant: its name and the moment, prompt or tool.

    \b
    Example:
      tokcost guard check claude-code prompt
    """
    if len(words) != 2:
        raise UsageError(
            "the assistant and the moment are missing", "For example: tokcost guard check claude-code prompt"
        )
    answer_hook((*words, *(("--block",) if block else ())))
