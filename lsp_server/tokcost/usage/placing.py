"""Finds the repository, worktree and branch of a usage from its working directory and time."""

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tokcost.ledger.observations import observations, record_stretches
from tokcost.ledger.open import Ledger
from tokcost.ledger.places import (
    KnownWorktree,
    is_aside,
    replace_place,
)
from tokcost.ledger.rollup import Rollup
from tokcost.ledger.rows import Stored
from tokcost.model.history import HeadHistory
from tokcost.model.logs import OwnWorktrees, WorktreeOrigin, created_branch
from tokcost.model.place import UNKNOWN, BranchPlace, Observation
from tokcost.model.usage import Usage
from tokcost.model.worktree import CloneState, Worktree
from tokcost.placement.branch import place, steady_span, stretches_of_last_move
from tokcost.placement.gone_folder import place_in_gone_folder
from tokcost.placement.timeline import Timeline, build_timeline
from tokcost.repo.head import head_written_ms, is_broken, read_head
from tokcost.repo.named_worktree import is_named
from tokcost.repo.reflog import has_own_commits, read_head_history, read_reflog
from tokcost.repo.worktree import find_worktree
from tokcost.usage.assignment_journal import Target
from tokcost.usage.known_worktrees import as_worktree
from tokcost.usage.locating import DirectoryLocation, Locator


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


class Placer:
    """Places usage and remembers the results; one for each import.

    `place` and `note_origins` write to the ledger and are called inside a transaction.
    """

    def __init__(self, ledger: Ledger, here: CloneState | None = None, own: Sequence[OwnWorktrees] = ()) -> None:
        """`here` is the worktree of the caller's command, `own` the worktrees that assistants create for themselves."""
        self._ledger = ledger
        self._own = own
        self.locator = Locator(ledger, here)
        self._heads = {here.worktree.git_dir: here.head} if here else {}
        self._spots: dict[int, _Spot] = {}
        self._timelines: dict[int, Timeline] = {}
        self._histories: dict[int, HeadHistory] = {}
        self._steady: dict[int, _Steady] = {}
        self._last = _NOTHING
        self._cleared: dict[tuple[int, str], bool] = {}
        self._headless: set[int] = set()
        self.notes: list[str] = []

    def forget(self) -> None:
        """Forget everything learned in a transaction that was rolled back."""
        self.locator.forget()
        self._last = _NOTHING
        # Not `_steady`: an entry there counts only with the very spot it was made for.
        for memory in (self._spots, self._timelines, self._cleared, self._headless, self.notes):
            memory.clear()

    def place(self, usage: Usage, placed_in: KnownWorktree | None = None) -> Where:
        """Find the place of a usage, from its working directory, its time and the assistant's own branch field.

        Usage that was placed in the worktree `placed_in` stays in that repository: another clone may be at its path by
        now.
        """
        cwd, begin_ms, end_ms, where, known = self._last
        # The locator makes a new dictionary whenever it learns of a worktree: with the same one, nothing is new.
        if (
            placed_in is None
            and cwd == usage.cwd
            and begin_ms <= usage.time_ms < end_ms
            and known is self.locator.worktrees
        ):
            return where
        located = self.locator.locate_at(usage.cwd, usage.time_ms)
        if placed_in is not None and located.repository not in (None, placed_in.repository):
            located = DirectoryLocation(placed_in.repository, placed_in.id)
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
        if placed_in is None and not self.locator.begins_ms(self.locator.locate(usage.cwd)):
            self._last = _Last(usage.cwd, steady.begin_ms, steady.end_ms, steady.where, self.locator.worktrees)
        return steady.where

    def _steady_at(self, number: int, spot: _Spot, time_ms: int) -> _Steady | None:
        """The last answer about a worktree, if it is valid for this usage too. HEAD usually stays for hours, and
        within such a span the branch field in a log is irrelevant."""
        last = self._steady.get(number)
        return last if last and last.spot is spot and last.begin_ms <= time_ms < last.end_ms else None

    def _place_at(self, usage: Usage, number: int, spot: _Spot, inside: tuple[str, ...]) -> Where:
        worktree, root, _, seen, last_move = spot
        if last_move and last_move[0].first_ms // 1000 == usage.time_ms // 1000:
            # Only now: git writes the file HEAD anew at the next move, and its time is the only one finer than a
            # second.
            record_stretches(self._ledger, worktree.git_dir, last_move)
            seen = [*seen, *last_move]
        timeline = self.timeline(worktree, usage.time_ms // 1000)
        found = place(
            timeline,
            usage.time_ms,
            usage.branch,
            hint_stale=usage.branch_stale,
            moves_head=usage.moves_head,
            observed=seen,
        )
        if inside:
            found = self._in_gone_folder(worktree, timeline, usage, inside, found)
        if found.branch is None:
            found = self._without_branch(worktree)
        elif worktree.origin_branch and self._is_cleared(worktree, found.branch):
            origin = BranchPlace(worktree.origin_branch, "transcript")
            return Where(worktree.repository, number, root, origin, is_left=True)
        return Where(worktree.repository, number, root, found)

    def assigned(self, common_dir: str, path: str, branch: str) -> Where | None:
        """The place that the user chose before the ledger was lost; `None` while that clone cannot be found."""
        found = find_worktree(path) if path else None
        if path and (found is None or found.common_dir != common_dir):
            found = Worktree(path, common_dir, common_dir, path)
            found = found if is_named(found) else None
        if found is None:
            return None
        number = self.locator.known_or_new(found)
        worktree = self.locator.worktrees[number]
        root = self.locator.repositories[worktree.repository].root
        return Where(worktree.repository, number, root, BranchPlace(branch, "assigned"))

    def take_over(self, logged: Stored, received: Stored, rollup: Rollup) -> None:
        """Put logged usage at the place of received usage of the same response."""
        entry = received.entry
        if entry.repository is not None:
            replace_place(self._ledger, logged, entry.worktree, entry.repository, entry.place, rollup)

    def target_of(self, stored: Stored) -> Target | None:
        """The place that usage was assigned to, in a form that outlives the ledger."""
        worktree = self.locator.worktrees.get(stored.entry.worktree or 0)
        branch = stored.entry.place.branch
        if worktree is None or branch is None:
            return None
        return Target(self.locator.repositories[worktree.repository].common_dir, worktree.path, branch)

    def note_origins(self, origins: Iterable[WorktreeOrigin]) -> None:
        """Remember worktrees that an assistant created for itself, also if they are gone by now."""
        for origin in origins:
            self.locator.note_origin(origin)
            self._spots.clear()
            self._last = _NOTHING

    def _in_bare(self, usage: Usage, repository: int) -> Where:
        """The place of usage in a bare repository, which has no HEAD of its own to follow. For a removed worktree of
        it, the assistant's branch field decides."""
        root = self.locator.repositories[repository].root
        is_gone = os.path.isabs(usage.cwd) and not os.path.isdir(usage.cwd)
        is_told = is_gone and usage.branch not in ("", "HEAD")
        return Where(repository, None, root, BranchPlace(usage.branch, "transcript") if is_told else UNKNOWN)

    def _spot(self, number: int) -> _Spot:
        worktree = self.locator.worktrees[number]
        known = self._spots.get(number)
        if known is not None and known.worktree is worktree:
            return known
        if worktree.git_dir and not worktree.origin_branch:
            worktree = self._with_origin(worktree)
        root = self.locator.repositories[worktree.repository].root
        observed = observations(self._ledger, worktree.git_dir)
        timeline = self.timeline(worktree)
        located = as_worktree(worktree, self.locator.repositories[worktree.repository])
        last_move = stretches_of_last_move(timeline, head_written_ms(located))
        spot = self._spots[number] = _Spot(worktree, root, timeline, observed, last_move)
        return spot

    def _with_origin(self, worktree: KnownWorktree) -> KnownWorktree:
        """Add the origin of an assistant's own worktree. Assistants do not record that of every one."""
        created = self.created_branch(worktree)
        if not created or created not in self.timeline(worktree).branches:
            return worktree
        origin = self._branch_it_began_from(worktree).branch
        if origin is None:
            return worktree
        root = self.locator.repositories[worktree.repository].root
        return self.locator.record_origin(worktree.id, WorktreeOrigin(worktree.path, "", root, origin))

    def _is_cleared(self, worktree: KnownWorktree, branch: str) -> bool:
        """Whether a worktree that an assistant created for itself is gone, and its branch has no commit."""
        known = self._cleared.get((worktree.id, branch))
        if known is None:
            common_dir = self.locator.repositories[worktree.repository].common_dir
            known = not os.path.isdir(worktree.path) and not has_own_commits(common_dir, branch)
            self._cleared[worktree.id, branch] = known
        return known

    def _in_gone_folder(
        self, around: KnownWorktree, timeline: Timeline, usage: Usage, inside: tuple[str, ...], found: BranchPlace
    ) -> BranchPlace:
        """The branch of usage in a folder that is gone. An assistant's own worktree there, removed before anyone saw
        it and without a commit, belongs to the branch that the surrounding worktree was on (`found`)."""
        is_own = False
        for one in self._own:
            path = os.path.join(around.path, *inside[: one.depth])
            branch = one.branch_at(path)
            is_own = is_own or branch is not None
            if branch and branch == usage.branch and self._is_cleared(around._replace(path=path), branch):
                return found
        return place_in_gone_folder(timeline, usage, inside, found, is_own=is_own)

    def _without_branch(self, worktree: KnownWorktree) -> BranchPlace:
        """The place of usage for which neither the reflog nor the assistant names a branch."""
        if worktree.origin_branch:
            return BranchPlace(worktree.origin_branch, "transcript")
        return self._branch_it_began_from(worktree) if self.created_branch(worktree) == "" else UNKNOWN

    def _branch_it_began_from(self, worktree: KnownWorktree) -> BranchPlace:
        """The branch from which an assistant created its own worktree: the one that the main worktree was on at that
        time."""
        repository = self.locator.repositories[worktree.repository]
        made = read_reflog(as_worktree(worktree, repository)).entries[:1]
        if not made or repository.root == repository.common_dir:
            return UNKNOWN
        main = self.locator.known_or_new(
            Worktree(repository.root, repository.common_dir, repository.common_dir, repository.root)
        )
        worktree = self.locator.worktrees[main]
        return place(self.timeline(worktree, made[0].second), made[0].second * 1000)

    def timeline(self, worktree: KnownWorktree, reaching: int | None = None) -> Timeline:
        """The timeline of a worktree; it covers the second `reaching`. Most of a long reflog is not read otherwise."""
        known = self._timelines.get(worktree.id)
        if known is None:
            known = self._read(worktree, recent=True)
        if reaching is not None and reaching < known.told_from:
            # Spots hold the shorter timeline.
            self._spots.pop(worktree.id, None)
            known = self._read(worktree, recent=False)
        return known

    def history(self, worktree: KnownWorktree) -> HeadHistory:
        """The reflog from which the timeline of a worktree was built."""
        return self._histories[worktree.id]

    def created_branch(self, worktree: KnownWorktree) -> str | None:
        """The branch that an assistant created with its own worktree; empty if it created none, `None` if this is no
        such worktree."""
        return created_branch(worktree.path, self._own)

    def headless(self) -> list[KnownWorktree]:
        """Worktrees whose HEAD could not be read. Usage placed meanwhile has to be placed again."""
        return [self.locator.worktrees[number] for number in self._headless]

    def _read(self, worktree: KnownWorktree, *, recent: bool) -> Timeline:
        repository = self.locator.repositories[worktree.repository]
        located = as_worktree(worktree, repository)
        head = self._heads.get(located.git_dir) or read_head(located)
        if is_broken(head) and (os.path.isdir(located.git_dir) or is_aside(repository)):
            self._headless.add(worktree.id)
        history = self._histories[worktree.id] = read_head_history(located, recent=recent, head=head)
        timeline = self._timelines[worktree.id] = build_timeline(history)
        if timeline.problem and os.path.isdir(worktree.path):
            self.notes.append(
                f"{worktree.path}: {timeline.problem}; branches there are those that the assistants logged."
            )
        return timeline
