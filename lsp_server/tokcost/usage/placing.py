"""From a working directory and a time to a repository, a worktree and a branch.

The ledger remembers every directory, worktree and repository it has seen, so that usage is still placed when a worktree
was deleted or a clone moved. What git's history says later (a branch created from this one, a rename) is followed.
"""

import os
from collections.abc import Iterable
from typing import NamedTuple

from tokcost.known_worktrees import DIGEST, as_worktree, digest_of, keep_main, moved_from, moved_stamp
from tokcost.ledger.observations import observations
from tokcost.ledger.open import Ledger
from tokcost.ledger.places import (
    KnownWorktree,
    bind_directory,
    bound_directories,
    directories_without_worktree,
    move_repository,
    note_placed,
    record_origin,
    record_repository,
    record_worktree,
    replace_place,
    repositories,
    usage_in_directory,
    usage_in_worktree,
    worktrees,
)
from tokcost.ledger.rollup import Rollup
from tokcost.ledger.rows import Stored
from tokcost.model.logs import WorktreeOrigin
from tokcost.model.place import UNKNOWN, BranchPlace, Observation
from tokcost.model.usage import Usage
from tokcost.model.worktree import Worktree
from tokcost.placement.branch import Timeline, build_timeline, place, unsettled_since
from tokcost.policy.clone_state import CloneState
from tokcost.repo.config import ConfigsOnce
from tokcost.repo.reflog import read_history, read_reflog
from tokcost.repo.worktree import find_worktree, repository_fingerprint


class Where(NamedTuple):
    """Where a usage belongs. `root` is the path of the repository's main worktree, empty outside repositories."""

    repository: int | None
    worktree: int | None
    root: str
    place: BranchPlace


NOWHERE = Where(None, None, "", UNKNOWN)


class _Spot(NamedTuple):
    """A worktree with all that placing usage in it needs."""

    worktree: KnownWorktree
    root: str
    timeline: Timeline
    observed: list[Observation]


_CODEX_WORKTREES = f"{os.sep}.codex{os.sep}worktrees{os.sep}"

_FIXED = ("observed", "assigned")
"""Evidence that no reflog overrules."""


class Placer:
    """Places usage and remembers what it learned; one for each import. `place` and `note_origins` write to the ledger
    and are called inside a transaction."""

    def __init__(self, ledger: Ledger, here: CloneState | None = None) -> None:
        """`here` is the worktree that somebody asks about: what was read of it is not read again, and logs may know its
        folder by its digest alone."""
        self._ledger = ledger
        self._here = here.worktree if here else None
        self._repositories = {one.id: one for one in repositories(ledger)}
        self._worktrees = {one.id: one for one in worktrees(ledger)}
        self._bound = bound_directories(ledger)
        self._heads = {here.worktree.git_dir: here.head} if here else {}
        self._configs = ConfigsOnce({here.worktree.common_dir: here.config} if here else None)
        self._located: dict[str, int | None] = {}
        self._spots: dict[int, _Spot] = {}
        self._timelines: dict[int, Timeline] = {}
        self.notes: list[str] = []

    def place(self, usage: Usage) -> Where:
        """Where a usage belongs, by its working directory, its time and the assistant's own branch field."""
        number = self._worktree_of(usage.cwd)
        if number is None:
            return NOWHERE
        worktree, root, timeline, seen = self._spots.get(number) or self._spot(number)
        timeline = self._reaching(worktree, timeline, usage.time_ms // 1000)
        found = place(
            timeline,
            usage.time_ms,
            usage.branch,
            hint_stale=usage.branch_stale,
            moves_head=usage.moves_head,
            observed=seen,
        )
        if found.branch is None:
            found = self._without_branch(worktree)
        return Where(worktree.repository, number, root, found)

    def assigned(self, common_dir: str, path: str, branch: str) -> Where | None:
        """A place that the user chose before the ledger was lost; `None` while that clone cannot be found."""
        found = find_worktree(path)
        if found is None or found.common_dir != common_dir:
            return None
        number = self._known_or_new(found)
        worktree = self._worktrees[number]
        root = self._repositories[worktree.repository].root
        return Where(worktree.repository, number, root, BranchPlace(branch, "assigned"))

    def note_origins(self, origins: Iterable[WorktreeOrigin]) -> None:
        """Remember worktrees that an assistant made for itself, also when they are gone by now."""
        for origin in origins:
            number = self._worktree_of(origin.path)
            source = self._worktree_of(origin.origin_path)
            if source is None:
                continue
            if number is None or self._worktrees[number].path != os.path.normpath(origin.path):
                home = self._worktrees[source].repository
                number = record_worktree(self._ledger, home, os.path.normpath(origin.path), "")
                self._located[origin.path] = number
            record_origin(self._ledger, number, origin.origin_path, origin.origin_branch)
            self._learn_worktrees()

    def follow_history(self) -> None:
        """Put usage where it belongs by what git's history says now: directories that became repositories, and
        worktrees whose reflog has grown since their usage was placed. Each is a transaction of its own."""
        for path in directories_without_worktree(self._ledger):
            if path in self._located:
                continue
            is_known = path.startswith(DIGEST) and self._locate_digest(path) is not None
            if is_known or (os.path.isabs(path) and os.path.isdir(path) and find_worktree(path) is not None):
                with self._ledger.transaction():
                    self._place_directory(path)
        for worktree in list(self._worktrees.values()):
            stamp = moved_stamp(worktree, self._repositories[worktree.repository])
            if stamp:
                with self._ledger.transaction():
                    self._follow(worktree, stamp)

    def _follow(self, worktree: KnownWorktree, stamp: str) -> None:
        timeline = self._reaching(worktree, self._timeline(worktree), worktree.placed_second)
        rollup = Rollup()
        if worktree.stamp:
            since = unsettled_since(timeline, worktree.placed_second)
            self._place_again(usage_in_worktree(self._ledger, worktree.id, since * 1000), rollup)
        rollup.apply(self._ledger)
        note_placed(self._ledger, worktree.id, stamp, timeline.newest)

    def _place_directory(self, path: str) -> None:
        rollup = Rollup()
        self._place_again(usage_in_directory(self._ledger, path), rollup)
        rollup.apply(self._ledger)

    def _place_again(self, many: Iterable[Stored], rollup: Rollup) -> None:
        for stored in many:
            old = stored.entry
            where = self.place(old.usage)
            if old.place.evidence in _FIXED or where.worktree is None or where.repository is None:
                continue
            if old.place.branch is not None and _is_weaker(where.place, old.place):
                continue
            if (where.repository, where.worktree, where.place) != (old.repository, old.worktree, old.place):
                replace_place(self._ledger, stored, where.worktree, where.repository, where.place, rollup)

    def _spot(self, number: int) -> _Spot:
        worktree = self._worktrees[number]
        root = self._repositories[worktree.repository].root
        observed = observations(self._ledger, worktree.git_dir)
        spot = self._spots[number] = _Spot(worktree, root, self._timeline(worktree), observed)
        return spot

    def _without_branch(self, worktree: KnownWorktree) -> BranchPlace:
        """Where usage belongs of which neither the reflog nor the assistant names a branch."""
        if worktree.origin_branch:
            return BranchPlace(worktree.origin_branch, "transcript")
        return self._branch_it_began_from(worktree) if _CODEX_WORKTREES in worktree.path else UNKNOWN

    def _branch_it_began_from(self, worktree: KnownWorktree) -> BranchPlace:
        """Codex works in detached worktrees that it makes itself: they belong to the branch that the main worktree
        was on when they were made."""
        repository = self._repositories[worktree.repository]
        made = read_reflog(as_worktree(worktree, repository)).entries[:1]
        main = self._known_or_new(
            Worktree(repository.root, repository.common_dir, repository.common_dir, repository.root)
        )
        if not made:
            return UNKNOWN
        worktree = self._worktrees[main]
        timeline = self._reaching(worktree, self._timeline(worktree), made[0].second)
        return place(timeline, made[0].second * 1000)

    def _reaching(self, worktree: KnownWorktree, timeline: Timeline, second: int) -> Timeline:
        """A timeline that can be asked for this second, if this one cannot."""
        if second >= timeline.told_from:
            return timeline
        self._timelines.pop(worktree.id, None)
        self._spots.pop(worktree.id, None)
        return self._timeline(worktree, recent=False)

    def _timeline(self, worktree: KnownWorktree, *, recent: bool = True) -> Timeline:
        known = self._timelines.get(worktree.id)
        if known is None:
            located = as_worktree(worktree, self._repositories[worktree.repository])
            history = read_history(located, recent=recent, head=self._heads.get(located.git_dir))
            known = self._timelines[worktree.id] = build_timeline(history)
            if known.problem and os.path.isdir(worktree.path):
                self.notes.append(
                    f"{worktree.path}: {known.problem}; branches there are what the assistants wrote themselves."
                )
        return known

    def _worktree_of(self, directory: str) -> int | None:
        if directory not in self._located:
            found = self._locate(directory) if os.path.isabs(directory) else self._locate_digest(directory)
            self._located[directory] = found
        return self._located[directory]

    def _locate_digest(self, directory: str) -> int | None:
        """The worktree whose folder, or a folder in which, has this digest: all that some logs say of a project."""
        if not directory.startswith(DIGEST):
            return None
        known = {one.path: one.id for one in self._worktrees.values()} | self._bound
        for path, number in known.items():
            if digest_of(path) == directory:
                return self._bind(directory, number)
        if self._here is not None and digest_of(self._here.path) == directory:
            return self._bind(directory, self._known_or_new(self._here))
        return None

    def _locate(self, directory: str) -> int | None:
        """A folder that is gone lies where the ledger remembers it; one that is there lies where git says."""
        if not os.path.isdir(directory):
            remembered = self._bound.get(directory) or self._remembered(directory)
            if remembered is not None:
                return self._bind(directory, remembered)
        found = find_worktree(directory, self._configs)
        return None if found is None else self._bind(directory, self._known_or_new(found))

    def _bind(self, directory: str, number: int) -> int:
        if self._bound.get(directory) != number:
            bind_directory(self._ledger, directory, number)
            self._bound[directory] = number
        return number

    def _remembered(self, directory: str) -> int | None:
        """The innermost worktree the ledger knows around a folder, if that worktree is gone as well."""
        folder = os.path.normpath(directory)
        for one in self._repositories.values():
            if f"{folder}{os.sep}".startswith(one.root + os.sep) and not os.path.exists(one.common_dir):
                keep_main(self._ledger, one)
                self._worktrees = {number.id: number for number in worktrees(self._ledger)}
        around = [one for one in self._worktrees.values() if folder == one.path or folder.startswith(one.path + os.sep)]
        innermost = max(around, key=lambda one: len(one.path), default=None)
        return innermost.id if innermost is not None and not os.path.isdir(innermost.path) else None

    def _known_or_new(self, found: Worktree) -> int:
        for one in self._worktrees.values():
            if one.path == found.path and one.git_dir == found.git_dir:
                return one.id
        repository = self._repository(found)
        number = record_worktree(self._ledger, repository, found.path, found.git_dir)
        self._repositories = {one.id: one for one in repositories(self._ledger)}
        self._learn_worktrees()
        return number

    def _learn_worktrees(self) -> None:
        self._worktrees = {one.id: one for one in worktrees(self._ledger)}
        self._spots.clear()

    def _repository(self, found: Worktree) -> int:
        """The repository of a worktree; a clone that was moved is recognised when its old folder is gone."""
        fingerprint = repository_fingerprint(found.common_dir)
        known = self._repositories.values()
        is_new = all(one.common_dir != found.common_dir for one in known)
        if is_new and (moved := moved_from(known, found.common_dir)) is not None:
            keep_main(self._ledger, moved)
            move_repository(self._ledger, moved.id, found.common_dir, found.root)
        return record_repository(self._ledger, found.common_dir, found.root, fingerprint)


def _is_weaker(new: BranchPlace, old: BranchPlace) -> bool:
    """Git forgets: an expired reflog, a deleted branch that usage was carried to. What was known then still holds."""
    if new.evidence in ("none", "transcript"):
        return old.evidence not in ("none", "transcript") or new.branch is None
    return old.evidence == "carried" and new.evidence == "reflog"
