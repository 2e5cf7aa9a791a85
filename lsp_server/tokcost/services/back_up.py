"""Backups of the ledger, made where nobody waits: by a server, or at the end of `tokcost log` by a separate process.
There the file of an upgraded ledger is compacted as well."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from tokcost.errors import LedgerDamaged, LedgerUnavailable, TokcostError
from tokcost.ledger.backup import back_up, is_due
from tokcost.ledger.open import UPGRADED

_PROGRAM = (
    "import sys; sys.path[:] = sys.argv[2:]; from pathlib import Path;"
    " from tokcost.services.back_up import back_up_if_due; back_up_if_due(Path(sys.argv[1]))"
)


def back_up_if_due(home: Path) -> None:
    """Compact the ledger if it was upgraded, and make a backup if the newest is a week old.

    A ledger that turns out to be damaged is rescued instead. Any other obstacle is met again the next time.
    """
    with suppress(TokcostError):
        try:
            _compact_if_due(home)
            if is_due(home, time.time()):
                back_up(home)
        except LedgerDamaged as damage:
            from tokcost.services.rescue import rescue

            rescue(home, damage.what)


def back_up_behind(home: Path) -> None:
    """Compact the ledger and make a backup if that is due, in a process that nobody waits for."""
    try:
        if not hasattr(os, "posix_spawn") or not (_is_compaction_due(home) or is_due(home, time.time())):
            return
    except TokcostError:
        return
    # Not a fork: a child must not use its parent's connections to SQLite (sqlite.org/howtocorrupt.html). And without
    # our streams: the reader of a pipe would wait for this process.
    nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    # An empty path means the current folder, where a repository may have modules of its own.
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(home), *(path for path in sys.path if path)]
    with suppress(OSError):
        os.posix_spawn(sys.executable, command, os.environ, file_actions=nowhere, setsid=True)


def _is_compaction_due(home: Path) -> bool:
    if not (home / UPGRADED).exists():
        return False
    from tokcost.ledger import compact  # ledgers are rarely upgraded

    return compact.is_due(home, time.time())


def _compact_if_due(home: Path) -> None:
    if _is_compaction_due(home):
        from tokcost.ledger import compact

        with suppress(OSError, LedgerUnavailable):
            compact.compact(home)
