"""Finds the usage that newer git history may place elsewhere, without reading the rest: a worktree may have had
twenty thousand responses since its last commit, and HEAD may move every minute."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.places import KnownPlace, first_time, places_in, rename_place, usage_between
from tokcost.ledger.rollup import Rollup
from tokcost.ledger.rows import FOREVER, Stored
from tokcost.model.history import Rename
from tokcost.model.place import BranchPlace
from tokcost.placement.timeline import Timeline
from tokcost.placement.unsettled import stretch_at

FIXED = ("observed", "assigned")
"""Evidence that no reflog overrides."""


class News(NamedTuple):
    """The new part of a reflog, as far as it affects usage that has been placed already."""

    since: int
    """The second from which usage may belong elsewhere."""
    renames: Sequence[Rename]
    """Branches that were renamed meanwhile, in order."""


class _Span(NamedTuple):
    first_ms: int
    until_ms: int
    place: BranchPlace | None
    """The place; `None` where each usage must be looked up."""


class Following:
    """Follows the history of one worktree within one transaction."""

    def __init__(self, ledger: Ledger, worktree: int, timeline: Timeline) -> None:
        self._ledger, self._worktree, self._timeline = ledger, worktree, timeline

    def rename(self, renames: Sequence[Rename], rollup: Rollup) -> None:
        """Move usage on renamed branches to their new names, without reading it."""
        for rename in renames:
            for known in self._places():
                if known.place.branch == rename.before:
                    rename_place(self._ledger, known, self._worktree, rename.after, rename.second * 1000, rollup)

    def unsettled(self, since: int) -> Iterator[Stored]:
        """The usage to place again."""
        for known in self._places():
            for span in self._spans(known.id, since):
                if span.place != known.place:
                    yield from usage_between(self._ledger, known.id, span.first_ms, span.until_ms)

    def _places(self) -> list[KnownPlace]:
        return [known for known in places_in(self._ledger, self._worktree) if known.place.evidence not in FIXED]

    def _spans(self, place: int, since: int) -> Iterator[_Span]:
        """The stretches of time in which a place has usage, with the timeline's answers."""
        time_ms = first_time(self._ledger, place, since * 1000)
        while time_ms is not None:
            stretch = stretch_at(self._timeline, time_ms // 1000)
            until_ms = min(stretch.until * 1000, FOREVER)
            yield _Span(time_ms, until_ms, stretch.place)
            time_ms = first_time(self._ledger, place, until_ms)
