"""Hooks named in git's configuration (`hook.NAME.command`, `hook.NAME.event`; git-hook(1)), interpreted as git does.

git before 2.54 does not run them; from 2.55 on, a setting disables all hooks of an event (`hook.EVENT.enabled`).
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from tokcost.model.worktree import Worktree, truth
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.run import GitFailed, run_git
from tokcost.repo.version import CONFIG_HOOKS, HOOK_EVENTS_OFF, Version

_EVENTS = (
    *("applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg"),
    *("commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update"),
    *("proc-receive", "post-receive", "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc"),
    *("post-rewrite", "sendemail-validate", "fsmonitor-watchman", "p4-changelist", "p4-prepare-changelist"),
    *("p4-post-changelist", "p4-pre-submit", "post-index-change"),
)
"""The events that git knows (githooks(5)): no hook may have such a name."""


class ConfigHook(NamedTuple):
    """One hook in git's configuration."""

    name: str
    events: tuple[str, ...]
    """Empty if it is never run."""
    command: str
    """The shell command, to which the arguments of the event are appended; empty if none is set."""
    is_on: bool


class ConfigHooks(NamedTuple):
    """All hooks in git's configuration."""

    hooks: dict[str, ConfigHook]
    """By name."""
    events_off: frozenset[str] = frozenset()
    """Events for which this git version runs no configured hook."""
    problem: str = ""
    """The setting at which this git version stops every commit; empty if there is none."""


class _Said(NamedTuple):
    """The settings of one name."""

    events: list[str]
    commands: list[str]
    disabled: list[bool]


def read_config_hooks(worktree: Worktree, version: Version) -> ConfigHooks:
    """The hooks that git's configuration names for a worktree, as a git of this version interprets them."""
    said: dict[str, _Said] = {}
    problems: list[str] = []
    for name, key, value in _settings(worktree):
        about = said.setdefault(name, _Said([], [], [False]))
        if value is None:
            problems.append(f"hook.{name}.{key} has no value")
        elif key == "event":
            about.events[:] = [*(one for one in about.events if one != value), value] if value else []
            if name in _EVENTS and version >= HOOK_EVENTS_OFF and value:
                problems.append(f"hook.{name} has the name of an event, which is not allowed")
        elif key == "command":
            about.commands.append(value)
        elif key == "enabled":
            about.disabled[0] = _is_off(value, about.disabled[0])
    found = {
        name: ConfigHook(name, tuple(one.events), (one.commands or [""])[-1], not one.disabled[0])
        for name, one in said.items()
        if one.events or one.commands
    }
    lacking = (one.name for one in found.values() if one.events and one.is_on and not said[one.name].commands)
    problems += [f"hook.{name}.command is not set" for name in lacking]
    off = {name for name, one in said.items() if one.disabled[0] and name not in found}
    return ConfigHooks(
        found,
        frozenset(off if version >= HOOK_EVENTS_OFF else ()),
        problems[0] if problems and version >= CONFIG_HOOKS else "",
    )


def set_config_hook(worktree: Worktree, name: str, event: str, command: str) -> None:
    """Add a hook to the clone's own configuration, for this event only. Raises `EnvironmentProblem`."""
    # Without a command, git would fail at an event, so the event comes last.
    for key, value in (("command", command), ("event", event)):
        run_git(["config", "--local", "--replace-all", f"hook.{name}.{key}", value], git_folder(worktree))


def remove_config_hook(worktree: Worktree, name: str) -> None:
    """Remove the hook from the clone's own configuration."""
    with suppress(GitFailed):
        run_git(["config", "--local", "--remove-section", f"hook.{name}"], git_folder(worktree))


def _settings(worktree: Worktree) -> Iterator[tuple[str, str, str | None]]:
    """Name, last part and value of each `hook.NAME.KEY`, in git's order; `None` for a setting without a value."""
    said = ""
    with suppress(GitFailed):  # none
        said = run_git(["config", "-z", "--get-regexp", r"^hook\..*\."], git_folder(worktree))
    for item in said.split("\0")[:-1]:
        setting, given, value = item.partition("\n")
        # A name may contain dots, a key may not.
        name, _, key = setting.removeprefix("hook.").rpartition(".")
        yield name, key, value if given else None


def _is_off(value: str, before: bool) -> bool:
    """The meaning of `enabled`; a value that is neither true nor false has no effect."""
    said = truth(value)
    return before if said is None else not said
