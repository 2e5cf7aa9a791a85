"""Rescues of the ledger, in words."""

import time

from tokcost.model.rescue import Rescue
from tokcost.reports.text import counted


def notice(one: Rescue) -> str:
    """A sentence about the rescue, and what to do."""
    if not one.stamp:
        return f"{one.what}; `tokcost doctor` has details, `tokcost doctor --acknowledge` ends this notice"
    return (
        f"the ledger was damaged and was rescued on {_day(one)}: {saved_words(one)};"
        " `tokcost doctor` has details, `tokcost doctor --acknowledge` ends this notice"
    )


def saved_words(one: Rescue) -> str:
    """A text about the saved part of the ledger."""
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
