"""Notices that every face shows until somebody acknowledges them. Mostly none, which costs a look for one file."""

import os
from pathlib import Path

from tokcost.settings import RESCUES_FILE


def notices(home: Path) -> list[str]:
    """A sentence for each rescue of the ledger that nobody has acknowledged."""
    if not os.path.exists(home / RESCUES_FILE):
        return []
    from tokcost.services.rescue_record import notice, read_rescues

    return [notice(one) for one in read_rescues(home) if not one.acknowledged]
