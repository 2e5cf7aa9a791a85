"""Usage lines that are read after their cost was claimed join the claim that holds it.

A session's total may contain usage without a line. That usage is claimed and published like any other. When its line
turns up later (a sub-agent's file was read last), both are the same usage. The recovered row shrinks by the line's
counts, and the line takes its place in the same version of the same claim. The claim keeps its published worth, and
nothing of it becomes pending again.

A part that does not fit makes the claim worth less than its line, and the next line of the repository is reduced by
that amount (`publish` in `claims/rules.py`).

A response that was claimed while it was being written, and gets another key when it is complete, is one response too.
"""

from collections.abc import Iterable
from typing import NamedTuple

from tokcost.ledger.rows import Stored
from tokcost.model.usage import Usage

Counts = tuple[int, ...]
"""The five token classes and the web searches."""


class Freed(NamedTuple):
    """The counts that a claimed row loses."""

    row: Stored
    """The row before the change."""
    counts: Counts
    repository: int
    """The repository of the claim."""
    is_withheld: bool
    """Whether the claim is withheld: a line that is only partly in it stays out of messages too."""


def freed_by(row: Stored, now: Usage | None) -> Counts:
    """The counts that a row loses when it becomes `now`; `None` when it is removed."""
    before = _counts(row.entry.usage)
    return tuple(max(a - b, 0) for a, b in zip(before, _counts(now) if now else (0,) * len(before), strict=True))


def late_lines(freed: Freed, lines: Iterable[Stored]) -> list[Stored]:
    """The lines that take the place of the counts that a claimed row loses: recorded after the row, in its
    repository, and held by no claim. Lines of the same model come first, then older ones."""
    row, left = freed.row, freed.counts
    # Lines that are older than the row were taken off the total when the row was derived from it.
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
    """The usage that a claimed row becomes when its key changes: of the same moment, model and session, and held by
    no claim. `lines` is all usage of that session."""
    same = (row.entry.repository, row.entry.usage.time_ms, row.entry.usage.model)
    free = (one for one in lines if one.id > row.id and one.entry.claim is None)
    return next((o for o in free if (o.entry.repository, o.entry.usage.time_ms, o.entry.usage.model) == same), None)


def _counts(usage: Usage) -> Counts:
    return (*usage.tokens[:5], usage.web_searches)
