"""Notices that every screen shows until somebody acknowledges them. Usually there are none, which costs one check
for a file."""

import os
from pathlib import Path

from tokcost.settings import RESCUES_FILE


def notices(home: Path) -> list[str]:
    """A sentence for each unacknowledged rescue of the ledger."""
    # Every prompt asks: one file-system call instead of an import.
    if not os.path.exists(home / RESCUES_FILE):
        return []
    from tokcost.ledger.rescue_record import read_rescues
    from tokcost.reports.rescues import notice

    return [notice(one) for one in read_rescues(home) if not one.acknowledged]


def take_notice(home: Path) -> str:
    """The newest notice that no hook has shown, from now on counted as shown; empty if there is none. Raises
    `OSError`."""
    from tokcost.ledger.rescue_record import take_untold
    from tokcost.reports.rescues import notice

    untold = take_untold(home)
    return notice(untold) if untold else ""


def acknowledge_notices(home: Path) -> int:
    """Acknowledge all notices so far; returns their number. Raises `OSError`."""
    from tokcost.ledger.rescue_record import acknowledge

    return acknowledge(home)
