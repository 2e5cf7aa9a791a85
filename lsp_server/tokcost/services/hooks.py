"""Installing git hooks beside what is there already, and taking them away again to the last byte.

A hook that was there is kept under another name and run first; what it decides, holds.
"""

import os
import shlex
import stat
import sys
from contextlib import suppress
from typing import NamedTuple

import tokcost
from tokcost.errors import EnvironmentProblem
from tokcost.repo.hooks_folder import HooksFolder, hooks_folder
from tokcost.repo.worktree import Worktree

HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-merge", "post-rewrite")
MARK = "# Made by `tokcost hooks install`; `tokcost hooks uninstall` takes it away."
KEPT = ".before-tokcost"

_WAITS_FOR = {
    "commit-msg": "TOKCOST_UNTOUCHED",
    "post-commit": "TOKCOST_PROPOSAL",
    "post-merge": "TOKCOST_PROPOSAL",
}
"""Hooks with nothing to do unless this file is in the worktree's git folder: then not even Python starts."""

_SCRIPT = """#!/bin/sh
{mark}
previous="${{0%/*}}/{hook}{kept}"
if [ -x "$previous" ]; then "$previous" "$@" || exit $?; fi
{guard}if [ -x {python} ]; then
  TOKCOST_PATH={path} {python} -I -S {run} {hook} "$@" || {unless}
else
  echo "tokcost: its Python is gone; run 'tokcost hooks install' or 'tokcost hooks uninstall'" >&2
fi
exit 0
"""
_ONLY_REBASES = '[ "$1" = rebase ] || exit 0\n'
_ONLY_WITH_BUDGET = r"""git_dir="${GIT_DIR:-.git}"
[ ! -f "$git_dir/commondir" ] || git_dir="$git_dir/../.."
grep -qisE '(^|])[[:space:]]*([[] *)?(tokcost)?"?budget' "$git_dir/config" .tokcost.toml || exit 0
"""
_UNLESS_STOPPED = "[ $? -ne 79 ] || exit 1"
"""Only the code that `tokcost_hooks.run` keeps for it stops a commit: no crash, no signal, no missing file."""
_GUARD = '[ -f "${{GIT_DIR:-.git}}/{file}" ] || exit 0\n'


class HookState(NamedTuple):
    """One hook of one clone."""

    hook: str
    installed: bool
    keeps: bool
    """Whether a hook that was there before is run first."""
    foreign: bool
    """Whether a hook of somebody else is in our place."""


def install(worktree: Worktree) -> HooksFolder:
    """Put our hooks into the folder git uses. Doing it twice changes nothing. Raises `EnvironmentProblem`."""
    folder = _own_folder(worktree)
    try:
        os.makedirs(folder.path, exist_ok=True)
        for hook in HOOKS:
            _install(os.path.join(folder.path, hook), hook)
    except OSError as error:
        raise EnvironmentProblem(f"the hooks in {folder.path} cannot be written: {error.strerror or error}") from error
    return folder


def uninstall(worktree: Worktree) -> HooksFolder:
    """Take our hooks away and put back what was there. Raises `EnvironmentProblem`."""
    folder = hooks_folder(worktree)
    try:
        for hook in HOOKS:
            path = os.path.join(folder.path, hook)
            if _is_ours(path):
                if os.path.lexists(path + KEPT):
                    os.replace(path + KEPT, path)
                else:
                    os.unlink(path)
    except OSError as error:
        raise EnvironmentProblem(f"the hooks in {folder.path} cannot be changed: {error.strerror or error}") from error
    return folder


def states(worktree: Worktree) -> tuple[HooksFolder, list[HookState]]:
    """What is installed. Raises `EnvironmentProblem`."""
    folder = hooks_folder(worktree)
    found: list[HookState] = []
    for hook in HOOKS:
        path = os.path.join(folder.path, hook)
        ours = _is_ours(path)
        found.append(HookState(hook, ours, os.path.lexists(path + KEPT), not ours and os.path.lexists(path)))
    return folder, found


def script(hook: str) -> str:
    """The text of a hook, in the shell that git brings along everywhere."""
    guard = {"post-rewrite": _ONLY_REBASES, "pre-commit": _ONLY_WITH_BUDGET}.get(hook, "")
    unless = _UNLESS_STOPPED if hook == "pre-commit" else "true"
    guard = _GUARD.format(file=_WAITS_FOR[hook]) if hook in _WAITS_FOR else guard
    python, run = shlex.quote(sys.executable), shlex.quote(_run_file())
    path = shlex.quote(os.pathsep.join(_import_from()))
    words = {"hook": hook, "guard": guard, "python": python, "path": path, "run": run, "unless": unless}
    return _SCRIPT.format(mark=MARK, kept=KEPT, **words)


def _own_folder(worktree: Worktree) -> HooksFolder:
    folder = hooks_folder(worktree)
    if folder.is_shared:
        raise EnvironmentProblem(
            f"core.hooksPath is set for all your repositories ({folder.setting})",
            "Hooks there would run everywhere; set core.hooksPath in this clone, or add the lines of"
            " `tokcost hooks print` to those hooks yourself.",
        )
    return folder


def _install(path: str, hook: str) -> None:
    if os.path.lexists(path) and not _is_ours(path):
        os.replace(path, path + KEPT)
    new = f"{path}.tokcost-new"
    with open(new, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        stream.write(script(hook))
    os.chmod(new, stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    os.replace(new, path)


def _is_ours(path: str) -> bool:
    with suppress(OSError), open(path, "rb") as stream:
        return MARK.encode() in stream.read(4096)
    return False


def _run_file() -> str:
    from importlib.util import find_spec

    spec = find_spec("tokcost_hooks.run")
    if spec is None or spec.origin is None:
        raise EnvironmentProblem("the package tokcost_hooks is not installed", "Install tokcost again.")
    return spec.origin


def _import_from() -> list[str]:
    """Folders to import from, named to a Python that is started without its own list of them: that is faster, and
    nothing of the user's repository can come in between."""
    import msgspec

    packages = os.path.dirname(os.path.dirname(msgspec.__file__))
    ours = os.path.dirname(os.path.dirname(tokcost.__file__))
    hooks = os.path.dirname(os.path.dirname(_run_file()))
    return list(dict.fromkeys((ours, hooks, packages)))
