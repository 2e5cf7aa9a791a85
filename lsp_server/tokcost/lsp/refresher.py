"""Keeps the figures of the open folders up to date: one look at a time, off the event loop, and only what changed is
told."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from tokcost.lsp.answering import Answering, warm
from tokcost.lsp.documents import local_path
from tokcost.lsp.protocol import status_params
from tokcost.lsp.watch import Watcher, plan
from tokcost.model.worktree import Worktree
from tokcost.reports.text import escape, shorten
from tokcost.services.backing_up import back_up_if_due
from tokcost.services.follow_folders import (
    FolderStatus,
    LargestDrivers,
    Refreshed,
    Round,
    look_again,
    statuses,
    worktrees_around,
)
from tokcost.services.rescue import rescued

REST_SECONDS = 0.05
"""The least time between two looks; a look that took longer is followed by as long a rest."""
ECHO_SECONDS = 1.0
"""A change in git is seen before git's hooks have ended, which change the ledger: this many seconds after a look there
is another one."""
AGAIN_SECONDS = 2.0
"""Seconds until the next look after the ledger could not be written."""

LONG_SECONDS = 0.05
"""A look that has taken so long will take longer still: there is something to import."""

_MOST_OF_URI = 200
_MOST_PLANS = 5
"""Whatever moves faster is followed at the next change."""


class Client(Protocol):
    """The receiver of what the refresher found. All of it is called in the event loop."""

    def show_status(self, params: dict[str, Any]) -> None:
        """Figures of a folder that changed."""
        ...

    def say(self, message: str) -> None:
        """A sentence for the log."""
        ...

    def show(self, message: str) -> None:
        """A sentence for the person in front of the editor."""
        ...

    def show_progress(self, done: int, total: int) -> None:
        """So many bytes of an import are read."""
        ...

    def end_progress(self) -> None:
        """The import is over."""
        ...


class Refresher:
    """One for each server."""

    def __init__(self, home: Path, environ: Mapping[str, str], client: Client) -> None:
        self.home, self.environ = home, environ
        self._client = client
        self._folders: dict[str, str] = {}
        self._shown: dict[str, dict[str, Any]] = {}
        self._drivers = LargestDrivers()
        self._explaining: asyncio.Task[None] | None = None
        self._since_ms = time.time_ns() // 1_000_000
        self._worker = ThreadPoolExecutor(1, "tokcost-import")
        self._readers = ThreadPoolExecutor(2, "tokcost-read")
        self._awake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watcher: Watcher | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._said: set[str] = set()
        self._is_importing = True
        self._has_echo = False
        self._look_began: float | None = None
        self._answering = Answering(home, environ, self, lambda said: self._call(self._say_once, said))

    def start(self) -> None:
        """Begin to look, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._watcher = Watcher(lambda: self._call(self.touch), lambda why: self._call(self._watching_failed, why))
        for work in (self._keep(), self._tell_midnight()):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._worker.submit(warm)
        self._answering.start()

    def stop(self) -> None:
        """Look no more. An import that runs is left to itself: it can be killed at any moment."""
        self._answering.stop()
        for task in self._tasks:
            task.cancel()
        if self._watcher is not None:
            self._watcher.stop()
        for pool in (self._worker, self._readers):
            pool.shutdown(wait=False, cancel_futures=True)

    def set_folders(self, uris: list[str]) -> None:
        """The folders that are open now. Others than local ones are passed over, and said once."""
        paths = {uri: local_path(uri) for uri in dict.fromkeys(uris)}
        self._folders = {uri: path for uri, path in paths.items() if path is not None}
        for uri in paths.keys() - self._folders.keys():
            self._say_once(f"{shorten(escape(uri), _MOST_OF_URI)} is no folder of this machine; it is passed over")
        self._shown = {uri: params for uri, params in self._shown.items() if uri in self._folders}
        self.touch()

    def touch(self) -> None:
        """Something may have changed. Any thread may say so."""
        self._has_echo = True
        self._call(self._awake.set)

    @property
    def is_busy(self) -> bool:
        """Whether an import runs that will take longer than a hook should wait."""
        began = self._look_began
        return self._is_importing or (began is not None and time.monotonic() - began > LONG_SECONDS)

    def give(self, work: Callable[..., None], *args: object) -> None:
        """Have something done after what is being done now; any thread may ask. Raises `RuntimeError` at the end."""
        self._worker.submit(work, *args)

    async def look_now(self) -> list[dict[str, Any]]:
        """Import what is new, and tell; the figures of all folders."""
        refreshed = await self.run(self._look)
        await self._tell(refreshed.current)
        return list(self._shown.values())

    async def run(self, work: Callable[..., Any], *args: object) -> Any:
        """Do something that writes to the ledger, after what is being done now."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._rescued, work, args)

    async def read(self, work: Callable[..., Any], *args: object) -> Any:
        """Do something that only reads; a long import need not be waited for."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._rescued, work, args)

    def _rescued(self, work: Callable[..., Any], args: tuple[object, ...]) -> Any:
        return rescued(self.home, lambda: work(*args))

    async def _keep(self) -> None:
        await self._guarded(self._tell(False))
        while True:
            await self._awake.wait()
            self._awake.clear()
            began = time.monotonic()
            await self._guarded(self._once())
            if self._has_echo:
                self._has_echo = False
                asyncio.get_running_loop().call_later(ECHO_SECONDS, self._awake.set)
            await asyncio.sleep(max(REST_SECONDS, time.monotonic() - began))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as crash:  # whatever it is, the next change is looked at again
            self._client.say(f"this is a bug: {type(crash).__name__} while looking for what is new")

    async def _once(self) -> None:
        refreshed = await self.run(self._look)
        self._is_importing = False
        self._client.end_progress()
        await self._tell(refreshed.current)
        if self._drivers.is_waiting and (self._explaining is None or self._explaining.done()):
            self._explaining = asyncio.create_task(self._guarded(self._explain()))
        for note in refreshed.notes:
            self._say_once(note)
        for notice in refreshed.notices:
            if notice not in self._said:
                self._said.add(notice)
                self._client.show(notice)
        await self.run(back_up_if_due, self.home)
        if not refreshed.current:
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.touch)

    async def _explain(self) -> None:
        """Say what drives the cost of large branches; figures do not wait for it."""
        await self.read(self._drivers.explain)
        self._awake.set()

    def _say_once(self, note: str) -> None:
        if note not in self._said:
            self._said.add(note)
            self._client.say(note)

    def _look(self) -> Refreshed:
        self._look_began = time.monotonic()
        try:
            return self._look_at_all()
        finally:
            self._look_began = None

    def _look_at_all(self) -> Refreshed:
        folders = list(self._folders.values())
        worktrees: list[Worktree] = worktrees_around(folders)
        for _ in range(_MOST_PLANS):
            if self._watcher is None or not self._watcher.follow(plan(self.environ, folders, worktrees)):
                break
            worktrees = worktrees_around(folders)  # what came before it was watched
        return look_again(Round(self.home, self.environ, self._since_ms), worktrees, self._progress)

    def _progress(self, done: int, total: int) -> None:
        self._call(self._client.show_progress, done, total)

    def _call(self, action: Callable[..., None], *args: object) -> None:
        """Have the event loop do something, from another thread."""
        with suppress(RuntimeError):  # the loop has ended before its threads
            if self._loop is not None:
                self._loop.call_soon_threadsafe(action, *args)

    async def _tell(self, current: bool) -> None:
        folders = dict(self._folders)
        found: list[FolderStatus] = await self.read(self._statuses, list(folders.values()), current)
        for uri, one in zip(folders, found, strict=True):
            params = status_params(uri, one, importing=self._is_importing)
            if uri in self._folders and self._shown.get(uri) != params:
                self._shown[uri] = params
                self._client.show_status(params)

    def _statuses(self, folders: list[str], current: bool) -> list[FolderStatus]:
        return statuses(self.home, folders, current=current, drivers=self._drivers)

    async def _tell_midnight(self) -> None:
        """Tell the client at midnight, when the sum of today begins anew."""
        while True:
            now = datetime.now().astimezone()
            midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=1, microsecond=0)
            await asyncio.sleep(max(1.0, midnight.timestamp() - now.timestamp()))
            self.touch()

    def _watching_failed(self, why: str) -> None:
        self._client.say(f"folders cannot be watched ({why}): looking every few seconds instead")
