"""The rescue of a damaged ledger: a sound one is built from everything readable in it, in its backups, in clones and in
logs.

The process that finds the damage rescues the ledger under an exclusive lock; if two find it at once, one does. A
process killed meanwhile leaves the damaged file in place, and the next one starts again.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tokcost.claims import claim_journal
from tokcost.errors import LedgerDamaged
from tokcost.ledger.backup import backups
from tokcost.ledger.claims import forget_tips
from tokcost.ledger.damage import examine, told
from tokcost.ledger.foreign_wal import has_own_wal, held_without_wal
from tokcost.ledger.open import (
    FILE_NAME,
    FOREIGN_WAL,
    close_left_open,
    damaged_name,
    finish,
    open_ledger,
    put_wal_aside,
    rescued_name,
)
from tokcost.ledger.places import repositories
from tokcost.ledger.rescue_record import record_rescue
from tokcost.ledger.salvage import SalvagedLedger, salvage, settle_what_is_lost
from tokcost.ledger.sharing import alone
from tokcost.ledger.wal_identity import is_doubtful
from tokcost.model.rescue import Rescue

SECONDS = 60.0
"""Seconds to wait for other processes to close a damaged ledger."""
MOST_BYTES_AT_ONCE = 500_000
"""The largest ledger whose rescue a commit can wait for."""
_BUILDING = "ledger.salvage.db"

Answer = TypeVar("Answer")


def rescued(home: Path, action: Callable[[], Answer]) -> Answer:
    """Run an action; if the ledger turns out to be damaged, rescue it and run the action once more.

    Raises what the action raises, and `LedgerUnavailable` if other processes keep the damaged file open.
    """
    try:
        return action()
    except LedgerDamaged as damage:
        rescue(home, damage.what)
        return action()


def rescue(home: Path, what: str, *, seconds: float = SECONDS) -> None:
    """Build a sound ledger from a damaged one, keep the damaged file, and record the rescue. Does nothing if another
    process was first. Raises `LedgerUnavailable`."""
    path = home / FILE_NAME
    close_left_open()  # flock(2) holds even against this process
    with told(path), alone(home, seconds):
        if not path.exists():
            return
        _remove_leftovers(home)
        stamp, building = _free_stamp(home), home / _BUILDING
        own = has_own_wal(path, building.with_name(f"{building.name}.view")) if is_doubtful(path) else True
        if own is False:
            _without_foreign_wal(home, stamp)
            return
        if own and not _is_damaged(path):
            return
        found = salvage(path, backups(home), building) if own else _salvage_most(path, building)
        if found.unreadable_pages >= 0:
            _take_from_clones(building)
        damaged = damaged_name(home, stamp)
        record_rescue(home, _record(stamp, damaged, what, found))
        os.replace(building, rescued_name(home, stamp))
        finish(home)
        os.chmod(damaged, 0o600)


def _without_foreign_wal(home: Path, stamp: str) -> None:
    """Handle a sound file beside a foreign WAL: keep the WAL under a name that SQLite does not use."""
    path, damaged = home / FILE_NAME, damaged_name(home, stamp).with_suffix(".wal")
    held = held_without_wal(path)
    record_rescue(home, _record(stamp, damaged, FOREIGN_WAL, SalvagedLedger({}, {}, -1, {}, held, held)))
    put_wal_aside(home, damaged)
    os.chmod(damaged, 0o600)


def _salvage_most(path: Path, building: Path) -> SalvagedLedger:
    """Salvage a file that is sound neither with nor without its WAL, in whichever way gives more."""
    home = path.parent
    with_log = salvage(path, backups(home), building)
    other = building.with_name(f"{building.name}.other")
    without = salvage(path, backups(home), other, with_log=False)
    if without.after[0] <= with_log.after[0]:
        other.unlink()
        return with_log
    os.replace(other, building)
    return without


def _remove_leftovers(home: Path) -> None:
    """Remove the files that a killed process left."""
    patterns = (f"{_BUILDING}*/*", f"{_BUILDING}*", rescued_name(home, "*").name)
    for leftover in [path for pattern in patterns for path in home.glob(pattern)]:
        if leftover.is_dir():
            leftover.rmdir()
        else:
            leftover.unlink(missing_ok=True)


def _is_damaged(path: Path) -> bool:
    """Whether the file is still damaged: an empty file is sound for SQLite, but not for us."""
    return path.stat().st_size == 0 or bool(examine(path))


def _free_stamp(home: Path) -> str:
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return next(
        stamp
        for stamp in (now, *(f"{now}-{number}" for number in range(2, 10_000)))
        if not any(damaged_name(home, stamp).with_suffix(suffix).exists() for suffix in (".db", ".wal"))
    )


def _take_from_clones(building: Path) -> None:
    """Take over claims from the journals of clones, then read again which commits carry them."""
    scratch = building.with_name(f"{building.name}.d")
    scratch.mkdir(mode=0o700, exist_ok=True)
    os.replace(building, scratch / FILE_NAME)
    try:
        with open_ledger(scratch) as ledger, ledger.transaction():
            for one in repositories(ledger):
                claim_journal.read_anew(ledger, one.id)
                claim_journal.restore(ledger, one.id, one.common_dir)
                claim_journal.read_anew(ledger, one.id)  # usage that is still in logs returns later
                forget_tips(ledger, one.id)
            settle_what_is_lost(ledger)
        os.replace(scratch / FILE_NAME, building)
    finally:
        for left in scratch.iterdir():
            left.unlink()
        scratch.rmdir()


def _record(stamp: str, damaged: Path, what: str, found: SalvagedLedger) -> Rescue:
    return Rescue(stamp, str(damaged), what, *found)
