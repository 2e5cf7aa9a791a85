"""Places usage again where git's history has changed since, without reading the rest: a worktree may have had twenty
thousand responses since its last commit, and HEAD may move every minute."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.places import (
    KnownPlace,
    KnownWorktree,
    directories_without_worktree,
    first_time,
    note_placed,
    places_in,
    rename_place,
    replace_place,
    usage_between,
    usage_in_directory,
    usage_in_worktree,
)
from tokcost.ledger.rollup import Rollup
from tokcost.ledger.rows import FOREVER, Entry, Stored
from tokcost.model.history import Rename
from tokcost.model.place import BranchPlace
from tokcost.placement.timeline import build_timeline, committed_before, unsettled_since
from tokcost.placement.unsettled import changed_since, renamed_since, stretch_at
from tokcost.repo.reflog import new_entries
from tokcost.usage.known_worktrees import as_worktree, moved_stamp
from tokcost.usage.placing import Placer, Where

_FIXED = ("observed", "assigned")
"""Evidence that no reflog overrides."""

_HEADLESS = "HEAD could not be read"
"""Stands in place of the reflog's stamp, so that the next refresh differs and places the usage again."""


def follow_history(ledger: Ledger, placer: Placer) -> None:
    """Place usage again where git's history has changed: directories that became repositories, and worktrees whose
    reflog has grown since their usage was placed. Each is a transaction of its own."""
    locator = placer.locator
    for path in directories_without_worktree(ledger):
        if locator.has_news(path):
            with ledger.transaction():
                _place_directory(ledger, placer, path)
    for worktree in list(locator.worktrees.values()):
        stamp = moved_stamp(worktree, locator.repositories[worktree.repository])
        if stamp:
            with ledger.transaction():
                _Following(ledger, placer, worktree).follow(stamp)
    for worktree in placer.headless():
        with ledger.transaction():
            note_placed(ledger, worktree.id, _HEADLESS, placer.timeline(worktree).newest)


def _place_directory(ledger: Ledger, placer: Placer, path: str) -> None:
    rollup = Rollup()
    # Usage placed before the repository was absent for a while, or was another one, stays there.
    outside = (one for one in usage_in_directory(ledger, path) if one.entry.worktree is None)
    _place_again(ledger, placer, outside, rollup)
    rollup.apply(ledger)


class _News(NamedTuple):
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


class _Following:
    """Follows the history of one worktree within one transaction."""

    def __init__(self, ledger: Ledger, placer: Placer, worktree: KnownWorktree) -> None:
        self._ledger, self._placer, self._worktree = ledger, placer, worktree
        self._timeline = placer.timeline(worktree, worktree.placed_second)
        self._rollup = Rollup()

    def follow(self, stamp: str) -> None:
        """Place usage again that newer history places elsewhere. `stamp` is the present stamp of the reflog."""
        newest = self._timeline.newest
        if self._worktree.stamp:
            _place_again(self._ledger, self._placer, self._unsettled(), self._rollup, self._worktree)
        self._rollup.apply(self._ledger)
        note_placed(self._ledger, self._worktree.id, stamp, newest)

    def _unsettled(self) -> Iterable[Stored]:
        """The usage that newer history may place elsewhere. Usage on renamed branches moves without being read."""
        news = self._news()
        if news is not None and news.since < self._timeline.told_from:
            # Only the end of a long reflog was read so far, and the change reaches further back.
            self._timeline = self._placer.timeline(self._worktree, news.since)
            news = self._news()
        if news is None:
            since = unsettled_since(self._timeline, self._worktree.placed_second)
            return usage_in_worktree(self._ledger, self._worktree.id, since * 1000)
        self._rename(news.renames)
        return self._elsewhere(news.since)

    def _news(self) -> _News | None:
        """The news of a reflog that has only grown; `None` if that cannot be determined, or if more than the reflog
        decides."""
        worktree, timeline = self._worktree, self._timeline
        located = as_worktree(worktree, self._placer.locator.repositories[worktree.repository])
        is_only_git = not (timeline.problem or worktree.origin_branch or self._placer.created_branch(worktree))
        added = new_entries(located, worktree.stamp) if is_only_git else None
        history = self._placer.history(worktree)
        # Without an entry from before there is nothing to compare with: the reflog was rewritten, or has expired.
        if added is None or added >= len(history.entries):
            return None
        known = history.entries[: len(history.entries) - added]
        before = build_timeline(history._replace(entries=known)) if added else timeline
        # Usage from before the last commit made there stays where it is: no new branch takes it along.
        since = max(changed_since(before, timeline), committed_before(timeline, worktree.placed_second), 0)
        renames = renamed_since(timeline, worktree.placed_second)
        return _News(min([since, *(rename.second for rename in renames)]), renames)

    def _rename(self, renames: Sequence[Rename]) -> None:
        """Move usage on renamed branches to their new names, without reading it."""
        for rename in renames:
            for known in self._places():
                if known.place.branch == rename.before:
                    since_ms = rename.second * 1000
                    rename_place(self._ledger, known, self._worktree.id, rename.after, since_ms, self._rollup)

    def _elsewhere(self, since: int) -> Iterator[Stored]:
        """The usage whose place is not the one that the timeline gives its stretch of time."""
        for known in self._places():
            for span in self._spans(known.id, since):
                if span.place != known.place:
                    yield from usage_between(self._ledger, known.id, span.first_ms, span.until_ms)

    def _places(self) -> list[KnownPlace]:
        found = places_in(self._ledger, self._worktree.id)
        return [known for known in found if known.place.evidence not in _FIXED]

    def _spans(self, place: int, since: int) -> Iterator[_Span]:
        """The stretches of time in which a place has usage, with the timeline's answers."""
        time_ms = first_time(self._ledger, place, since * 1000)
        while time_ms is not None:
            stretch = stretch_at(self._timeline, time_ms // 1000)
            until_ms = min(stretch.until * 1000, FOREVER)
            yield _Span(time_ms, until_ms, stretch.place)
            time_ms = first_time(self._ledger, place, until_ms)


def _place_again(
    ledger: Ledger, placer: Placer, many: Iterable[Stored], rollup: Rollup, placed_in: KnownWorktree | None = None
) -> None:
    for stored in many:
        old = stored.entry
        where = placer.place(old.usage, placed_in)
        if where.repository is None or not _may_replace(where, old):
            continue
        if (where.repository, where.worktree, where.place) != (old.repository, old.worktree, old.place):
            replace_place(ledger, stored, where.worktree, where.repository, where.place, rollup)


def _may_replace(where: Where, old: Entry) -> bool:
    """Whether newer knowledge about the place of a usage replaces the older."""
    if where.is_left:
        return old.place.evidence != "assigned" and old.claim is None
    if old.place.evidence in _FIXED:
        return False
    return old.place.branch is None or not _is_weaker(where.place, old.place)


def _is_weaker(new: BranchPlace, old: BranchPlace) -> bool:
    """Whether the newer evidence is weaker. Git forgets: a reflog expires, a branch that usage was carried to is
    deleted. Older knowledge then remains valid."""
    if new.evidence in ("none", "transcript"):
        return old.evidence not in ("none", "transcript") or new.branch is None
    return old.evidence == "carried" and new.evidence == "reflog"
