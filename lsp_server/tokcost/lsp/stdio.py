"""Standard input and output of a server that must survive its client's errors, and must end with its client.

Writing blocks the event loop while the client does not read, and no message is read meanwhile: data waits in the pipes,
not in our memory. Hooks do not wait for that, since separate threads answer them.
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
"""No message of an editor is that large; a message that claims to be larger is skipped."""
PARENT_SECONDS = 2.0


def take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Reserve the streams for the protocol: everything that is printed goes to standard error from now on, and child
    processes have no input."""
    reading, writing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return reading, writing


class Reader:
    """Reads messages in a separate thread, each when there is room for it: the requests of a client that asks faster
    than it is answered wait in its pipe."""

    def __init__(self, stream: BinaryIO, room: Callable[[], Awaitable[object]]) -> None:
        self._stream, self._room = stream, room
        self._thread = ThreadPoolExecutor(1, "tokcost-stdin")

    async def readline(self) -> bytes:
        """A header line, once there is room for its message; of an endless line, a piece."""
        await self._room()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._stream.readline, LONGEST_HEADER)

    def readexactly(self, size: int) -> Awaitable[bytes]:
        """A body; `null`, which is no message, instead of one that is far too large."""
        return asyncio.get_running_loop().run_in_executor(self._thread, self._body, size)

    def _body(self, size: int) -> bytes:
        if size <= LARGEST_BODY:
            return self._stream.read(size)
        while size and (piece := self._stream.read(min(size, 1 << 20))):
            size -= len(piece)
        return b"null"


class Writer:
    """Writes complete messages, until nobody reads them."""

    def __init__(self, stream: BinaryIO, nobody_reads: Callable[[], object]) -> None:
        self._stream, self._nobody_reads = stream, nobody_reads

    def write(self, data: bytes) -> None:
        """Send data now."""
        try:
            self._stream.write(data)
            self._stream.flush()
        except (OSError, ValueError):  # the pipe is broken, or closed
            self._nobody_reads()

    def close(self) -> None:
        """Stop sending."""
        with suppress(OSError):
            self._stream.close()


def when_gone(process: int | None, then: Callable[[], object]) -> None:
    """Call a function once the client's process is gone, even if another process keeps its end of the pipe open. A
    process id without a process (a client in another container) has no effect. A thread checks, which no full pipe
    blocks."""

    def wait(process: int) -> None:
        while _lives(process):
            time.sleep(PARENT_SECONDS)
        then()

    if process is not None and process > 0 and _lives(process):
        threading.Thread(target=wait, args=(process,), name="tokcost-client", daemon=True).start()


def _lives(process: int) -> bool:
    try:
        # Signal 0 only asks. EPERM below: the process exists, and belongs to another user (kill(2)).
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
