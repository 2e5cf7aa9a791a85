"""Our hooks in git's own configuration, if neither a manager nor `core.hooksPath` is in the way."""

import re

from tokcost.model.worktree import Worktree
from tokcost.repo.config_hooks import ConfigHook, ConfigHooks, read_config_hooks, remove_config_hook, set_config_hook
from tokcost.repo.version import CONFIG_HOOKS
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.managers import LOCAL_SCRIPTS, local_script
from tokcost_hooks.installation.scripts import shell_word

_NAME = "tokcost-"
"""The prefix of our names of hooks in git's configuration."""
_COMMAND = (
    'g="${{GIT_DIR:-.git}}"; [ ! -f "$g/commondir" ] || g="$g/../.."; t="$g/{folder}/{hook}"; [ ! -f "$t" ] || sh "$t"'
)
"""git appends `"$@"`. The script is looked for in the clone that runs it, which may have been renamed or copied; a
missing script must stop no commit."""


def config_name(hook: str) -> str:
    """The name of a hook of ours in git's configuration."""
    return f"{_NAME}{hook}"


def is_our_name(name: str) -> bool:
    """Whether a hook in git's configuration is ours, by its name."""
    return name.startswith(_NAME) and name.removeprefix(_NAME) in HOOKS


def put_in_config(worktree: Worktree, hook: str) -> None:
    """Have git run an existing script of ours. Raises `EnvironmentProblem`."""
    set_config_hook(worktree, config_name(hook), hook, _COMMAND.format(folder=LOCAL_SCRIPTS, hook=hook))


def take_out_of_config(worktree: Worktree) -> None:
    """Remove our hook from the clone's own configuration."""
    for name in names_in_config(worktree):
        remove_config_hook(worktree, name)


def names_in_config(worktree: Worktree) -> list[str]:
    """Our hooks in git's configuration, whether or not this git version runs them."""
    return [name for name in read_config_hooks(worktree, CONFIG_HOOKS).hooks if is_our_name(name)]


def trouble_in_config(config: ConfigHooks, hook: str) -> str:
    """The reason why git does not run a configured hook of ours; empty if it does."""
    found = config.hooks[config_name(hook)]
    if hook not in found.events:
        return f"hook.{found.name}.event is {', '.join(found.events) or 'not set'}"
    if hook in config.events_off:
        return f"hook.{hook}.enabled is false"
    return "" if found.is_on else f"hook.{found.name}.enabled is false"


def calls_script(worktree: Worktree, found: ConfigHook, hook: str) -> bool:
    """Whether a hook in git's configuration runs our script for this hook in this clone."""
    script = re.escape(f"{LOCAL_SCRIPTS}/{hook}")
    # A folder in a shell variable, as in `_COMMAND`: the name of the clone is not part of it.
    of_clone = re.search(rf"[$][{{\w][^/\s]*/{script}(?![\w-])", found.command)
    return bool(of_clone) or shell_word(local_script(worktree, hook)) in found.command
