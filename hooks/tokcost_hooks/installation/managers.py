"""The location of each of our hooks beside the hook manager of a clone (docs/hooks.md has the reasons).

A manager owns the files that it writes and rewrites them at its next install, so permanent parts are never in those:
they are a file of our own that the manager runs or leaves alone, or a few lines in a file that the manager reads.
"""

import json
import os
import re
from typing import Literal, NamedTuple

from tokcost.model.worktree import Worktree
from tokcost.repo.hooks_folder import HooksFolder, is_tracked
from tokcost.repo.worktree import find_worktree
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.blocks import without_blocks
from tokcost_hooks.installation.manager_files import in_framework, lefthook_files, text_of
from tokcost_hooks.installation.scripts import PREVIOUS, calls_us

Manager = Literal["", "husky", "lefthook", "pre-commit"]

LOCAL_SCRIPTS = "tokcost/hooks"
"""The folder in a repository's git folder with our hooks, which lines in other files call."""

_SHELL = re.compile(rb"#!.*\b(sh|bash|dash|zsh|ksh)\b")
_LEAVES = re.compile(rb"^(exec|exit)\b", re.MULTILINE)
_LINE = (
    'code=$?; t="$(git rev-parse --git-common-dir)/{folder}/{hook}";'
    ' [ ! -f "$t" ] || sh "$t" "$@" || exit 1; (exit $code)\n'
)
"""Has no effect for people without tokcost; keeps the exit code of the previous line."""
_COMMAND = (
    "t=\"$(git rev-parse --git-common-dir)/{folder}/{hook}\"; [ ! -f \"$t\" ] || sh \"$t\" '{{1}}' '{{2}}' '{{3}}'"
)
"""For lefthook, which inserts the arguments. It contains no path of the clone, which may be renamed; a missing
script must stop no commit."""


class HookLocation(NamedTuple):
    """The location of one of our hooks."""

    hook: str
    path: str
    """A file that is ours, or somebody else's file to which `lines` belong; empty if a manager has everything it
    needs."""
    manager: Manager = ""
    lines: str = ""
    at_top: bool = False
    """Whether the lines go to the top, because the existing script exits early."""
    is_committed: bool = False
    """Whether the file is part of the project, so that everybody gets the lines."""
    refusal: str = ""
    """The reason why we cannot add them ourselves."""
    is_project: bool = False
    """Whether the file is among the project's files, so that git must be told to ignore it."""


def hook_locations(worktree: Worktree, folder: HooksFolder) -> list[HookLocation]:
    """The location of each hook. Raises `EnvironmentProblem`."""
    return [_location_of(worktree, folder, hook) for hook in HOOKS]


def managers(worktree: Worktree, folder: HooksFolder) -> list[Manager]:
    """The other hook managers here, recognised by configuration files and by the text of hooks."""
    found: list[Manager] = []
    if husky_home(folder):
        found.append("husky")
    if lefthook_files(worktree) or any(_lefthooks(os.path.join(folder.path, hook)) for hook in HOOKS):
        found.append("lefthook")
    if os.path.exists(os.path.join(worktree.path, ".pre-commit-config.yaml")):
        found.append("pre-commit")
    return found


def manager_of(path: str) -> Manager:
    """The owner of a hook file, by its text."""
    if _lefthooks(path):
        return "lefthook"
    return "pre-commit" if _pre_commits(path) else ""


def husky_home(folder: HooksFolder) -> str:
    """The folder of husky's hooks; empty without husky."""
    # husky 9 sets core.hooksPath to `.husky/_`, where its runner is `h`; older versions set it to `.husky` and have
    # `_/husky.sh`.
    if os.path.basename(folder.path) == "_" and os.path.exists(os.path.join(folder.path, "h")):
        return os.path.dirname(folder.path)
    return folder.path if os.path.exists(os.path.join(folder.path, "_", "husky.sh")) else ""


def local_script(worktree: Worktree, hook: str) -> str:
    """Our hook for lines in other files to call; all worktrees share it."""
    return os.path.join(worktree.common_dir, *LOCAL_SCRIPTS.split("/"), hook)


def _location_of(worktree: Worktree, folder: HooksFolder, hook: str) -> HookLocation:
    path = os.path.join(folder.path, hook)
    # Before the others: a team that names our hook there runs it by the framework, whichever manager is installed too.
    if in_framework(worktree, hook):
        return HookLocation(hook, "", "pre-commit")
    if home := husky_home(folder):
        path = os.path.join(home, hook)
        if os.path.lexists(path) and not _is_all_ours(path):
            return _lines_in(worktree, path, hook, "husky")
        return HookLocation(hook, path, "husky", is_project=True)
    if _lefthooks(path) or _is_configured(worktree, hook):
        return _for_lefthook(worktree, hook)
    if _pre_commits(path):
        return HookLocation(hook, f"{path}.legacy", "pre-commit")
    path = os.path.join(os.path.realpath(folder.path), hook)  # `.git/hooks` may be a link to files of the project
    if (around := find_worktree(os.path.dirname(path))) and around.common_dir == worktree.common_dir:
        if os.path.lexists(path) and not _is_all_ours(path) and is_tracked(around, path):
            return _lines_in(around, path, hook, "")
        return HookLocation(hook, path, is_project=True)
    return HookLocation(hook, os.path.join(folder.path, hook))


def _lines_in(worktree: Worktree, path: str, hook: str, manager: Manager) -> HookLocation:
    text = text_of(path)
    is_shell = bool(_SHELL.match(text.partition(b"\n")[0])) or not text.startswith(b"#!")
    return HookLocation(
        hook,
        path,
        manager,
        _LINE.format(folder=LOCAL_SCRIPTS, hook=hook),
        # At the top, ours would read the standard input of post-rewrite before the existing script can.
        bool(_LEAVES.search(text)) and hook != "post-rewrite",
        is_tracked(worktree, path),
        "" if is_shell else "it is not a shell script",
    )


def _for_lefthook(worktree: Worktree, hook: str) -> HookLocation:
    local = [name for name in lefthook_files(worktree) if "-local." in name]
    name = local[0] if local else "lefthook-local.yml"
    path = os.path.join(worktree.path, name)
    command = _COMMAND.format(folder=LOCAL_SCRIPTS, hook=hook)
    # lefthook passes standard input only to commands that ask for it.
    stdin = "      use_stdin: true\n" if hook == "post-rewrite" else ""
    # A JSON string is also a quoted scalar of YAML.
    lines = f"{hook}:\n  commands:\n    tokcost:\n      run: {json.dumps(command, ensure_ascii=False)}\n{stdin}"
    # Our own lines have the key too.
    text = without_blocks(text_of(path))
    is_made_by_us = not local or b"(file made by tokcost)" in text_of(path)
    refusal = f"it has {hook} already" if _has_key(text, hook) else ""
    if not name.endswith(("yml", "yaml")):
        refusal = "it is not YAML"
    return HookLocation(
        hook, path, "lefthook", lines, False, bool(local) and is_tracked(worktree, path), refusal, is_made_by_us
    )


def _is_configured(worktree: Worktree, hook: str) -> bool:
    """Whether lefthook's configuration names a hook: its next install then takes the hook's place."""
    files = [name for name in lefthook_files(worktree) if name.endswith(("yml", "yaml"))]
    return any(_has_key(text_of(os.path.join(worktree.path, name)), hook) for name in files)


def _has_key(text: bytes, hook: str) -> bool:
    return bool(re.search(rb"(?m)^['\"]?" + hook.encode() + rb"['\"]?\s*:", text))


def _is_all_ours(path: str) -> bool:
    """Whether a file is a script of ours, possibly edited, and not somebody else's with lines of ours."""
    return calls_us(path) and b"for previous in" in text_of(path) and PREVIOUS.encode() in text_of(path)


def _lefthooks(path: str) -> bool:
    return b"call_lefthook" in text_of(path)


def _pre_commits(path: str) -> bool:
    text = text_of(path)
    return b"hook-impl" in text and (b"generated by pre-commit" in text or b"generated by prek" in text)
