"""The lock of the ledger's folder: users of the ledger share it, and a process that replaces the file holds it
exclusively.

An SQLite file that is open must not be replaced: the last connection to the old file would delete the WAL of the new
one by name (https://sqlite.org/howtocorrupt.html). The lock is flock(2) of the folder, so it needs no file and ends
with its process.
"""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tokcost.errors import LedgerUnavailable

_WAIT_SECONDS = 0.005

Lock = int | None
"""A file descriptor; `None` if the system or the folder has no such lock."""


def share(home: Path, seconds: float) -> Lock:
    """Prevent the ledger's file from being replaced until `release`. Raises `LedgerUnavailable` if it is being
    replaced and that takes longer than `seconds`."""
    return _lock(home, seconds, alone=False)


@contextmanager
def alone(home: Path, seconds: float) -> Generator[None]:
    """Acquire exclusive use of the ledger. Raises `LedgerUnavailable` if others do not close it in time."""
    lock = _lock(home, seconds, alone=True)
    try:
        yield
    finally:
        release(lock)


def release(lock: Lock) -> None:
    """Release the lock."""
    if lock is not None:
        os.close(lock)


def _lock(home: Path, seconds: float, *, alone: bool) -> Lock:
    try:
        from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock

        folder = os.open(home, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    until = time.monotonic() + seconds
    while True:
        try:
            # Without waiting: flock(2) knows no time limit, and an alarm would reach the main thread only.
            flock(folder, (LOCK_EX if alone else LOCK_SH) | LOCK_NB)
            return folder
        except BlockingIOError:
            if time.monotonic() >= until:
                os.close(folder)
                raise _unavailable(home, alone=alone) from None
            time.sleep(_WAIT_SECONDS)
        except OSError:  # a file system without locks
            os.close(folder)
            return None


def _unavailable(home: Path, *, alone: bool) -> LedgerUnavailable:
    if alone:
        return LedgerUnavailable(f"the ledger in {home} is damaged, and in use", "Try again in a moment.")
    return LedgerUnavailable(
        f"the ledger in {home} was damaged and is being rescued",
        "Try again in a moment; `tokcost doctor` then has the result.",
    )
