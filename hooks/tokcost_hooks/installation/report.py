"""The report on our hooks for `hooks status` and `doctor`: which ones git will run, which not and why, and what to
do."""

import os
from typing import NamedTuple

from tokcost.model.checks import Check
from tokcost.model.worktree import Worktree
from tokcost.repo.config_hooks import ConfigHooks, read_config_hooks
from tokcost.repo.hooks_folder import HooksFolder, hooks_folder
from tokcost.repo.version import CONFIG_HOOKS, git_version
from tokcost.repo.worktree import find_worktree
from tokcost.reports.text import to_copy
from tokcost_hooks.installation.blocks import has_block
from tokcost_hooks.installation.files import previous_file
from tokcost_hooks.installation.hooks import OPEN, RISKY, check_git, is_remembered, needed_hooks, stale
from tokcost_hooks.installation.in_config import calls_script, config_name, is_our_name, trouble_in_config
from tokcost_hooks.installation.manager_files import in_framework
from tokcost_hooks.installation.managers import (
    HookLocation,
    hook_locations,
    husky_home,
    local_script,
    manager_of,
    managers,
)
from tokcost_hooks.installation.scripts import calls_us, interpreter_of, owner, run_file_of
from tokcost_hooks.installation.trust import how_to_close, open_folders, open_to_others

INSTALL = "Run `tokcost hooks install`."
_INSTALL_IN_CONFIG = "Run `tokcost hooks install --config`."


class HookFacts(NamedTuple):
    """The facts about hooks for which git is asked once for all of them."""

    worktree: Worktree
    folder: HooksFolder
    needed: tuple[str, ...]
    """Hooks that are needed here."""
    wanted: bool
    """Whether a hook that does not run is a finding."""
    runs_config: bool
    """Whether this git version runs hooks from its configuration."""
    config: ConfigHooks


def hook_checks(worktree: Worktree, enabled: bool) -> list[Check]:
    """All checks. Raises `EnvironmentProblem`."""
    check_git(worktree)
    version, folder = git_version(worktree.path), hooks_folder(worktree)
    config = read_config_hooks(worktree, version)
    found = hook_locations(worktree, folder)
    wanted = enabled or any(_is_anywhere(worktree, where) for where in found)
    facts = HookFacts(worktree, folder, needed_hooks(worktree), wanted, version >= CONFIG_HOOKS, config)
    checks = [*_folder(facts), *_surroundings(facts, version)]
    for where in found:
        is_ours = owner(where.path) in ("ours", "edited") and not where.lines
        needed = wanted and (where.hook in facts.needed or is_ours)
        checks.append(_hook(facts._replace(wanted=needed), where))
    # Looks at every file that a hook imports, which is worth it only where hooks are to run.
    if risky := open_to_others() if wanted else "":
        hint = "Remove the permission of others to write there, or install tokcost elsewhere and run `tokcost enable`."
        checks.append(Check("safety", RISKY.format(risky), True, hint))
    if open_ones := open_folders(worktree, folder) if wanted else []:
        hint = f"Remove that permission: {how_to_close(open_ones)}."
        checks.append(Check("safety", OPEN.format(", ".join(open_ones)), True, hint))
    for path in stale(worktree, folder) if wanted else []:
        said = f"{path} is tokcost's, but git now looks for hooks in {folder.path}"
        checks.append(Check("left behind", said, True, f"core.hooksPath was changed. {INSTALL}"))
    return checks


def _is_anywhere(worktree: Worktree, where: HookLocation) -> bool:
    return is_remembered(worktree, where.path) or owner(where.path) in ("ours", "edited")


def _folder(facts: HookFacts) -> list[Check]:
    folder, worktree = facts.folder, facts.worktree
    by = f" (core.hooksPath = {folder.setting}, {folder.scope})" if folder.setting else ""
    checks = [Check("folder", folder.path + by)]
    if folder.is_off:
        said = f"core.hooksPath is set and empty ({folder.scope}): no hook runs from a folder"
        return [Check("folder", said, facts.wanted, f"`git config --{folder.scope} --unset core.hooksPath`")]
    home = os.path.realpath(folder.path)
    # Assistants have been seen to write absolute paths (claude-code issues 80539, 88747); a relative one is a choice.
    if folder.is_foreign or not os.path.isabs(folder.setting):
        return checks
    undo = f"`git config --{'worktree' if folder.scope == 'worktree' else 'local'} --unset core.hooksPath`"
    if not os.path.isdir(folder.path):
        checks[0] = Check("folder", f"{folder.path}{by} does not exist: no hook runs", facts.wanted, f"Try {undo}.")
    elif not home.startswith((worktree.path + os.sep, worktree.common_dir + os.sep)) and (
        _is_in_clone(worktree, home) or folder.scope == "worktree"
    ):
        is_main = home.startswith(worktree.root + os.sep)
        where = "the main worktree" if is_main else "another worktree"
        said = f"{folder.path}{by} lies in {where}: its hooks run here" + ("" if is_main else ", until it is deleted")
        hint = f"Some assistants write this when they make a worktree. Undo it with {undo}."
        checks[0] = Check("folder", said, facts.wanted and not is_main, hint)
    elif folder.scope == "local" and home.startswith(worktree.path + os.sep):
        said = f"{folder.path}{by}: an absolute path into this worktree, which all worktrees of the clone use"
        relative = os.path.relpath(home, worktree.path)
        checks[0] = Check(
            "folder", said, False, f"Some assistants write this; `git config core.hooksPath {to_copy(relative)}`."
        )
    return checks


def _is_in_clone(worktree: Worktree, path: str) -> bool:
    around = find_worktree(path)
    return around is not None and around.common_dir == worktree.common_dir and around.path != worktree.path


def _surroundings(facts: HookFacts, version: tuple[int, int]) -> list[Check]:
    checks: list[Check] = []
    if others := managers(facts.worktree, facts.folder):
        checks.append(Check("managed by", ", ".join(others)))
    named = [
        f"{one.name} ({_events(facts.config, one.events)}{'' if one.is_on else ', switched off'})"
        for one in sorted(facts.config.hooks.values())
        if one.events and not is_our_name(one.name)
    ]
    if named:
        runs = "" if facts.runs_config else f"; this git ({version[0]}.{version[1]}) does not run them"
        checks.append(Check("in git's config", ", ".join(named) + runs))
    if problem := facts.config.problem:
        said = f"{problem}: git cannot commit here"
        checks.append(Check("in git's config", said, True, "Remove that setting, or complete it (git-hook(1))."))
    return checks


def _events(config: ConfigHooks, events: tuple[str, ...]) -> str:
    return ", ".join(f"{event}, which is switched off" if event in config.events_off else event for event in events)


def _hook(facts: HookFacts, where: HookLocation) -> Check:
    worktree, hook = facts.worktree, where.hook
    if config_name(hook) in facts.config.hooks:
        return _in_config(facts, where)
    if facts.folder.is_off:
        return Check(hook, "does not run: core.hooksPath is empty", facts.wanted)
    if in_framework(worktree, hook):
        return _in_framework(facts, hook)
    if facts.folder.is_foreign:
        path = os.path.join(facts.folder.path, hook)
        if calls_us(path):
            return _ready(facts, hook, path, "runs, from the shared folder")
        hint = f"`tokcost hooks print {hook}` prints the lines for {path}."
        of_other = f"has files of another repository ({facts.folder.project})"
        why = "is for all your repositories" if facts.folder.is_shared else of_other
        return Check(hook, f"not installed: the folder {why}", facts.wanted, hint)
    return _lines(facts, where) if where.lines else _file(facts, where)


def _in_config(facts: HookFacts, where: HookLocation) -> Check:
    hook, worktree = where.hook, facts.worktree
    found, script = facts.config.hooks[config_name(hook)], local_script(worktree, hook)
    if not facts.runs_config:
        said = "in git's configuration, which this git does not run"
        return Check(hook, said, facts.wanted, f"{INSTALL} It uses the hooks folder.")
    if trouble := trouble_in_config(facts.config, hook):
        is_off = trouble.endswith("false")
        hint = f"`git config --unset {trouble.partition(' ')[0]}`, wherever it is set" if is_off else _INSTALL_IN_CONFIG
        return Check(hook, f"does not run: {trouble}", facts.wanted, hint)
    if not calls_script(worktree, found, hook):
        return Check(hook, f"runs something else: {found.command}", facts.wanted, _INSTALL_IN_CONFIG)
    if not os.path.exists(script):
        return Check(hook, f"calls {script}, which is not there", facts.wanted, _INSTALL_IN_CONFIG)
    if again := _also_at(facts, where):
        return Check(hook, f"runs twice: from git's configuration and from {again}", True, _INSTALL_IN_CONFIG)
    return _ready(facts, hook, script, "runs, from git's configuration", needs_mode=False)


def _also_at(facts: HookFacts, where: HookLocation) -> str:
    """Another file from which a hook of ours runs that is also in git's configuration; empty if there is none."""
    path = os.path.join(facts.folder.path, where.hook)
    if not facts.folder.is_off and calls_us(path) and os.access(path, os.X_OK):
        return path
    return where.path if where.lines and has_block(where.path) else ""


def _in_framework(facts: HookFacts, hook: str) -> Check:
    path = os.path.join(facts.folder.path, hook)
    if manager_of(path) != "pre-commit":
        hint = f"Run `pre-commit install --hook-type {hook}`."
        return Check(hook, "in .pre-commit-config.yaml, which is not installed for it", facts.wanted, hint)
    if owner(f"{path}.legacy") in ("ours", "edited"):
        return Check(hook, "runs twice: in .pre-commit-config.yaml and by itself", True, INSTALL)
    return Check(hook, "runs, from .pre-commit-config.yaml")


def _file(facts: HookFacts, where: HookLocation) -> Check:
    hook, path = where.hook, where.path
    whose, previous = owner(path), previous_file(path, hook)
    if whose in ("ours", "edited"):
        said = "runs" if whose == "ours" else "runs, edited by somebody"
        if previous:
            does = "runs first" if os.access(previous, os.X_OK) else "was not executable before, and does not run"
            said += f"; {os.path.basename(previous)} {does}"
        said += " (the pre-commit framework starts it)" if where.manager == "pre-commit" else ""
        # git runs `.husky/_/HOOK`, which husky generates and which calls the file of that name in `.husky`.
        if where.manager == "husky" and not os.path.exists(os.path.join(facts.folder.path, hook)):
            return Check(hook, f"husky does not run {hook} here", facts.wanted, "Run `npx husky` once.")
        # husky 9 runs the file with `sh`, so it need not be executable.
        return _ready(facts, hook, path, said, needs_mode=husky_home(facts.folder) in ("", facts.folder.path))
    at = os.path.join(facts.folder.path, hook)
    if whose == "foreign" and (previous or is_remembered(facts.worktree, path)):
        by = manager_of(path) or "somebody"
        said = f"replaced by {by} since" + (f"; what was there before tokcost is in {previous}" if previous else "")
        return Check(hook, said, facts.wanted, INSTALL)
    if where.manager == "pre-commit" and is_remembered(facts.worktree, at):
        return Check(hook, "replaced by pre-commit since", facts.wanted, INSTALL)
    why = "" if hook in facts.needed else ": no budget stops commits"
    said = f"not installed{why}" + ("; somebody else's hook is there" if whose == "foreign" else "")
    return Check(hook, said, facts.wanted, INSTALL if facts.wanted else "")


def _lines(facts: HookFacts, where: HookLocation) -> Check:
    hook = where.hook
    name = os.path.relpath(where.path, facts.worktree.path)
    if not (has_block(where.path) or calls_us(where.path)) or (where.refusal and where.manager == "lefthook"):
        whose = " (part of the project: it changes for everyone)" if where.is_committed else ""
        hint = f"`tokcost hooks install --write` adds them{whose}."
        if where.refusal:
            hint = f"tokcost cannot add them, because {where.refusal}; `tokcost hooks install` shows them."
        return Check(hook, f"needs tokcost's lines in {name}", facts.wanted, hint)
    if where.manager == "lefthook" and manager_of(os.path.join(facts.folder.path, hook)) != "lefthook":
        return Check(hook, f"in {name}, but lefthook is not installed for it", facts.wanted, "Run `lefthook install`.")
    script = local_script(facts.worktree, hook)
    if not os.path.exists(script):
        return Check(hook, f"{name} calls {script}, which is not there", facts.wanted, INSTALL)
    return _ready(facts, hook, script, f"runs, from {name}", needs_mode=False)


def _ready(facts: HookFacts, hook: str, path: str, said: str, *, needs_mode: bool = True) -> Check:
    """The other conditions for a hook that is in its facts."""
    if needs_mode and not os.access(path, os.X_OK):
        return Check(hook, f"{path} is not executable, so git skips it", facts.wanted, f"`chmod +x {to_copy(path)}`")
    python, run = interpreter_of(path), run_file_of(path)
    if python and not os.access(python, os.X_OK):
        return Check(hook, f"does not run: its Python is gone ({python})", facts.wanted, INSTALL)
    if run and not os.path.exists(run):
        return Check(hook, f"does not run: tokcost was moved or removed ({run})", facts.wanted, INSTALL)
    return Check(hook, said)
