"""Finds the repository, worktree and branch of a usage from its working directory and time, and follows later git
history (a branch created from this one, a rename)."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from tokcost.ledger.observations import observations, record_stretches
from tokcost.ledger.open import Ledger
from tokcost.ledger.places import (
    KnownWorktree,
    directories_without_worktree,
    note_placed,
    replace_place,
    usage_in_directory,
    usage_in_worktree,
)
from tokcost.ledger.rollup import Rollup
from tokcost.ledger.rows import Entry, Stored
from tokcost.model.history import History
from tokcost.model.logs import WorktreeOrigin
from tokcost.model.place import UNKNOWN, BranchPlace, Observation
from tokcost.model.usage import Usage
from tokcost.model.worktree import CloneState, Worktree
from tokcost.placement.branch import place, steady_span, stretches_of_last_move
from tokcost.placement.gone_folder import place_in_gone_folder
from tokcost.placement.timeline import Timeline, build_timeline, committed_before, unsettled_since
from tokcost.placement.unsettled import changed_since, renamed_since
from tokcost.repo.head import head_written_ms, is_broken, read_head
from tokcost.repo.reflog import has_own_commits, new_entries, read_history, read_reflog
from tokcost.repo.worktree import find_worktree
from tokcost.usage.assignment_journal import Target
from tokcost.usage.following import FIXED, Following, News
from tokcost.usage.known_worktrees import as_worktree, moved_stamp
from tokcost.usage.locating import Location, Locator


class Where(NamedTuple):
    """The place that a usage belongs to. `root` is the path of the repository's main worktree, empty outside
    repositories."""

    repository: int | None
    worktree: int | None
    root: str
    place: BranchPlace
    is_left: bool = False
    """The usage was made in an assistant's own worktree that is gone without a commit, so it belongs to the branch
    that the worktree came from."""


NOWHERE = Where(None, None, "", UNKNOWN)


class _Spot(NamedTuple):
    """A worktree, with everything needed to place usage in it."""

    worktree: KnownWorktree
    root: str
    timeline: Timeline
    observed: list[Observation]
    last_move: list[Observation]
    """The branches within the second of HEAD's newest move. They are known only until the next move, and recorded
    when needed."""


class _Steady(NamedTuple):
    """A span of time in which all usage in a worktree has the same place."""

    spot: _Spot
    """The worktree, as it was known then."""
    begin_ms: int
    end_ms: int
    where: Where


class _Last(NamedTuple):
    """The last answer. Most usage is in the same folder as the usage before, and in the same span of time."""

    cwd: str
    begin_ms: int
    end_ms: int
    where: Where
    known: dict[int, KnownWorktree]
    """The worktrees that were known then."""


_NOTHING = _Last("", 0, 0, NOWHERE, {})
"""No answer: its span of time is empty."""

_CLAUDE_WORKTREES = os.path.join(os.sep, ".claude", "worktrees")
_CODEX_WORKTREES = f"{os.sep}.codex{os.sep}worktrees{os.sep}"

_HEADLESS = "HEAD could not be read"
"""Stands in place of the reflog's stamp, so that the next refresh differs and places the usage again."""


class Placer:
    """Places usage and remembers the results; one for each import.

    `place` and `note_origins` write to the ledger and are called inside a transaction.
    """

    def __init__(self, ledger: Ledger, here: CloneState | None = None) -> None:
        """`here` is the worktree of the caller's command."""
        self._ledger = ledger
        self._locator = Locator(ledger, here)
        self._heads = {here.worktree.git_dir: here.head} if here else {}
        self._spots: dict[int, _Spot] = {}
        self._timelines: dict[int, Timeline] = {}
        self._histories: dict[int, History] = {}
        """The reflogs from which the timelines were built."""
        self._steady: dict[int, _Steady] = {}
        self._last = _NOTHING
        self._cleared: dict[tuple[int, str], bool] = {}
        self._headless: set[int] = set()
        """Worktrees whose HEAD could not be read. Usage placed meanwhile is checked again."""
        self.notes: list[str] = []

    def forget(self) -> None:
        """Forget everything learned in a transaction that was rolled back."""
        self._locator.forget()
        self._last = _NOTHING
        for memory in (self._spots, self._timelines, self._cleared, self._headless, self.notes):
            memory.clear()

    def place(self, usage: Usage, home: KnownWorktree | None = None) -> Where:
        """Find the place of a usage, from its working directory, its time and the assistant's own branch field.

        Usage that was placed in the worktree `home` stays in that repository: another clone may be at its path by now.
        """
        cwd, begin_ms, end_ms, where, known = self._last
        if (
            home is None
            and cwd == usage.cwd
            and begin_ms <= usage.time_ms < end_ms
            and known is self._locator.worktrees
        ):
            return where
        located = self._locator.locate(usage.cwd)
        if home is not None and located.repository not in (None, home.repository):
            located = Location(home.repository, home.id)
        if located.worktree is None:
            return NOWHERE if located.repository is None else self._in_bare(usage, located.repository)
        number = located.worktree
        spot = self._spot(number)
        steady = None if located.inside else self._steady_at(number, spot, usage.time_ms)
        if steady is None:
            where = self._place_at(usage, number, spot, located.inside)
            if located.inside or spot is not self._spots.get(number):
                return where
            steady = self._steady[number] = _Steady(spot, *steady_span(spot.timeline, usage.time_ms), where)
        self._last = _Last(usage.cwd, steady.begin_ms, steady.end_ms, steady.where, self._locator.worktrees)
        return steady.where

    def _steady_at(self, number: int, spot: _Spot, time_ms: int) -> _Steady | None:
        """The last answer about a worktree, if it is valid for this usage too. HEAD usually stays for hours, and
        within such a span the branch field in a log is irrelevant."""
        last = self._steady.get(number)
        return last if last and last.spot is spot and last.begin_ms <= time_ms < last.end_ms else None

    def _place_at(self, usage: Usage, number: int, spot: _Spot, inside: tuple[str, ...]) -> Where:
        worktree, root, timeline, seen, last_move = spot
        if last_move and last_move[0].first_ms // 1000 == usage.time_ms // 1000:
            record_stretches(self._ledger, worktree.git_dir, last_move)
            seen = [*seen, *last_move]
        timeline = self._reaching(worktree, timeline, usage.time_ms // 1000)
        found = place(
            timeline,
            usage.time_ms,
            usage.branch,
            hint_stale=usage.branch_stale,
            moves_head=usage.moves_head,
            observed=seen,
        )
        if inside and not self._was_cleared(worktree, inside, usage.branch):
            found = place_in_gone_folder(timeline, usage, inside, found)
        if found.branch is None:
            found = self._without_branch(worktree)
        elif worktree.origin_branch and self._is_cleared(worktree, found.branch):
            origin = BranchPlace(worktree.origin_branch, "transcript")
            return Where(worktree.repository, number, root, origin, is_left=True)
        return Where(worktree.repository, number, root, found)

    def assigned(self, common_dir: str, path: str, branch: str) -> Where | None:
        """The place that the user chose before the ledger was lost; `None` while that clone cannot be found."""
        found = find_worktree(path) if path else None
        if found is None or found.common_dir != common_dir:
            return None
        number = self._locator.known_or_new(found)
        worktree = self._locator.worktrees[number]
        root = self._locator.repositories[worktree.repository].root
        return Where(worktree.repository, number, root, BranchPlace(branch, "assigned"))

    def take_over(self, logged: Stored, received: Stored, rollup: Rollup) -> None:
        """Put logged usage at the place of received usage of the same response."""
        entry = received.entry
        if entry.repository is not None:
            replace_place(self._ledger, logged, entry.worktree, entry.repository, entry.place, rollup)

    def target_of(self, stored: Stored) -> Target | None:
        """The place that usage was assigned to, in a form that outlives the ledger."""
        worktree = self._locator.worktrees.get(stored.entry.worktree or 0)
        branch = stored.entry.place.branch
        if worktree is None or branch is None:
            return None
        return Target(self._locator.repositories[worktree.repository].common_dir, worktree.path, branch)

    def note_origins(self, origins: Iterable[WorktreeOrigin]) -> None:
        """Remember worktrees that an assistant created for itself, also if they are gone by now."""
        for origin in origins:
            self._locator.note_origin(origin)
            self._spots.clear()
            self._last = _NOTHING

    def follow_history(self) -> None:
        """Place usage again where git's history has changed: directories that became repositories, and worktrees
        whose reflog has grown since their usage was placed. Each is a transaction of its own."""
        for path in directories_without_worktree(self._ledger):
            if self._locator.has_news(path):
                with self._ledger.transaction():
                    self._place_directory(path)
        for worktree in list(self._locator.worktrees.values()):
            stamp = moved_stamp(worktree, self._locator.repositories[worktree.repository])
            if stamp:
                with self._ledger.transaction():
                    self._follow(worktree, stamp)
        for number in self._headless:
            with self._ledger.transaction():
                note_placed(self._ledger, number, _HEADLESS, self._timelines[number].newest)

    def _follow(self, worktree: KnownWorktree, stamp: str) -> None:
        timeline = self._reaching(worktree, self._timeline(worktree), worktree.placed_second)
        rollup = Rollup()
        if worktree.stamp:
            self._place_again(self._unsettled(worktree, timeline, rollup), rollup, worktree)
        rollup.apply(self._ledger)
        note_placed(self._ledger, worktree.id, stamp, timeline.newest)

    def _unsettled(self, worktree: KnownWorktree, timeline: Timeline, rollup: Rollup) -> Iterable[Stored]:
        """The usage of a worktree that its newer history may place elsewhere."""
        news = self._news(worktree, timeline)
        if news is not None and news.since < timeline.told_from:
            timeline = self._reaching(worktree, timeline, news.since)
            news = self._news(worktree, timeline)
        if news is None:
            since = unsettled_since(timeline, worktree.placed_second)
            return usage_in_worktree(self._ledger, worktree.id, since * 1000)

        following = Following(self._ledger, worktree.id, timeline)
        following.rename(news.renames, rollup)
        return following.unsettled(news.since)

    def _news(self, worktree: KnownWorktree, timeline: Timeline) -> News | None:
        """The news of a reflog that has only grown; `None` if that cannot be determined, or if more than the reflog
        decides."""
        is_own = worktree.origin_branch or _claudes_branch(worktree.path)
        located = as_worktree(worktree, self._locator.repositories[worktree.repository])
        added = None if timeline.problem or is_own else new_entries(located, worktree.stamp)
        history = self._histories[worktree.id]
        if added is None or added >= len(history.entries):
            return None
        known = history.entries[: len(history.entries) - added]
        before = build_timeline(history._replace(entries=known)) if added else timeline
        since = max(changed_since(before, timeline), committed_before(timeline, worktree.placed_second), 0)
        renames = renamed_since(timeline, worktree.placed_second)
        return News(min([since, *(rename.second for rename in renames)]), renames)

    def _place_directory(self, path: str) -> None:
        rollup = Rollup()
        # Usage placed before the repository was absent for a while, or was another one, stays there.
        outside = (one for one in usage_in_directory(self._ledger, path) if one.entry.worktree is None)
        self._place_again(outside, rollup)
        rollup.apply(self._ledger)

    def _place_again(self, many: Iterable[Stored], rollup: Rollup, home: KnownWorktree | None = None) -> None:
        self._last = _NOTHING
        for stored in many:
            old = stored.entry
            where = self.place(old.usage, home)
            if where.repository is None or not _may_replace(where, old):
                continue
            if (where.repository, where.worktree, where.place) != (old.repository, old.worktree, old.place):
                replace_place(self._ledger, stored, where.worktree, where.repository, where.place, rollup)

    def _in_bare(self, usage: Usage, repository: int) -> Where:
        """The place of usage in a bare repository, which has no HEAD of its own to follow. For a removed worktree of
        it, the assistant's branch field decides."""
        root = self._locator.repositories[repository].root
        is_gone = os.path.isabs(usage.cwd) and not os.path.isdir(usage.cwd)
        is_told = is_gone and usage.branch not in ("", "HEAD")
        return Where(repository, None, root, BranchPlace(usage.branch, "transcript") if is_told else UNKNOWN)

    def _spot(self, number: int) -> _Spot:
        worktree = self._locator.worktrees[number]
        known = self._spots.get(number)
        if known is not None and known.worktree is worktree:
            return known
        if _claudes_branch(worktree.path) and worktree.git_dir and not worktree.origin_branch:
            worktree = self._with_origin(worktree)
        root = self._locator.repositories[worktree.repository].root
        observed = observations(self._ledger, worktree.git_dir)
        timeline = self._timeline(worktree)
        located = as_worktree(worktree, self._locator.repositories[worktree.repository])
        last_move = stretches_of_last_move(timeline, head_written_ms(located))
        spot = self._spots[number] = _Spot(worktree, root, timeline, observed, last_move)
        return spot

    def _with_origin(self, worktree: KnownWorktree) -> KnownWorktree:
        """Add the origin of a worktree that Claude Code created for a sub-agent, which it does not record."""
        if _claudes_branch(worktree.path) not in self._timeline(worktree).branches:
            return worktree
        origin = self._branch_it_began_from(worktree).branch
        if origin is None:
            return worktree
        root = self._locator.repositories[worktree.repository].root
        return self._locator.record_origin(worktree.id, WorktreeOrigin(worktree.path, "", root, origin))

    def _is_cleared(self, worktree: KnownWorktree, branch: str) -> bool:
        """Whether a worktree that an assistant created for itself is gone, and its branch has no commit."""
        known = self._cleared.get((worktree.id, branch))
        if known is None:
            common_dir = self._locator.repositories[worktree.repository].common_dir
            known = not os.path.isdir(worktree.path) and not has_own_commits(common_dir, branch)
            self._cleared[worktree.id, branch] = known
        return known

    def _was_cleared(self, around: KnownWorktree, inside: tuple[str, ...], branch: str) -> bool:
        """Whether the folder was a worktree of Claude Code's own inside another one, removed before anyone saw it
        and without a commit. Its usage belongs to the branch that the surrounding worktree was on."""
        path = os.path.join(around.path, *inside[:3])
        return bool(branch) and branch == _claudes_branch(path) and self._is_cleared(around._replace(path=path), branch)

    def _without_branch(self, worktree: KnownWorktree) -> BranchPlace:
        """The place of usage for which neither the reflog nor the assistant names a branch."""
        if worktree.origin_branch:
            return BranchPlace(worktree.origin_branch, "transcript")
        return self._branch_it_began_from(worktree) if _CODEX_WORKTREES in worktree.path else UNKNOWN

    def _branch_it_began_from(self, worktree: KnownWorktree) -> BranchPlace:
        """The branch from which Codex created its own detached worktree: the one that the main worktree was on at
        that time."""
        repository = self._locator.repositories[worktree.repository]
        made = read_reflog(as_worktree(worktree, repository)).entries[:1]
        if not made or repository.root == repository.common_dir:
            return UNKNOWN
        main = self._locator.known_or_new(
            Worktree(repository.root, repository.common_dir, repository.common_dir, repository.root)
        )
        worktree = self._locator.worktrees[main]
        timeline = self._reaching(worktree, self._timeline(worktree), made[0].second)
        return place(timeline, made[0].second * 1000)

    def _reaching(self, worktree: KnownWorktree, timeline: Timeline, second: int) -> Timeline:
        """A timeline that covers this second, if the present one does not."""
        if second >= timeline.told_from:
            return timeline
        self._timelines.pop(worktree.id, None)
        self._spots.pop(worktree.id, None)
        return self._timeline(worktree, recent=False)

    def _timeline(self, worktree: KnownWorktree, *, recent: bool = True) -> Timeline:
        known = self._timelines.get(worktree.id)
        if known is None:
            located = as_worktree(worktree, self._locator.repositories[worktree.repository])
            head = self._heads.get(located.git_dir) or read_head(located)
            if is_broken(head) and os.path.isdir(located.git_dir):
                self._headless.add(worktree.id)
            history = read_history(located, recent=recent, head=head)
            self._histories[worktree.id] = history
            known = self._timelines[worktree.id] = build_timeline(history)
            if known.problem and os.path.isdir(worktree.path):
                self.notes.append(
                    f"{worktree.path}: {known.problem}; branches there are what the assistants wrote themselves."
                )
        return known


def _claudes_branch(path: str) -> str:
    """The branch that Claude Code creates for its own worktree at a path; empty if it creates none."""
    folder, name = os.path.split(path)
    return f"worktree-{name}" if folder.endswith(_CLAUDE_WORKTREES) else ""


def _may_replace(where: Where, old: Entry) -> bool:
    """Whether newer knowledge about the place of a usage replaces the older."""
    if where.is_left:
        return old.place.evidence != "assigned" and old.claim is None
    if old.place.evidence in FIXED:
        return False
    return old.place.branch is None or not _is_weaker(where.place, old.place)


def _is_weaker(new: BranchPlace, old: BranchPlace) -> bool:
    """Whether the newer evidence is weaker. Git forgets: a reflog expires, a branch that usage was carried to is
    deleted. Older knowledge then remains valid."""
    if new.evidence in ("none", "transcript"):
        return old.evidence not in ("none", "transcript") or new.branch is None
    return old.evidence == "carried" and new.evidence == "reflog"
