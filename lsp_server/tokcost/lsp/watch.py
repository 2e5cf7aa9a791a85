"""Notices new log entries and moves of HEAD. The operating system watches folders, at no cost while nothing happens;
where that is impossible, changes are polled.

The kind of change is not determined: the callback reads everything that is new.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tokcost.model.worktree import Worktree
from tokcost.services.follow_folders import IN_WORKTREES, locations, settings_beside_logs

STEP_MS = 60
"""Milliseconds between two checks of a watcher for system events: its only work while nothing happens. Changes are
reported after two checks at most."""
ROUND_MS = 10_000
MOST_MS = 100
"""Changes that follow each other are reported together, at most after this time."""
POLL_SECONDS = 3.0
STANDS_SECONDS = 5.0
"""Seconds that a refresh waits until the watches are active. On a slower machine, another refresh follows when they
are."""

_OF_GIT = frozenset({"HEAD", "packed-refs", "config", "logs", "rebase-merge", "rebase-apply", "BISECT_START",
                     "tables.list", "worktrees", "modules", "TOKCOST_SAID"})  # fmt: skip
_OF_NEW = frozenset({"HEAD", "objects", "refs"})
"""The names that git creates one after the other until a folder is a repository."""
_OF_WORKTREE = frozenset({".git", ".tokcost.toml", *IN_WORKTREES})


Names = Mapping[str, frozenset[str]] | None
"""The relevant names in each folder; `None` means all, including subfolders."""


class Plan(NamedTuple):
    """The folders to watch, each with its identity: a folder that was created again must be watched again."""

    deep: dict[str, int]
    """Folders of logs, with all subfolders."""
    flat: dict[str, int]
    """Other folders, without subfolders."""
    names: dict[str, frozenset[str]]
    """The relevant names in the flat ones."""


def plan(home: Path, environ: Mapping[str, str], folders: Iterable[str], worktrees: Sequence[Worktree]) -> Plan:
    """The plan of what must be watched now; for missing folders, the place where they will appear."""
    found = Plan({}, {}, {})
    for folder, name in settings_beside_logs(home, worktrees):
        _add(found, folder, (name,))
    for location in locations(environ):
        if location.kind != "folder":
            _add_file(found, location.path)
        elif (number := _identity(location.path)) is not None:
            found.deep[location.path] = number
        else:
            _await(found, Path(location.path))
    for folder in folders:
        if not os.path.isdir(folder):
            _await(found, Path(folder))
        _add(found, folder, _OF_WORKTREE)
        _add(found, os.path.join(folder, ".git"), _OF_NEW)
    for one in worktrees:
        _add(found, one.path, _OF_WORKTREE)
        for name in dict.fromkeys((one.git_dir, one.common_dir)):
            for below in ("", "logs", "reftable"):
                _add(found, os.path.join(name, below) if below else name, _OF_GIT)
    return found


class Watcher:
    """Calls `changed` from separate threads whenever something in a plan may have changed."""

    def __init__(self, changed: Callable[[], None], failed: Callable[[str], None]) -> None:
        self._changed, self._failed = changed, failed
        self._plan: Plan | None = None
        self._stops: list[_Stop] = []

    def follow(self, wanted: Plan) -> bool:
        """Watch this from now on; returns whether that is anything new."""
        if wanted == self._plan:
            return False
        self.stop()
        self._plan = wanted
        if wanted.deep:
            self._start(list(wanted.deep), None)
        if wanted.flat:
            self._start(list(wanted.flat), wanted.names)
        for stop in self._stops:  # changes from now on are seen
            stop.late = not stop.asked.wait(STANDS_SECONDS)
        return True

    def stop(self) -> None:
        """Stop watching."""
        for stop in self._stops:
            stop.event.set()
        self._stops, self._plan = [], None

    def _start(self, paths: list[str], names: Names) -> None:
        stop = _Stop(self._changed)
        self._stops.append(stop)
        threading.Thread(target=self._run, args=(paths, names, stop), daemon=True).start()

    def _run(self, paths: list[str], names: Names, stop: "_Stop") -> None:
        try:
            for _ in _changes(paths, names, stop):
                self._changed()
        except Exception as problem:  # no more watches, or a file system without them
            stop.asked.set()
            if not stop.event.is_set():
                self._failed(type(problem).__name__)
            while not stop.event.wait(POLL_SECONDS):
                self._changed()


class _Stop:
    """Ends a watch. It is called for the first time when everything is being watched."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.event, self.asked = threading.Event(), threading.Event()
        self.late = False
        """Nobody waited: the files may have changed unseen since they were read."""
        self._changed = changed

    def is_set(self) -> bool:
        first = not self.asked.is_set()
        self.asked.set()
        if first and self.late:
            self._changed()
        return self.event.is_set()


def _changes(paths: list[str], names: Names, stop: _Stop) -> Iterator[object]:
    """Yields each time a relevant change occurs."""
    from watchfiles import watch

    if os.environ.get("WATCHFILES_FORCE_POLLING"):
        raise NotImplementedError
    return watch(
        *paths,
        watch_filter=None if names is None else lambda _, path: _matters(path, names),
        debounce=MOST_MS,
        step=STEP_MS,
        stop_event=stop,
        rust_timeout=ROUND_MS,
        raise_interrupt=False,
        force_polling=False,
        recursive=names is None,
        ignore_permission_denied=True,
    )


def _matters(path: str, names: Mapping[str, frozenset[str]]) -> bool:
    folder, name = os.path.split(path)
    return path in names or name in names.get(folder, ())


def _add_file(found: Plan, path: str) -> None:
    """Add a file or a store, whose parts begin with its name (`-wal`); for a link, also its target."""
    for folder, name in map(os.path.split, dict.fromkeys((path, os.path.realpath(path)))):
        if os.path.isdir(folder):
            _add(found, folder, {name, f"{name}-wal"})
        else:
            _await(found, Path(folder))


def _add(found: Plan, folder: str, names: Iterable[str]) -> None:
    if (number := _identity(folder)) is not None:
        found.flat[folder] = number
        found.names[folder] = found.names.get(folder, frozenset()) | frozenset(names)


def _await(found: Plan, missing: Path) -> None:
    around = next((one for one in missing.parents if one.is_dir()), None)
    if around is not None:
        _add(found, os.fspath(around), {missing.relative_to(around).parts[0]})


def _identity(folder: str | Path) -> int | None:
    try:
        return os.stat(folder).st_ino if os.path.isdir(folder) else None
    except OSError:
        return None
