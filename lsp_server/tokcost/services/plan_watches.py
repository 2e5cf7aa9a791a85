"""The folders to watch for changes that an editor has to show: of assistants' logs, git's files, and settings."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tokcost.claims.commit_notes import OMIT
from tokcost.claims.notes_folder import notes_folder
from tokcost.model.worktree import Worktree
from tokcost.readers.known_places import IN_WORKTREES
from tokcost.readers.registry import locations
from tokcost.settings import CONFIG_FILE

_OF_GIT = frozenset({"HEAD", "packed-refs", "config", "logs", "rebase-merge", "rebase-apply", "BISECT_START",
                     "tables.list", "worktrees", "modules", "TOKCOST_SAID"})  # fmt: skip
_OF_NEW = frozenset({"HEAD", "objects", "refs"})
"""The names that git creates one after the other until a folder is a repository."""
_OF_WORKTREE = frozenset({".git", ".tokcost.toml", *IN_WORKTREES})


class Watches(NamedTuple):
    """The folders to watch, each with its identity: a folder that was created again must be watched again."""

    deep: dict[str, int]
    """Folders of logs, with all subfolders."""
    flat: dict[str, int]
    """Other folders, without subfolders."""
    names: dict[str, frozenset[str]]
    """The relevant names in the flat ones."""


def plan_watches(
    home: Path, environ: Mapping[str, str], folders: Iterable[str], worktrees: Sequence[Worktree]
) -> Watches:
    """The folders that must be watched now; for missing folders, the place where they will appear."""
    found = Watches({}, {}, {})
    for folder, name in _settings_beside_logs(home, worktrees):
        _add(found, folder, (name,))
    for location in locations(environ):
        if location.kind != "folder":
            _add_file(found, location.path)
        elif (number := _identity(location.path)) is not None:
            found.deep[location.path] = number
        else:
            # The nearest existing parent: an assistant that is installed later creates the folder there.
            _await(found, Path(location.path))
    for folder in folders:
        if not os.path.isdir(folder):
            _await(found, Path(folder))
        _add(found, folder, _OF_WORKTREE)
        # `git init` in an open folder is noticed only through the names that it creates below `.git`.
        _add(found, os.path.join(folder, ".git"), _OF_NEW)
    for one in worktrees:
        _add(found, one.path, _OF_WORKTREE)
        for name in dict.fromkeys((one.git_dir, one.common_dir)):
            for below in ("", "logs", "reftable"):
                _add(found, os.path.join(name, below) if below else name, _OF_GIT)
    return found


def _settings_beside_logs(home: Path, worktrees: Iterable[Worktree]) -> list[tuple[str, str]]:
    """Folders and file names in them by which one window, or a command, changes what another window shows: the
    user's settings, and the choice to omit the next commit's line."""
    return [(os.fspath(home), CONFIG_FILE), *((notes_folder(one), OMIT) for one in worktrees)]


def _add_file(found: Watches, path: str) -> None:
    """Add a file or a store, whose parts begin with its name (`-wal`); for a link, also its target."""
    for folder, name in map(os.path.split, dict.fromkeys((path, os.path.realpath(path)))):
        if os.path.isdir(folder):
            _add(found, folder, {name, f"{name}-wal"})
        else:
            _await(found, Path(folder))


def _add(found: Watches, folder: str, names: Iterable[str]) -> None:
    if (number := _identity(folder)) is not None:
        found.flat[folder] = number
        found.names[folder] = found.names.get(folder, frozenset()) | frozenset(names)


def _await(found: Watches, missing: Path) -> None:
    around = next((one for one in missing.parents if one.is_dir()), None)
    if around is not None:
        _add(found, os.fspath(around), {missing.relative_to(around).parts[0]})


def _identity(folder: str | Path) -> int | None:
    try:
        return os.stat(folder).st_ino if os.path.isdir(folder) else None
    except OSError:
        return None
