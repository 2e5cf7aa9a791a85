"""Standard input and output of a server that must not end with its client's mistakes, and must end with its client.

Writing blocks the event loop while the client does not read, and no message is read meanwhile: what waits for a client
is in the pipes, not in our memory. Hooks do not wait for that, since threads of their own answer them.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import BinaryIO

LONGEST_HEADER = 1 << 16
LARGEST_BODY = 64 << 20
"""No message of an editor comes near it; what claims to be larger is passed over."""
PARENT_SECONDS = 2.0


def take_streams() -> tuple[BinaryIO, BinaryIO]:
    """The streams of the protocol, for nobody else: whatever prints goes to standard error from now on, and programs
    that are started read nothing."""
    reading, writing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return reading, writing


class Reader:
    """Reads messages in a thread of its own, each when there is room for it: a client that asks faster than it is
    answered waits in its pipe."""

    def __init__(self, stream: BinaryIO, room: Callable[[], Awaitable[object]]) -> None:
        self._stream, self._room = stream, room
        self._thread = ThreadPoolExecutor(1, "tokcost-stdin")

    async def readline(self) -> bytes:
        """A header line, once there is room for its message; of one without an end, a piece."""
        await self._room()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._stream.readline, LONGEST_HEADER)

    def readexactly(self, size: int) -> Awaitable[bytes]:
        """A body; of one that is far too large, `null`, which is no message."""
        return asyncio.get_running_loop().run_in_executor(self._thread, self._body, size)

    def _body(self, size: int) -> bytes:
        if size <= LARGEST_BODY:
            return self._stream.read(size)
        while size and (piece := self._stream.read(min(size, 1 << 20))):
            size -= len(piece)
        return b"null"


class Writer:
    """Writes whole messages, until nobody reads them."""

    def __init__(self, stream: BinaryIO, nobody_reads: Callable[[], object]) -> None:
        self._stream, self._nobody_reads = stream, nobody_reads

    def write(self, data: bytes) -> None:
        """Send it now."""
        try:
            self._stream.write(data)
            self._stream.flush()
        except (OSError, ValueError):  # the pipe is broken, or closed
            self._nobody_reads()

    def close(self) -> None:
        """Send nothing any more."""
        with suppress(OSError):
            self._stream.close()


def when_gone(process: int | None, then: Callable[[], object]) -> None:
    """Do something once the client is no more, though its end of the pipe may live on in another process. A number that
    names no process (a client in another container) says nothing. A thread looks, which no full pipe stops."""

    def wait(process: int) -> None:
        while _lives(process):
            time.sleep(PARENT_SECONDS)
        then()

    if process is not None and process > 0 and _lives(process):
        threading.Thread(target=wait, args=(process,), name="tokcost-client", daemon=True).start()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
