"""Installs git hooks beside existing ones, and removes them again to the last byte.

Each hook has a location (`managers.py`): a file of ours that first runs the previous hook, or lines in a file that a
hook manager reads. Files that belong to a project or to its people are changed only on request.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from tokcost.errors import EnvironmentProblem
from tokcost.files.private import is_ours, make_folders, read_ours, write_whole
from tokcost.model.worktree import Worktree
from tokcost.policy.budgets import may_block
from tokcost.repo.git_failures import of_clone
from tokcost.repo.hooks_folder import HooksFolder, hooks_folder, project_around
from tokcost.repo.shared import share_in_clone
from tokcost.repo.version import CONFIG_HOOKS, OLDEST, git_version
from tokcost.repo.worktree import linked_worktrees
from tokcost.reports.text import to_copy
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.blocks import add_block, has_block, holds, remove_block
from tokcost_hooks.installation.files import MOVED, previous_file, put, take, write_script
from tokcost_hooks.installation.in_config import names_in_config, put_in_config, take_out_of_config
from tokcost_hooks.installation.managers import HookLocation, hook_locations, husky_home, local_script
from tokcost_hooks.installation.scripts import calls_us, owner, plain_script, runs_here
from tokcost_hooks.installation.trust import check_folder, how_to_close, leads_elsewhere, open_folders, open_to_others

RISKY = "other users of this machine can change {}, and tokcost's hooks run what is there"
OPEN = "other users of this machine can write to {}, and git runs what they put there"
_INSTALLED = "installed"
"""In the folder of our local scripts: all files that contain a hook or lines of ours, so that they are found again
after a change of `core.hooksPath`."""


class Installed(NamedTuple):
    """The result of an installation."""

    folder: HooksFolder
    said: tuple[str, ...] = ()
    """The sentences that the user should read."""
    missing: tuple[HookLocation, ...] = ()
    """Hooks that need lines in other people's files, which were not added."""
    waiting: tuple[str, ...] = ()
    """The steps that remain to be done by hand."""


def install(worktree: Worktree, *, write: bool = False) -> Installed:
    """Put our hooks where git and its managers run them. Repeating it changes nothing. With `write`, lines are added
    to other people's files too. Raises `EnvironmentProblem`."""
    check_git(worktree)
    folder = hooks_folder(worktree)
    if folder.is_off:
        flag = "" if folder.scope == "command" else f" --{folder.scope}"
        raise EnvironmentProblem(
            f"core.hooksPath is set and empty ({folder.scope}), so git runs no hook from a folder",
            f"Remove that setting: git config{flag} --unset core.hooksPath{_or_in_config(worktree)}",
        )
    if folder.is_foreign:
        return _not_ours(worktree, folder)
    # Before `check_folder`, which refuses a folder of another user.
    if (serving := _serving_already(worktree, folder)) is not None:
        return Installed(folder, (f"The hooks that another user (uid {serving}) installed there also work for you.",))
    check_folder(worktree, folder)
    try:
        done = _install(worktree, folder, write)
        _share(worktree)
        said = [RISKY.format(risky)] if (risky := open_to_others()) else []
        if open_ones := open_folders(worktree, folder):
            said.append(f"{OPEN.format(', '.join(open_ones))}: {how_to_close(open_ones)}")
        return done._replace(said=(*done.said, *said))
    except OSError as error:
        where = error.filename2 or error.filename or folder.path
        raise of_clone(where, "cannot be written", error) from error


def install_anew(worktree: Worktree) -> Installed:
    """Put our hooks where they are needed now: into git's configuration, if they are there and this git version runs
    them, else as `install` does. Raises `EnvironmentProblem`."""
    # An older git ignores hooks in its configuration, also those put there while a newer one was in use.
    if not names_in_config(worktree) or git_version(worktree.path) < CONFIG_HOOKS:
        return install(worktree)
    install_in_config(worktree)
    return Installed(hooks_folder(worktree))


def install_in_config(worktree: Worktree) -> None:
    """Add our hooks to git's own configuration, if neither a manager nor `core.hooksPath` is in the way. Raises
    `EnvironmentProblem`."""
    version = git_version(worktree.path)
    if version < CONFIG_HOOKS:
        have, need = (".".join(map(str, one)) for one in (version, CONFIG_HOOKS))
        raise EnvironmentProblem(
            f"this git ({have}) does not run hooks from its configuration; git {need} does",
            "Run `tokcost hooks install`: it puts them into the hooks folder.",
        )
    # git runs hooks of its configuration in addition to those of the folder (git-hook(1)); ours would run twice.
    uninstall(worktree)
    try:
        for hook in needed_hooks(worktree):
            script = local_script(worktree, hook)
            write_script(script, plain_script(hook))
            _share(worktree)
            put_in_config(worktree, hook)
    except OSError as error:
        raise of_clone(error.filename or worktree.common_dir, "cannot be written", error) from error


def uninstall(worktree: Worktree) -> list[str]:
    """Remove our hooks and restore the previous ones; returns sentences about what had to be left. Raises
    `EnvironmentProblem`."""
    folder, said = hooks_folder(worktree), list[str]()
    take_out_of_config(worktree)
    try:
        # Remembered files are found after a change of `core.hooksPath`; the possible ones after the list was lost.
        for path in dict.fromkeys([*_remembered(worktree), *_possible(worktree, folder)]):
            said += [sentence for sentence in (_take_anywhere(path), remove_block(path)) if sentence]
        _forget(worktree)
        if folder.is_foreign and any(calls_us(os.path.join(folder.path, hook)) for hook in HOOKS):
            apply = "apply to all your repositories"
            they = apply if folder.is_shared else f"are files of another repository ({folder.project})"
            said.append(f"hooks in {folder.path} call tokcost's; they {they}, and you change them")
    except OSError as error:
        where = error.filename2 or error.filename or folder.path
        raise of_clone(where, "cannot be changed", error) from error
    return list(dict.fromkeys(said))


def ours_in(worktree: Worktree) -> list[str]:
    """The traces that `uninstall` would remove: files that are or contain hooks of ours, and names in git's
    configuration. Raises `EnvironmentProblem`."""
    found = [f"hook.{name} in git's configuration" for name in names_in_config(worktree)]
    for path in dict.fromkeys([*_remembered(worktree), *_possible(worktree, hooks_folder(worktree))]):
        moved = [path + suffix for suffix in MOVED if owner(path + suffix) in ("ours", "edited")]
        found += moved or ([path] if has_block(path) else [])
    return found


def needed_hooks(worktree: Worktree) -> tuple[str, ...]:
    """The hooks that are needed. pre-commit serves only budgets that stop commits, and makes git read its index
    twice. prepare-commit-msg prints the warnings of other budgets."""
    return HOOKS if may_block(worktree) else tuple(hook for hook in HOOKS if hook != "pre-commit")


def check_git(worktree: Worktree) -> None:
    """Raises `EnvironmentProblem` for a git version that is too old."""
    version = git_version(worktree.path)
    if version < OLDEST:
        have, need = (".".join(map(str, one)) for one in (version, OLDEST))
        raise EnvironmentProblem(f"git {have} is too old for tokcost's hooks", f"Upgrade git to {need} or later.")


def is_remembered(worktree: Worktree, path: str) -> bool:
    """Whether we once put something into this file."""
    return bool(path) and path in _remembered(worktree)


def stale(worktree: Worktree, folder: HooksFolder) -> list[str]:
    """Our hooks in folders that git no longer uses in any worktree."""
    used = {os.path.realpath(os.path.dirname(where.path)) for where in hook_locations(worktree, folder)}
    own = os.path.join(worktree.common_dir, "hooks")
    places = [] if _is_foreign(worktree, folder, own) else [own]
    known = [*_remembered(worktree), *(os.path.join(place, hook) for place in places for hook in HOOKS)]
    if not folder.setting.startswith(("/", "~")):
        # A relative setting means another folder in each worktree.
        tops = [worktree.path, worktree.root, *(one.path for one in linked_worktrees(worktree.common_dir))]
        inside = os.path.relpath(husky_home(folder) or folder.path, worktree.path)
        used |= {os.path.realpath(os.path.join(top, inside)) for top in tops}
    return sorted(
        {path for path in known if owner(path) == "ours" and os.path.realpath(os.path.dirname(path)) not in used}
    )


def _share(worktree: Worktree) -> None:
    """Make our scripts executable for the others in a repository that several users share."""
    scripts = [local_script(worktree, hook) for hook in HOOKS]
    folders = [os.path.dirname(scripts[0]), os.path.dirname(os.path.dirname(scripts[0]))]
    for path in (*_remembered(worktree), *scripts, *folders):
        inside = path.startswith(worktree.common_dir + os.sep)
        if inside and os.path.basename(path) != "exclude" and os.path.exists(path):
            share_in_clone(worktree.common_dir, path)


def _serving_already(worktree: Worktree, folder: HooksFolder) -> int | None:
    """The user who installed all our hooks in a folder of theirs, where they work for us too; `None` if there is
    none. Ours in their place might not work for them."""
    if not os.path.isdir(folder.path) or is_ours(os.stat(folder.path)):
        return None
    found = [where for where in hook_locations(worktree, folder) if where.hook in needed_hooks(worktree)]
    if not all(where.path and not where.lines and owner(where.path) == "ours" for where in found):
        return None
    made = [os.stat(where.path) for where in found]
    is_theirs = not any(map(is_ours, made)) and len({one.st_uid for one in made}) == 1
    return made[0].st_uid if is_theirs and all(runs_here(where.path) for where in found) else None


def _is_foreign(worktree: Worktree, folder: HooksFolder, place: str) -> bool:
    """Whether only their owner changes the hooks in a place, because it is not of this clone alone. `folder` is the
    one that git uses."""
    if os.path.realpath(place) == os.path.realpath(folder.path):
        return folder.is_foreign
    return bool(project_around(worktree, place))


def _not_ours(worktree: Worktree, folder: HooksFolder) -> Installed:
    missing = [hook for hook in needed_hooks(worktree) if not calls_us(os.path.join(folder.path, hook))]
    if not missing:
        return Installed(folder, (f"The hooks in {folder.path} already call tokcost's.",))
    why = f"core.hooksPath is set for all your repositories ({folder.setting})"
    if not folder.is_shared:
        why = f"{folder.path} has files of another repository ({folder.project})"
    own = 'git config core.hooksPath "$(git rev-parse --git-common-dir)/hooks"'
    if not folder.scope:
        own = f"replace the link {to_copy(folder.path)} by a folder"
    raise EnvironmentProblem(
        f"{why}, so tokcost does not change the hooks there",
        f"Add tokcost's yourself: for each of {', '.join(missing)} run"
        f" `tokcost hooks print HOOK >> {to_copy(folder.path)}/HOOK`, and make new files executable."
        " They write nothing into commits of clones without cost lines."
        f" Or, for this clone alone: {own}{_or_in_config(worktree)}",
    )


def _or_in_config(worktree: Worktree) -> str:
    is_there = git_version(worktree.path) >= CONFIG_HOOKS
    return " Or keep it: `tokcost hooks install --config` puts tokcost's into git's configuration." if is_there else ""


def _install(worktree: Worktree, folder: HooksFolder, write: bool) -> Installed:
    take_out_of_config(worktree)
    found, said, needed = hook_locations(worktree, folder), list[str](), needed_hooks(worktree)
    _refuse_links(worktree, [where for where in found if where.hook in needed and (write or not where.lines)])
    ours = [where for where in found if where.path and not where.lines]
    _remember(worktree, [where.path for where in ours if where.hook in needed])
    places = [folder.path, os.path.join(worktree.common_dir, "hooks")]
    places = [place for place in places if not _is_foreign(worktree, folder, place)]
    for where in found:
        _leave_other_places(places, where)
    for where in ours:
        did = put(where.path, where.hook) if where.hook in needed else _take_if_ours(where)
        said += [did] if did else []
    asked = [where for where in found if where.lines and not where.refusal and (write or has_block(where.path))]
    _add_lines(worktree, asked)
    _ignore(worktree, [where for where in found if where.is_project and (where in asked or not where.lines)])
    missing = tuple(where for where in found if where.lines and where not in asked and where.hook in needed)
    waiting = ("run `lefthook install` once",) if any(where.manager == "lefthook" for where in asked) else ()
    return Installed(folder, tuple(said), missing, waiting)


def _refuse_links(worktree: Worktree, chosen: Iterable[HookLocation]) -> None:
    """Refuse links: a project's link could lead to any file of its user."""
    for reason in filter(None, (leads_elsewhere(worktree, where) for where in chosen)):
        hint = "Nothing was installed. `tokcost hooks print HOOK` prints the lines, to be added by hand."
        raise EnvironmentProblem(f"{reason}, and tokcost does not write through it", hint)


def _take_if_ours(where: HookLocation) -> str:
    return take(where.path, where.hook) if owner(where.path) == "ours" else ""


def _leave_other_places(places: Iterable[str], where: HookLocation) -> None:
    """Remove hooks of ours from other places, because a manager took our place or another place is better now: no
    hook of ours may run twice."""
    bases = {os.path.join(place, where.hook) for place in places}
    for place in [base + suffix for base in bases for suffix in reversed(MOVED)]:
        if os.path.realpath(place) != os.path.realpath(where.path) and owner(place) == "ours":
            take(place, where.hook)


def _add_lines(worktree: Worktree, asked: list[HookLocation]) -> None:
    if not asked:
        return
    for where in asked:
        write_script(local_script(worktree, where.hook), plain_script(where.hook))
    _remember(worktree, [where.path for where in asked])
    for path in dict.fromkeys(where.path for where in asked):
        lines = "".join(where.lines for where in asked if where.path == path)
        if not holds(path, lines):
            add_block(path, lines, first=any(where.at_top for where in asked if where.path == path))


def _ignore(worktree: Worktree, ours: list[HookLocation]) -> None:
    """Hide files of ours among the project's from `git status`, on this machine only."""
    patterns: list[str] = []
    for where in ours:
        top = next((one for one in _tops(worktree) if where.path.startswith(one + os.sep)), "")
        previous = previous_file(where.path, where.hook)
        for path in (where.path, *([previous] if previous and not where.lines else [])):
            relative = os.path.relpath(path, top).replace(os.sep, "/") if top else ""
            if relative and "\n" not in relative:
                # gitignore(5) gives these characters and trailing spaces a meaning, and has no form for a line end.
                patterns.append("/" + "".join(f"\\{one}" if one in "\\*?[ " else one for one in relative))
    path = os.path.join(worktree.common_dir, "info", "exclude")
    if patterns:
        _remember(worktree, [path])
        add_block(path, "".join(f"{pattern}\n" for pattern in dict.fromkeys(patterns)))


def _tops(worktree: Worktree) -> list[str]:
    return [worktree.path, *(one.path for one in linked_worktrees(worktree.common_dir)), worktree.root]


def _take_anywhere(path: str) -> str:
    """Remove our hook at a path, also where a manager moved it."""
    hook = os.path.basename(path).removesuffix(".legacy").removesuffix(".old")
    if hook not in HOOKS:
        return ""
    base = os.path.join(os.path.dirname(path), hook)
    # A manager has moved ours, so the file under the hook's own name is the manager's.
    for moved in MOVED[1:]:
        if owner(base + moved) in ("ours", "edited"):
            return take(base + moved, hook)
    return take(base, hook)


def _possible(worktree: Worktree, folder: HooksFolder) -> list[str]:
    """The files of this clone in which hooks or lines of ours can be. Those that were added by hand to hooks of others
    belong to the owner of these."""
    places = [folder.path, husky_home(folder), os.path.join(worktree.common_dir, "hooks")]
    found = [os.path.join(place, hook) for place in places if place for hook in HOOKS]
    found += [where.path for where in hook_locations(worktree, folder) if where.lines]
    folders = {os.path.dirname(path) for path in found}
    foreign = {place for place in folders if _is_foreign(worktree, folder, place)}
    return [path for path in found if os.path.dirname(path) not in foreign]


def _list_file(worktree: Worktree) -> str:
    return local_script(worktree, _INSTALLED)


def _remembered(worktree: Worktree) -> list[str]:
    listed = read_ours(_list_file(worktree)) or b""
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def _remember(worktree: Worktree, paths: Iterable[str]) -> None:
    """Record a file before anything is written to it: a process that is killed leaves nothing that uninstalling
    would not find."""
    before = _remembered(worktree)
    new = list(dict.fromkeys([*before, *paths]))
    if new != before:
        path = _list_file(worktree)
        make_folders(os.path.dirname(path))
        write_whole(path, b"\0".join(os.fsencode(name) for name in new))


def _forget(worktree: Worktree) -> None:
    for path in (*(local_script(worktree, hook) for hook in HOOKS), _list_file(worktree)):
        with suppress(FileNotFoundError):
            os.unlink(path)
    with suppress(OSError):  # the folder above may contain the journal of the clone
        os.removedirs(os.path.dirname(_list_file(worktree)))
