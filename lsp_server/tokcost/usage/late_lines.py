"""Lines of usage that were read after their spend was claimed: they join the claim that holds it.

A session's total may tell of spend that has no line; that is claimed, and published, like any other. When its line
turns up later (the file of a sub-agent was read last), it is the same spend. The recovered row then shrinks by what the
line tells, and the line takes its place, in the same version of the same claim: the claim is worth what was published,
and nothing of it is pending again. What finds no place there makes the claim worth less than its line, and the next
line of the repository says that much less (`publish` in `claims/rules.py`).

A reply that was claimed while it was being written, and has another key since it is complete, is one reply, too.
"""

from collections.abc import Iterable
from typing import NamedTuple

from tokcost.ledger.rows import Stored
from tokcost.model.usage import Usage

Counts = tuple[int, ...]
"""The five token classes and the web searches."""


class Freed(NamedTuple):
    """The part of a claimed row that it loses."""

    row: Stored
    """As it was."""
    counts: Counts
    repository: int
    """That of the claim."""
    is_withheld: bool
    """Whether its owner keeps the claim: then a line that is only partly in it stays out of messages too."""


def freed_by(row: Stored, now: Usage | None) -> Counts:
    """The counts that a row loses when it becomes `now`; `None` when it goes."""
    before = _counts(row.entry.usage)
    return tuple(max(a - b, 0) for a, b in zip(before, _counts(now) if now else (0,) * len(before), strict=True))


def late_lines(freed: Freed, lines: Iterable[Stored]) -> list[Stored]:
    """Those of some lines that take the place of what a claimed row loses: recorded after it, in its repository, held
    by no claim. Lines of the same model come first, then older ones."""
    row, left = freed.row, freed.counts
    free = (one for one in lines if one.id > row.id and one.entry.claim is None)
    own = [one for one in free if one.entry.repository == freed.repository]
    chosen: list[Stored] = []
    for line in sorted(own, key=lambda one: (one.entry.usage.model != row.entry.usage.model, one.entry.usage.time_ms)):
        rest = tuple(a - b for a, b in zip(left, _counts(line.entry.usage), strict=True))
        is_part = any(a > max(b, 0) for a, b in zip(left, rest, strict=True))
        if is_part and (freed.is_withheld or min(rest) >= 0):
            chosen.append(line)
            left = tuple(max(count, 0) for count in rest)
    return chosen


def replacement(row: Stored, lines: Iterable[Stored]) -> Stored | None:
    """The usage that a claimed row was recorded as before its key changed: of the same moment, model and session, and
    held by no claim. `lines` is all usage of that session."""
    same = (row.entry.repository, row.entry.usage.time_ms, row.entry.usage.model)
    free = (one for one in lines if one.id > row.id and one.entry.claim is None)
    return next((o for o in free if (o.entry.repository, o.entry.usage.time_ms, o.entry.usage.model) == same), None)


def _counts(usage: Usage) -> Counts:
    return (*usage.tokens[:5], usage.web_searches)
