"""Notices new log entries and moves of HEAD. The operating system watches folders, at no cost while nothing happens;
where that is impossible, changes are polled.

The kind of change is not determined: the callback reads everything that is new.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping

from tokcost.services.plan_watches import Watches

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

Names = Mapping[str, frozenset[str]] | None
"""The relevant names in each folder; `None` means all, including subfolders."""


class Watcher:
    """Calls `changed` from separate threads whenever something in a plan may have changed."""

    def __init__(self, changed: Callable[[], None], failed: Callable[[str], None]) -> None:
        self._changed, self._failed = changed, failed
        self._watched: Watches | None = None
        self._stops: list[_Stop] = []

    def follow(self, wanted: Watches) -> bool:
        """Watch this from now on; returns whether that is anything new."""
        if wanted == self._watched:
            return False
        self.stop()
        self._watched = wanted
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
        self._stops, self._watched = [], None

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

    # Told that no events arrive, watchfiles would compare all files itself. The caller polls by refreshing, which knows
    # what may change.
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
