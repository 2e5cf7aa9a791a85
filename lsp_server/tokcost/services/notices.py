"""Notices that every face shows until somebody acknowledges them. Mostly none, which costs a look for one file."""

import os
from pathlib import Path

_FILE_NAME = "rescues.json"
"""As in `rescues.py`, which most processes need not import."""


def notices(home: Path) -> list[str]:
    """A sentence for each rescue of the ledger that nobody has acknowledged."""
    if not os.path.exists(home / _FILE_NAME):
        return []
    from tokcost.services.rescues import notice, read_rescues

    return [notice(one) for one in read_rescues(home) if not one.acknowledged]
