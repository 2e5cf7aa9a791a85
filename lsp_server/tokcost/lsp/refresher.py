"""Keeps the figures of the open folders up to date: one refresh at a time, off the event loop, and only changes are
sent."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tokcost.lsp.answering import Answering, warm
from tokcost.lsp.documents import local_path
from tokcost.lsp.protocol import status_params
from tokcost.lsp.watch import Watcher
from tokcost.model.local_day import midnight_ms, next_midnight_ms
from tokcost.model.worktree import Worktree
from tokcost.reports.text import escape, shorten
from tokcost.reports.words import Say
from tokcost.services.back_up import back_up_if_due
from tokcost.services.find_largest_drivers import LargestDrivers
from tokcost.services.follow_folders import (
    NO_PARTS,
    FolderStatus,
    Refreshed,
    Round,
    ShownParts,
    next_lines,
    refresh_folders,
    statuses,
    worktrees_around,
)
from tokcost.services.plan_watches import plan_watches
from tokcost.services.preview import Preview
from tokcost.services.rescue import rescued
from tokcost.services.work_for_others import end_work

REST_SECONDS = 0.05
"""The minimum time between two refreshes. A refresh that used more CPU time is followed by an equal pause. Delays
caused by a busy machine do not lengthen the pause."""
ECHO_SECONDS = 1.0
"""git's hooks change the ledger after the change in git is seen: another refresh follows after this time."""
AGAIN_SECONDS = 2.0
"""Seconds until the next refresh after the ledger could not be written."""

DAY_SECONDS = 60.0
"""Seconds after which the server checks again whether another day has begun: timers stop while a machine sleeps."""
LONG_SECONDS = 0.05
"""A refresh that has used this much CPU time will need more: there is something to import. Wall time does not show
that, because on a busy machine every refresh takes long."""
WAITING_SECONDS = 0.25
"""A refresh that takes this much wall time usually waits for another process that holds the ledger."""
MOST_BEFORE = 8
"""A client's tasks that a hook would wait for: each takes a few milliseconds."""
MOST_ASKED = 64
"""Tasks that a client may have requested before its next message is read."""

_MOST_OF_URI = 200
_MOST_PLANS = 5
"""The maximum number of successive plans in one refresh; what changes faster is watched from the next one on."""


_MOST_TRIES = 3
"""Another process writes to the ledger now and then, not all the time."""


class _Beginning(NamedTuple):
    """The moment at which a refresh began."""

    used: float
    """CPU seconds used by this process."""
    clock: float


class Client(Protocol):
    """The receiver of results. All methods are called in the event loop."""

    words: Say
    """Provides texts in the user's language."""

    def show_status(self, params: dict[str, Any]) -> None:
        """Send the changed figures of a folder."""
        ...

    def say(self, message: str) -> None:
        """Write a sentence to the log."""
        ...

    def show(self, message: str) -> None:
        """Show a sentence to the user."""
        ...

    def show_progress(self, done: int, total: int) -> None:
        """Report that `done` of the `total` bytes of an import are read."""
        ...

    def end_progress(self) -> None:
        """End the progress bar, because the import is over."""
        ...


class Refresher:
    """Refreshes the figures; one for each server."""

    def __init__(self, home: Path, environ: Mapping[str, str], client: Client) -> None:
        self.home, self.environ = home, environ
        self._client = client
        self._folders: dict[str, str] = {}
        self._shown: dict[str, dict[str, Any]] = {}
        self._drivers = LargestDrivers()
        self._is_explaining = False
        self._parts = NO_PARTS
        self._refreshed = Refreshed(current=False)
        self._telling = asyncio.Lock()
        # A client drops older versions: those of a restarted server must be higher than its predecessor's.
        self._version = self._since_ms = time.time_ns() // 1_000_000
        self._worker = ThreadPoolExecutor(1, "tokcost-import")
        self._readers = ThreadPoolExecutor(2, "tokcost-read")
        self._awake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watcher: Watcher | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._said: set[str] = set()
        self._is_importing = True
        self._has_echo = False
        self._refresh_began: _Beginning | None = None
        self._to_write = 0
        """Tasks of this client that wait for the writing thread."""
        self._counting = threading.Lock()
        self._asked = 0
        """All tasks that the event loop waits for."""
        self._answered = asyncio.Event()
        self._answering = Answering(home, environ, self, lambda said: self._call(self._say_once, said))

    def start(self) -> None:
        """Start refreshing, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._watcher = Watcher(lambda: self._call(self.touch), lambda why: self._call(self._watching_failed, why))
        for work in (self._keep(), self._tell_midnight()):
            self._start(work)
        self._worker.submit(warm)
        self._answering.start()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Stop refreshing. A running import is left alone: it can be killed at any moment."""
        self._answering.stop()
        for task in self._tasks:
            task.cancel()
        if self._watcher is not None:
            self._watcher.stop()
        for pool in (self._worker, self._readers):
            pool.shutdown(wait=False, cancel_futures=True)

    def set_folders(self, uris: list[str]) -> None:
        """Set the open folders. Folders that are not local are skipped, which is reported once."""
        paths = {uri: local_path(uri) for uri in dict.fromkeys(uris)}
        self._folders = {uri: path for uri, path in paths.items() if path is not None}
        for uri in paths.keys() - self._folders.keys():
            self._say_once(f"{shorten(escape(uri), _MOST_OF_URI)} is not a folder on this machine and is ignored")
        self._shown = {uri: params for uri, params in self._shown.items() if uri in self._folders}
        self.touch()

    def touch(self) -> None:
        """Have the figures refreshed: something may have changed. May be called from any thread."""
        self._has_echo = True
        self._call(self._awake.set)

    @property
    def is_busy(self) -> bool:
        """Whether an import runs, another process is waited for, or a client has many requests, so that a hook would
        wait too long."""
        return self._is_importing or self._to_write > MOST_BEFORE or self._refreshes_long()

    def _refreshes_long(self) -> bool:
        began = self._refresh_began
        if began is None:
            return False
        used, clock = time.process_time() - began.used, time.monotonic() - began.clock
        return used > LONG_SECONDS or clock > WAITING_SECONDS

    def give(self, work: Callable[..., None], *args: object) -> None:
        """Have something done after the present work. May be called from any thread; raises `RuntimeError` at the
        end."""
        self._worker.submit(work, *args)

    async def refresh_now(self) -> list[dict[str, Any]]:
        """Import what is new and send changes; returns the figures of all folders."""
        with self._asking():
            self._refreshed = await self.run(self._timed_refresh)
            await self._tell()
        return list(self._shown.values())

    def follow(self, parts: ShownParts) -> None:
        """Send these parts as well, from now on; called in the event loop."""
        self._parts = parts
        self._start(self._guarded(self._tell()))

    async def run(self, work: Callable[..., Any], *args: object) -> Any:
        """Do something that writes to the ledger, after the present work."""
        self._count(1)
        done = self._worker.submit(self._rescued, work, args)
        # The callback runs in the writing thread, so the count needs a lock.
        done.add_done_callback(lambda _: self._count(-1))
        with self._asking():
            return await asyncio.wrap_future(done)

    async def read(self, work: Callable[..., Any], *args: object) -> Any:
        """Do something that only reads; it need not wait for a long import."""
        with self._asking():
            return await asyncio.get_running_loop().run_in_executor(self._readers, self._rescued, work, args)

    async def room(self) -> None:
        """Wait until fewer tasks are pending: a client's excessive requests must not use up our memory."""
        while self._asked >= MOST_ASKED:
            self._answered.clear()
            await self._answered.wait()

    @contextmanager
    def _asking(self) -> Generator[None]:
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1
            self._answered.set()

    def _count(self, more: int) -> None:
        with self._counting:
            self._to_write += more

    def _rescued(self, work: Callable[..., Any], args: tuple[object, ...]) -> Any:
        end_work()  # a refresh follows each request of a hook
        return rescued(self.home, lambda: work(*args))

    async def _keep(self) -> None:
        # First the ledger as it is: the import that follows may take minutes.
        await self._guarded(self._tell())
        while True:
            await self._awake.wait()
            self._awake.clear()
            began = time.process_time()
            await self._guarded(self._once())
            if self._has_echo:
                self._has_echo = False
                asyncio.get_running_loop().call_later(ECHO_SECONDS, self._awake.set)
            await asyncio.sleep(max(REST_SECONDS, time.process_time() - began))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as crash:  # whatever it is, the next change triggers another refresh
            self._client.say(f"this is a bug: {type(crash).__name__} while looking for what is new")

    async def _once(self) -> None:
        self._refreshed = refreshed = await self.run(self._timed_refresh)
        self._is_importing = False
        self._client.end_progress()
        await self._tell()
        for note in refreshed.notes:
            self._say_once(note)
        for notice in refreshed.notices:
            if notice not in self._said:
                self._said.add(notice)
                self._client.show(notice)
        # After everything is shown: nobody waits for a backup.
        await self.run(back_up_if_due, self.home)
        if not refreshed.current:
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.touch)

    def _say_once(self, note: str) -> None:
        if note not in self._said:
            self._said.add(note)
            self._client.say(note)

    def _timed_refresh(self) -> Refreshed:
        self._refresh_began = _Beginning(time.process_time(), time.monotonic())
        try:
            return self._refresh_folders()
        finally:
            self._refresh_began = None

    def _refresh_folders(self) -> Refreshed:
        folders = list(self._folders.values())
        worktrees: list[Worktree] = worktrees_around(folders)
        for _ in range(_MOST_PLANS):
            if self._watcher is None or not self._watcher.follow(
                plan_watches(self.home, self.environ, folders, worktrees)
            ):
                break
            worktrees = worktrees_around(folders)  # earlier changes were not watched
        return refresh_folders(Round(self.home, self.environ, self._since_ms), worktrees, self._progress)

    def _progress(self, done: int, total: int) -> None:
        self._call(self._client.show_progress, done, total)

    def _call(self, action: Callable[..., None], *args: object) -> None:
        """Have the event loop call something, from another thread."""
        with suppress(RuntimeError):  # the loop has ended before its threads
            if self._loop is not None:
                self._loop.call_soon_threadsafe(action, *args)

    async def _tell(self) -> None:
        """Send what has changed: one state of each folder, of one moment, and never an older one after a newer one."""
        async with self._telling:
            folders = dict(self._folders)
            found = await self._states(list(folders.values()))
            for uri, one in zip(folders, found, strict=True):
                self._tell_one(uri, status_params(uri, one, self._client.words, importing=self._is_importing))
        if self._drivers.is_waiting and not self._is_explaining:
            self._start(self._guarded(self._explain()))
        if self._drivers.wait is not None:  # the drivers may be calculated again then
            asyncio.get_running_loop().call_later(self._drivers.wait, self._retell)

    def _tell_one(self, uri: str, params: dict[str, Any]) -> None:
        before = self._shown.get(uri)
        # The folder may have been closed while its state was read.
        if uri not in self._folders or (before is not None and before == {**params, "version": before["version"]}):
            return
        self._version += 1
        self._shown[uri] = {**params, "version": self._version}
        self._client.show_status(self._shown[uri])

    async def _explain(self) -> None:
        """Calculate the drivers of large branches; figures do not wait for that."""
        self._is_explaining = True
        try:
            await self.read(self._drivers.explain)
        finally:
            self._is_explaining = False
        await self._tell()

    def _retell(self) -> None:
        self._start(self._guarded(self._tell()))

    async def _states(self, folders: list[str]) -> list[FolderStatus]:
        """The states, each with the lines of the next commit if these are shown. The ledger holds the subject of
        both: they are read again until both are of the same moment."""
        ahead: dict[str, Preview] = {}
        found: list[FolderStatus] = []
        for _ in range(_MOST_TRIES):
            if self._parts.next and not self._is_importing:
                ahead = await self.run(next_lines, self.home, folders)
            found = await self.read(self._statuses, folders)
            found = [one._replace(next=ahead.get(one.folder)) for one in found]
            if all(map(_agrees, found)):
                break
        return found

    def _statuses(self, folders: list[str]) -> list[FolderStatus]:
        return statuses(self.home, folders, self._refreshed, self._drivers, self._parts)

    async def _tell_midnight(self) -> None:
        """Send the sum of the day anew when another local day has begun: at midnight, and within a minute after the
        machine slept, or its clock or time zone changed."""
        today = midnight_ms(_now_ms())
        while True:
            rest = next_midnight_ms(_now_ms()) / 1000 - time.time()
            await asyncio.sleep(min(max(0.1, rest + 0.01), DAY_SECONDS))
            if sys.platform != "win32":
                time.tzset()  # follows a machine whose time zone was changed; several threads may call it
            if (day := midnight_ms(_now_ms())) != today:
                today = day
                self.touch()

    def _watching_failed(self, why: str) -> None:
        self._client.say(f"folders cannot be watched ({why}): they are checked every few seconds instead")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _agrees(found: FolderStatus) -> bool:
    """Whether the lines of the next commit match the pending usage."""
    if found.next is None or found.status is None:
        return True
    pending = (found.next.pending.list_cost, found.next.pending.tokens)
    return pending == (found.status.next_list_cost, found.status.next_tokens)
