"""The record of rescues, in a file beside the ledger. It outlives every ledger, and most processes only check that
it does not exist."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tokcost.files.private import read_ours, write_whole
from tokcost.settings import RESCUES_FILE


class Rescue(NamedTuple):
    """A ledger that was damaged, and the result of its rescue."""

    stamp: str
    """The time, as in the name of the kept file."""
    kept: str
    """The damaged file."""
    what: str
    """The damage."""
    rows: Mapping[str, int]
    """Rows saved, by table."""
    from_backup: Mapping[str, int]
    """The saved rows that only a backup had."""
    unreadable_pages: int
    """Pages that cannot be read completely; -1 if only indexes were damaged."""
    lost: Mapping[str, int]
    """Rows known to be lost, by table."""
    before: tuple[int, int] | None
    """Usage and tokens according to the damaged file; `None` if it could not be read for that."""
    after: tuple[int, int]
    """Usage and tokens saved, before logs were read again."""
    acknowledged: bool = False
    said: bool = False
    """Whether a hook has reported it."""


def read_rescues(home: Path) -> list[Rescue]:
    """Every rescue, oldest first. A rescue whose damaged file was never kept was started and not finished."""
    path = home / RESCUES_FILE
    if not os.path.lexists(path):
        return []
    from json import loads

    try:
        found = [Rescue(*one) for one in loads(read_ours(str(path)) or b"")]
    except (ValueError, TypeError, RecursionError):
        return [Rescue("", str(path), "the record of rescues is damaged", {}, {}, 0, {}, None, (0, 0))]
    return [one for one in found if one.acknowledged or os.path.exists(one.kept)]


def record_rescue(home: Path, rescue: Rescue) -> None:
    """Record another rescue. Raises `OSError`."""
    _write(home, [*read_rescues(home), rescue])


def acknowledge(home: Path) -> int:
    """Acknowledge all rescues so far; returns their number. Raises `OSError`."""
    found = read_rescues(home)
    if found:
        _write(home, [one._replace(acknowledged=True) for one in found])
    return sum(not one.acknowledged for one in found)


def take_notice(home: Path) -> str:
    """The newest notice that no hook has shown, marked as shown; empty if there is none. Raises `OSError`."""
    found = read_rescues(home)
    fresh = [one for one in found if not (one.acknowledged or one.said)]
    if not fresh:
        return ""
    _write(home, [one._replace(said=True) for one in found])
    return notice(fresh[-1])


def notice(one: Rescue) -> str:
    """A sentence about the rescue, and what to do."""
    if not one.stamp:
        return f"{one.what}; `tokcost doctor` has details, `tokcost doctor --acknowledge` ends this notice"
    return (
        f"the ledger was damaged and was rescued on {_day(one)}: {kept_words(one)};"
        " `tokcost doctor` has details, `tokcost doctor --acknowledge` ends this notice"
    )


def kept_words(one: Rescue) -> str:
    """A text about the saved part of the ledger."""
    from tokcost.reports.text import counted

    usage, tokens = one.after
    if one.unreadable_pages < 0 or one.after == one.before:
        return f"no usage is lost ({tokens:,} tokens)"
    if one.before is not None:
        return f"{tokens:,} of {one.before[1]:,} tokens were saved from {_source(one)}"
    saved = f"{counted(usage, 'response')} with {tokens:,} tokens were saved from {_source(one)}"
    return f"{saved}; how many there were is unknown"


def _source(one: Rescue) -> str:
    copied = one.from_backup.get("usage", 0)
    if not copied:
        return "it"
    return "a backup" if copied >= one.rows.get("usage", 0) else "it and a backup"


def _day(one: Rescue) -> str:
    try:
        return time.strftime("%Y-%m-%d", time.strptime(one.stamp[:8], "%Y%m%d"))
    except ValueError:
        return "an unknown day"


def _write(home: Path, rescues: list[Rescue]) -> None:
    """Write the record atomically."""
    from json import dumps

    write_whole(str(home / RESCUES_FILE), dumps(rescues, indent=1).encode())
