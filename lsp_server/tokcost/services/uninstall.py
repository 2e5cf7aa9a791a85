"""`tokcost uninstall`: removes everything that tokcost put into clones, and names what remains on this machine.

All clones in the ledger are examined, and the one around the current folder. Nothing of others is touched: not the
project's `.tokcost.toml`, not published lines, not the consent of another user of a shared clone.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from tokcost.claims.notes_folder import FOLDER
from tokcost.errors import EnvironmentProblem, TokcostError, of_file
from tokcost.files.private import is_ours
from tokcost.installation import installation
from tokcost.ledger.open import open_for_reading
from tokcost.ledger.places import KnownRepository, repositories, shown_path
from tokcost.model.traces import Clones, Remaining, Traces
from tokcost.model.worktree import Worktree
from tokcost.policy.clone_settings import forget_settings, our_settings
from tokcost.policy.consent import agree_no_more, agreed_elsewhere, marks_of_others
from tokcost.repo.worktree import find_worktree, linked_git_dirs, linked_worktrees
from tokcost.services.install_guard import RECORD, installed
from tokcost.services.look_at_clone import find_here
from tokcost.settings import tokcost_cache, tokcost_home
from tokcost.usage.known_worktrees import moved_from
from tokcost_hooks.installation.hooks import ours_in, uninstall

_NOTES = ("TOKCOST_", "tokcost-withheld")
"""Prefixes of the names of notes, in the git folder of each worktree."""


def look_for_traces(home: Path, cwd: Path) -> Clones:
    """Find what would be removed; changes nothing. Raises `EnvironmentProblem` if the ledger cannot be read."""
    found: dict[str, Worktree] = {}
    gone: list[str] = []
    here = find_here(cwd)
    if here is not None:
        found[here.common_dir] = here
    for known in _known(home, here):
        if os.path.isdir(known.common_dir):
            found.setdefault(known.common_dir, _any_worktree(known))
        else:
            gone.append(shown_path(known))
    return Clones(tuple(map(_traces, found.values())), tuple(gone), agreed_elsewhere(home, found))


def remove_traces(home: Path, traces: Traces) -> list[str]:
    """Remove the traces; returns sentences about what had to be left. Repeating it has no effect."""
    left: list[str] = []
    try:
        # First: whatever cannot be removed afterwards writes no line any more.
        agree_no_more(home, traces.worktree)
        if traces.is_shared:
            left.append("another user of this machine uses tokcost here, so hooks and settings stay")
        else:
            left += uninstall(traces.worktree)
            forget_settings(traces.worktree)
    except (TokcostError, OSError) as problem:
        left.append(problem.told if isinstance(problem, TokcostError) else str(problem))
    for path in _files(traces.worktree, traces.is_shared):
        try:
            _remove(path)
        except OSError as error:
            left.append(of_file(path, "cannot be removed", error).told)
    return left


def what_remains(environ: Mapping[str, str]) -> list[Remaining]:
    """Everything that remains outside clones, and the program itself."""
    from tokcost.reports.text import megabytes, to_copy

    home, uninstall_guard = tokcost_home(environ), "tokcost guard uninstall"
    try:
        found = [
            Remaining(f"the guard of {one.guard.title}", one.path, f"{uninstall_guard} {one.guard.name}")
            for one in installed(home)
        ]
    except EnvironmentProblem as problem:
        found = [
            Remaining(f"guards of assistants, if any: {problem}", str(home / RECORD), f"{uninstall_guard} ASSISTANT")
        ]
    folders = {"the ledger, its backups, your prices and settings": home}
    folders |= {"the cache of parsed histories": tokcost_cache(environ)}
    for what, path in folders.items():
        if path.is_dir() and all(one.where != str(path) for one in found):
            found.append(Remaining(f"{what}, {megabytes(_size(path))}", str(path), f"rm -r {to_copy(str(path))}"))
    program = installation()
    found.append(Remaining("the program", program.folder, program.uninstall))
    return found


def _known(home: Path, here: Worktree | None) -> Iterator[KnownRepository]:
    ledger = open_for_reading(home)
    if ledger is None:
        return
    with ledger:
        known = repositories(ledger)
    moved = moved_from(known, here.common_dir) if here is not None else None
    for one in known:
        if one != moved or os.path.lexists(one.common_dir):  # another clone may be there by now
            yield one


def _any_worktree(clone: KnownRepository) -> Worktree:
    """One of the clone's existing worktrees, the main one if possible; for a bare clone without any, its git folder."""
    around = (find_worktree(path) for path in (clone.root, *(one.path for one in linked_worktrees(clone.common_dir))))
    there = (
        one for one in around if one is not None and one.common_dir == clone.common_dir and os.path.isdir(one.path)
    )
    return next(there, Worktree(clone.common_dir, clone.common_dir, clone.common_dir, clone.root))


def _traces(worktree: Worktree) -> Traces:
    files = tuple(_files(worktree, is_shared=False))
    try:
        is_shared = marks_of_others(worktree)
        hooks = () if is_shared else tuple(ours_in(worktree))
        settings = () if is_shared else tuple(our_settings(worktree))
        return Traces(worktree, hooks, settings, tuple(_files(worktree, is_shared)), is_shared)
    except (TokcostError, OSError) as problem:
        return Traces(worktree, files=files, problem=str(problem))


def _files(worktree: Worktree, is_shared: bool) -> Iterator[str]:
    """Our files in the git folders of a clone; another user's files belong to that user."""
    common, user = worktree.common_dir, os.geteuid() if hasattr(os, "geteuid") else 0
    agreed = f"tokcost-agreed-{user}"
    names = [agreed, f"{agreed}-linked", f"tokcost-{user}", *([] if is_shared else ["tokcost"])]
    paths = [os.path.join(common, name) for name in names]
    for git_dir in (common, *linked_git_dirs(common)):
        paths.append(os.path.join(git_dir, f"{FOLDER}{user}"))
        with suppress(OSError):
            paths += sorted(entry.path for entry in os.scandir(git_dir) if entry.name.startswith(_NOTES))
    for path in paths:
        with suppress(OSError):
            # A link in place of our folder is removed itself; what it leads to stays.
            if is_ours(os.lstat(path)):
                yield path


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _size(folder: Path) -> int:
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(top, name)).st_size
    return total
