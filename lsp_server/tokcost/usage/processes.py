"""Runs work in forked processes and returns its results in order. A piece of work has any number of results.

`multiprocessing.Pool` does the same, but importing it takes as long as reading 25 MB of logs, it queues any number of
results when the consumer is slow, and it waits for ever for a process that was killed. Here the number of pieces handed
out ahead is limited, a process blocks once its unread results use too much memory, and the parent does the work of a
process that died.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import NamedTuple

CAN_FORK = sys.platform == "linux"
"""On other systems, the system's own libraries may not survive a fork."""

_AHEAD = 64
"""The maximum number of pieces that are handed out and whose results have not been read."""
_PIPE_BYTES = 1 << 20
"""Buffer for results that arrive while the parent writes a transaction."""
_NUMBER = 8
"""Bytes of a number in a pipe: below the size of an atomic read or write, so processes can share one."""

_HELD_BYTES = 32 << 20
"""The maximum size of all results that wait for those of an earlier piece."""
_ENDED = 1 << 63
"""Stands in place of a size: the piece has no more results."""

Work = Callable[[int], Iterable[bytes]]


class _Process(NamedTuple):
    id: int
    results: int
    """The pipe that the process writes to: the number of a piece, the size of a result or `_ENDED`, the result."""


@contextmanager
def forked(work: Work, pieces: int, count: int) -> Generator[Iterator[bytes]]:
    """All results of `work(0)`, then of `work(1)`, and so on, produced by `count` processes that start at once and
    are gone at the end."""
    asked, numbers = os.pipe()
    processes: list[_Process] = []
    try:
        # 64 numbers are 512 bytes, which a pipe takes before anybody reads.
        for number in range(min(_AHEAD, pieces)):
            os.write(numbers, _packed(number))
        for _ in range(count):
            processes.append(_fork(work, asked, [numbers, *(one.results for one in processes)]))
        yield _in_order(work, pieces, _Results(processes), numbers)
    finally:
        from signal import SIGKILL

        for process in processes:
            os.kill(process.id, SIGKILL)  # it has nothing to clean up, and may be in the middle of a large file
            os.waitpid(process.id, 0)
        for pipe in (asked, numbers, *(one.results for one in processes)):
            os.close(pipe)


def _packed(number: int) -> bytes:
    return number.to_bytes(_NUMBER, "little")


def _fork(work: Work, asked: int, others: Sequence[int]) -> _Process:
    """Start a process. `others` are pipe ends that it must close: a reader or writer at the other end waits until
    nobody has them open."""
    from fcntl import F_SETPIPE_SZ, fcntl  # like `poll` below, not available on every system

    reading, writing = os.pipe()
    with suppress(OSError):
        # Refused beyond the share of memory that a user's pipes may have (pipe(7)); the pipe then keeps its size.
        fcntl(writing, F_SETPIPE_SZ, _PIPE_BYTES)
    process = os.fork()
    if process:
        os.close(writing)
        return _Process(process, reading)
    try:
        for pipe in (reading, *others):
            os.close(pipe)
        _work_off(work, asked, writing)
    finally:
        # Not sys.exit: handlers and unwritten buffers here are copies of the parent's.
        os._exit(0)


def _work_off(work: Work, asked: int, pipe: int) -> None:
    import gc

    gc.disable()  # there are many small tuples and no cycles
    os.nice(19)  # the parent, which reads the results, is the bottleneck: these processes use the CPU time it leaves
    with suppress(BrokenPipeError):  # the parent is gone, or wants no more
        while number := os.read(asked, _NUMBER):
            for result in work(int.from_bytes(number, "little")):
                _write(pipe, number + _packed(len(result)) + result)
            _write(pipe, number + _packed(_ENDED))


def _write(pipe: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _in_order(work: Work, pieces: int, results: "_Results", numbers: int) -> Iterator[bytes]:
    for wanted in range(pieces):
        taken = 0
        for result in results.of(wanted):
            taken += 1
            yield result
        if results.died and not results.is_whole(wanted):
            # The pieces that a failed or killed process was working on are unknown: from then on, no process is waited
            # for.
            yield from islice(work(wanted), taken, None)
        results.forget(wanted)
        if wanted + _AHEAD < pieces and not results.died:
            os.write(numbers, _packed(wanted + _AHEAD))


class _Results:
    """The results that processes have written, by piece."""

    def __init__(self, processes: Sequence[_Process]) -> None:
        from select import POLLIN, poll

        self._poll, self._readable = poll(), POLLIN
        self._waiting: dict[int, tuple[int, int]] = {}
        """Pipes that are not read because the buffer is full, each with the piece and the size of its next result."""
        self._held: dict[int, deque[bytes]] = {}
        self._held_bytes = 0
        self._whole: set[int] = set()
        self.died = False
        for process in processes:
            self._poll.register(process.results, POLLIN)

    def of(self, wanted: int) -> Iterator[bytes]:
        """The results of a piece, as they arrive; all existing ones once a process has died."""
        while True:
            held = self._held.get(wanted)
            while held:
                result = held.popleft()
                self._held_bytes -= len(result)
                yield result
            if self.died or wanted in self._whole:
                return
            self._go_on(wanted)
            if not self._held.get(wanted) and wanted not in self._whole:
                for pipe, _ in self._poll.poll():
                    self._take(pipe, wanted)

    def is_whole(self, piece: int) -> bool:
        """Whether all results of a piece were written."""
        return piece in self._whole

    def forget(self, piece: int) -> None:
        """Forget a piece whose results were read."""
        self._held.pop(piece, None)
        self._whole.discard(piece)

    def _go_on(self, wanted: int) -> None:
        """Continue to read blocked pipes, as far as there is room now."""
        for pipe, (piece, size) in list(self._waiting.items()):
            # The wanted piece is read whatever memory is used, or parent and process would wait for each other.
            if piece == wanted or self._held_bytes < _HELD_BYTES:
                del self._waiting[pipe]
                self._poll.register(pipe, self._readable)
                self._hold(pipe, piece, size)

    def _take(self, pipe: int, wanted: int) -> None:
        head = _read(pipe, 2 * _NUMBER)
        piece, size = (int.from_bytes(head[at : at + _NUMBER], "little") for at in (0, _NUMBER))
        if len(head) < 2 * _NUMBER:
            self._lost(pipe)
        elif size == _ENDED:
            self._whole.add(piece)
        elif piece != wanted and self._held_bytes >= _HELD_BYTES:
            self._poll.unregister(pipe)
            self._waiting[pipe] = (piece, size)
        else:
            self._hold(pipe, piece, size)

    def _hold(self, pipe: int, piece: int, size: int) -> None:
        result = _read(pipe, size)
        if len(result) < size:
            self._lost(pipe)
        else:
            self._held.setdefault(piece, deque()).append(result)
            self._held_bytes += size

    def _lost(self, pipe: int) -> None:
        self.died = True
        self._poll.unregister(pipe)


def _read(pipe: int, size: int) -> bytes:
    """Read `size` bytes; fewer if the writing process is gone."""
    parts: list[bytes] = []
    while size and (part := os.read(pipe, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
