"""Recovers unlogged calls: usage that the totals of a session contain and its lines do not, computed from the ledger.

A total may contain more than its session. That of a fork contains its parents', and a counter continues when a session
is cleared and another one begins in the same process.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from tokcost.ledger.dimensions import session_ids
from tokcost.ledger.open import Ledger
from tokcost.ledger.record import usage_of_session
from tokcost.ledger.totals import sessions_before
from tokcost.model.logs import SessionTotal
from tokcost.model.usage import Usage
from tokcost.usage.unlogged import Lines, continued, key_of, lines_of, unlogged_usage

_CLEARED_MS = 24 * 3_600_000
"""The maximum time between the end of a session and the beginning of the one that continues its counter."""


class NewTotals:
    """The new totals of a session in an import, besides those in the ledger."""

    def __init__(self, sources: Collection[int] = ()) -> None:
        self.sources = set(sources)
        """The files that contain the totals: sub-agents log to other files."""
        self._moments: dict[tuple[str, int], tuple[int, int]] = {}
        self._keys: set[str] = set()

    def add(self, total: SessionTotal, source: int) -> None:
        """Add a total that was read."""
        self.sources.add(source)
        self._moments[total.model, total.time_ms] = total.spent_ms, total.began_ms
        self._keys.add(key_of(total))

    def tells(self, key: str) -> bool:
        """Whether this usage follows from a newly read total."""
        return key in self._keys

    def complete(self, total: SessionTotal) -> SessionTotal:
        """A total from the ledger, completed with newly read facts."""
        spent_ms, began_ms = self._moments.get((total.model, total.time_ms), (0, 0))
        return total._replace(spent_ms=spent_ms, began_ms=began_ms)


class Recovered(NamedTuple):
    """The unlogged usage of a session, and the part of it that was recovered before."""

    usage: list[Usage]
    before: list[Usage]
    totals: Sequence[SessionTotal]
    lines: Lines
    """The lines that these totals may contain."""

    def lines_in(self, key: str) -> list[Usage]:
        """The lines in the total from which this recovered usage was derived."""
        total = next((one for one in self.totals if key_of(one) == key), None)
        return self.lines.until(total, self.totals) if total else []


def recover(ledger: Ledger, assistant: str, kept: Sequence[SessionTotal], new: NewTotals) -> Recovered:
    """Usage of a session that only its totals contain. `kept` are all its totals, oldest first. Runs in the caller's
    transaction."""
    totals, name = [new.complete(total) for total in kept], kept[0].session
    session = session_ids(ledger, [(assistant, name)])[assistant, name]
    held = usage_of_session(ledger, session)
    logged = [one.entry.usage for one in held]
    beside = {one.entry.usage.key for one in held if one.entry.source not in new.sources}
    parents = {parent for total in totals for parent in total.parents} | {u.session for u in logged} - {name}
    ids = session_ids(ledger, [(assistant, parent) for parent in sorted(parents)])
    inherited = [one.entry.usage for number in ids.values() for one in usage_of_session(ledger, number)]
    found = unlogged_usage(assistant, totals, logged, inherited, beside)
    if found and not parents:
        worktrees = {one.entry.worktree for one in held if one.entry.worktree is not None}
        earlier = [
            [one.entry.usage for one in usage_of_session(ledger, number)]
            for number in sessions_before(ledger, session, sorted(worktrees), _span(totals, logged))
        ]
        inherited = continued(totals, logged, found, earlier)
        found = unlogged_usage(assistant, totals, logged, inherited, beside) if inherited else found
    lines = lines_of(totals, logged, inherited, beside)
    return Recovered(found, [u for u in logged if u.kind == "unlogged"], totals, lines)


def _span(totals: Sequence[SessionTotal], logged: Sequence[Usage]) -> tuple[int, int]:
    first_ms = min((u.time_ms for u in logged if u.kind != "unlogged"), default=totals[0].time_ms)
    return first_ms - _CLEARED_MS, first_ms
