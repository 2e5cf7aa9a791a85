"""The record of rescues, in a file beside the ledger. It outlives every ledger, and most processes only check that
it does not exist."""

import os
from pathlib import Path
from typing import Any

from tokcost.files.private import read_ours, write_whole
from tokcost.model.rescue import Rescue
from tokcost.settings import RESCUES_FILE


def read_rescues(home: Path) -> list[Rescue]:
    """Every rescue, oldest first. A rescue whose damaged file was never kept was started and not finished."""
    path = home / RESCUES_FILE
    if not os.path.lexists(path):
        return []
    from json import loads

    try:
        found = [_rescue(*one) for one in loads(read_ours(str(path)) or b"")]
    except (ValueError, TypeError, RecursionError):
        return [Rescue("", str(path), "the record of rescues is damaged", {}, {}, 0, {}, None, (0, 0))]
    return [one for one in found if one.acknowledged or os.path.exists(one.damaged_file)]


def _rescue(*values: Any) -> Rescue:
    """A rescue as it was recorded. Raises `TypeError` or `ValueError` for anything else."""
    found = Rescue(*values)
    numbers: list[Any] = [found.unreadable_pages, *found.after, *(found.before or ())]
    for table in (found.rows, found.from_backup, found.lost):
        numbers += dict(table).values()
    if not all(isinstance(text, str) for text in values[:3]) or not all(isinstance(number, int) for number in numbers):
        raise TypeError("a text or a number is something else")
    if {len(found.after), len(found.before or found.after)} != {2}:
        raise ValueError("usage and tokens are two numbers")
    return found


def record_rescue(home: Path, rescue: Rescue) -> None:
    """Record another rescue. Raises `OSError`."""
    _write(home, [*read_rescues(home), rescue])


def acknowledge(home: Path) -> int:
    """Acknowledge all rescues so far; returns their number. Raises `OSError`."""
    found = read_rescues(home)
    if found:
        _write(home, [one._replace(acknowledged=True) for one in found])
    return sum(not one.acknowledged for one in found)


def take_untold(home: Path) -> Rescue | None:
    """The newest rescue that no hook has reported, marked as reported; `None` if there is none. Raises `OSError`."""
    found = read_rescues(home)
    fresh = [one for one in found if not (one.acknowledged or one.said)]
    if fresh:
        _write(home, [one._replace(said=True) for one in found])
    return fresh[-1] if fresh else None


def _write(home: Path, rescues: list[Rescue]) -> None:
    """Write the record atomically."""
    from json import dumps

    write_whole(str(home / RESCUES_FILE), dumps(rescues, indent=1).encode())
