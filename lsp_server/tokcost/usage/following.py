"""The usage that newer git history may put elsewhere. What stays where it is is not read: a worktree may have had
twenty thousand responses since its last commit, and HEAD may move each minute."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.places import KnownPlace, first_time, places_in, rename_place, usage_between
from tokcost.ledger.query import FOREVER
from tokcost.ledger.rollup import Rollup
from tokcost.ledger.rows import Stored
from tokcost.model.place import BranchPlace
from tokcost.model.usage import Usage
from tokcost.placement.timeline import Timeline
from tokcost.placement.unsettled import stretch_at

FIXED = ("observed", "assigned")
"""Evidence that no reflog overrules."""

PlaceOf = Callable[[Usage], BranchPlace | None]
"""The place of a usage in the worktree by all that is known now; `None` where it is in another one."""


class News(NamedTuple):
    """What a reflog that has grown says of usage that was placed before."""

    since: int
    """The second from which it may belong elsewhere."""
    renamed: Mapping[str, str]
    """The present names of branches that were renamed meanwhile, by each of their names: usage there may belong
    elsewhere whenever it was."""


class _Span(NamedTuple):
    first_ms: int
    until_ms: int
    place: BranchPlace | None
    """`None` where each usage must be asked."""


class Following:
    """Follows the history of one worktree; part of one transaction."""

    def __init__(self, ledger: Ledger, worktree: int, timeline: Timeline, place_of: PlaceOf) -> None:
        self._ledger, self._worktree = ledger, worktree
        self._timeline, self._place_of = timeline, place_of

    def unsettled(self, news: News, rollup: Rollup) -> Iterator[Stored]:
        """The usage to place again. A branch that was renamed as a whole is renamed here."""
        for known in places_in(self._ledger, self._worktree):
            if known.place.evidence in FIXED:
                continue
            name = news.renamed.get(known.place.branch or "")
            spans = list(self._spans(known.id, news.since if name is None else 0))
            if name not in (None, known.place.branch) and self._branches(known, spans) == {name}:
                rename_place(self._ledger, known, self._worktree, name, rollup)
                continue
            for span in spans:
                if span.place != known.place:
                    yield from usage_between(self._ledger, known.id, span.first_ms, span.until_ms)

    def _spans(self, place: int, since: int) -> Iterator[_Span]:
        """Where in time a place has usage, by the answers of the timeline."""
        time_ms = first_time(self._ledger, place, since * 1000)
        while time_ms is not None:
            stretch = stretch_at(self._timeline, time_ms // 1000)
            until_ms = min(stretch.until * 1000, FOREVER)
            yield _Span(time_ms, until_ms, stretch.place)
            time_ms = first_time(self._ledger, place, until_ms)

    def _branches(self, known: KnownPlace, spans: Sequence[_Span]) -> set[str | None]:
        """The branches that usage of a place belongs to; of more than one, not all."""
        found = {span.place.branch for span in spans if span.place is not None}
        for span in spans if len(found) < 2 else ():
            if span.place is None:
                for row in usage_between(self._ledger, known.id, span.first_ms, span.until_ms):
                    where = self._place_of(row.entry.usage)
                    found.add(where and where.branch)
        return found
