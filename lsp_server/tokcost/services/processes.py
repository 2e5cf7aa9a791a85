"""Work done by forked processes, its results taken in order.

`multiprocessing.Pool` would do the same. But importing it takes as long as reading 25 MB of logs, it piles up any
amount of results when the process that takes them is behind, and it waits for ever for a process that was killed. Here
only so many pieces are handed out before their results are taken, and what a process that died leaves undone is done by
its parent.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

CAN_FORK = sys.platform == "linux"
"""Elsewhere the system's own libraries may not survive a fork."""

_AHEAD = 64
"""So many pieces are handed out and not yet taken."""
_PIPE_BYTES = 1 << 20
"""Room for what is done while the parent writes a transaction."""
_NUMBER = 8
"""Bytes of a number in a pipe: fewer than a pipe reads and writes at once, so processes can share one."""

Work = Callable[[int], bytes]


class _Process(NamedTuple):
    id: int
    results: int
    """The pipe it writes to: for each piece its number, the size of its result, the result."""


@contextmanager
def forked(work: Work, pieces: int, count: int) -> Generator[Iterator[bytes]]:
    """`work(0)`, `work(1)`, … done by `count` processes that begin at once and are gone at the end."""
    asked, numbers = os.pipe()
    processes: list[_Process] = []
    try:
        for number in range(min(_AHEAD, pieces)):
            os.write(numbers, _packed(number))
        for _ in range(count):
            processes.append(_fork(work, asked, [numbers, *(one.results for one in processes)]))
        yield _in_order(work, pieces, processes, numbers)
    finally:
        from signal import SIGKILL

        for process in processes:
            os.kill(process.id, SIGKILL)  # it has nothing to put in order, and may be in the middle of a large file
            os.waitpid(process.id, 0)
        for pipe in (asked, numbers, *(one.results for one in processes)):
            os.close(pipe)


def _packed(number: int) -> bytes:
    return number.to_bytes(_NUMBER, "little")


def _fork(work: Work, asked: int, others: Sequence[int]) -> _Process:
    """`others` are ends of pipes that the new process must not keep open: whoever reads or writes at their other ends
    waits until nobody has them any more."""
    from fcntl import F_SETPIPE_SZ, fcntl  # as `poll` below, not on every system

    reading, writing = os.pipe()
    with suppress(OSError):
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
        os._exit(0)


def _work_off(work: Work, asked: int, pipe: int) -> None:
    import gc

    gc.disable()  # many small tuples and no cycles
    os.nice(19)  # the process that takes the results is the narrow place: these take what it leaves of the processors
    with suppress(BrokenPipeError):
        while number := os.read(asked, _NUMBER):
            result = work(int.from_bytes(number, "little"))
            rest = memoryview(number + _packed(len(result)) + result)
            while rest:
                rest = rest[os.write(pipe, rest) :]


def _in_order(work: Work, pieces: int, processes: Sequence[_Process], numbers: int) -> Iterator[bytes]:
    from select import POLLIN, poll

    listening = poll()
    for process in processes:
        listening.register(process.results, POLLIN)
    results: dict[int, bytes] = {}
    died = False
    for wanted in range(pieces):
        while wanted not in results and not died:
            for pipe, _ in listening.poll():
                head = _read(pipe, 2 * _NUMBER)
                number, size = (int.from_bytes(head[at : at + _NUMBER], "little") for at in (0, _NUMBER))
                result = _read(pipe, size)
                if len(head) < 2 * _NUMBER or len(result) < size:
                    died = True
                    listening.unregister(pipe)
                else:
                    results[number] = result
        # Which pieces a process had when it failed or was killed is not known: from then on none is waited for.
        yield results.pop(wanted) if wanted in results else work(wanted)
        if wanted + _AHEAD < pieces and not died:
            os.write(numbers, _packed(wanted + _AHEAD))


def _read(pipe: int, size: int) -> bytes:
    """So many bytes; fewer when whoever wrote them is gone."""
    parts: list[bytes] = []
    while size and (part := os.read(pipe, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
