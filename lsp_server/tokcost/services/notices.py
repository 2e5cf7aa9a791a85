"""Notices that every screen shows until somebody acknowledges them. Usually there are none, which costs one check
for a file."""

import os
from pathlib import Path

from tokcost.settings import RESCUES_FILE


def notices(home: Path) -> list[str]:
    """A sentence for each unacknowledged rescue of the ledger."""
    if not os.path.exists(home / RESCUES_FILE):
        return []
    from tokcost.services.rescue_record import notice, read_rescues

    return [notice(one) for one in read_rescues(home) if not one.acknowledged]
