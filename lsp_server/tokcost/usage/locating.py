"""Finds the repository and worktree of a working directory.

The ledger remembers every directory, worktree and repository it has seen, so that usage is still placed when a worktree
was removed or a clone moved. Where the ledger has no record, git may have one: it also lists linked worktrees whose
folder is gone.
"""

import os
from collections.abc import Iterable
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.places import (
    KnownWorktree,
    bind_directory,
    bound_directories,
    former_path,
    record_origin,
    record_worktree,
    repositories,
    unbind_directory,
    worktrees,
)
from tokcost.model.logs import WorktreeOrigin
from tokcost.model.worktree import CloneState, Worktree
from tokcost.repo.config import ConfigsOnce
from tokcost.repo.named_worktree import named_around
from tokcost.repo.worktree import find_bare, find_worktree, linked_worktrees
from tokcost.usage.known_worktrees import (
    DIGEST,
    born_ms,
    digest_of,
    gone_worktree,
    is_counted,
    keep_main,
    move_here,
    named_worktrees,
    record_clone,
)


class DirectoryLocation(NamedTuple):
    """The repository and worktree that contain a working directory, as row ids."""

    repository: int | None = None
    worktree: int | None = None
    """The worktree; `None` in a bare repository and outside repositories."""
    inside: tuple[str, ...] = ()
    """The folders between the worktree and a folder that is gone, if only its path puts it into the worktree. It may
    have been a worktree of its own."""


class Locator:
    """Locates working directories and remembers the results; one for each import.

    All writes belong to the caller's transaction.
    """

    def __init__(self, ledger: Ledger, here: CloneState | None = None) -> None:
        """`here` is the worktree of the caller's command. It is not read again, and logs may know its folder by its
        digest only."""
        self._ledger = ledger
        self._state = here
        self._here = here.worktree if here else None
        self._configs = ConfigsOnce({here.worktree.common_dir: here.config} if here else None)
        self._located: dict[str, DirectoryLocation] = {}
        self._linked: dict[str, list[Worktree]] = {}
        self._met = set[str]()
        """Clones that have been checked for moves."""
        self._learn()
        self._bound = bound_directories(ledger)

    def forget(self) -> None:
        """Forget everything learned in a transaction that was rolled back."""
        self._met.clear()
        self._forget_places()

    def _forget_places(self) -> None:
        """Take over from the ledger again where everything is."""
        self._located.clear()
        self._learn()
        self._bound = bound_directories(self._ledger)

    def locate(self, directory: str) -> DirectoryLocation:
        """The location of a working directory."""
        found = self._located.get(directory)
        if found is None:
            found = self._locate(directory) if os.path.isabs(directory) else self._locate_digest(directory)
            self._located[directory] = found
        return found

    def locate_at(self, directory: str, time_ms: int) -> DirectoryLocation:
        """The location of a working directory at a time. Usage from before the clone there was made belongs to the
        clone that was there until then."""
        found = self.locate(directory)
        if time_ms >= self.begins_ms(found):
            return found
        made = [(self._born_ms(number), number) for number in self._former[self.worktrees[found.worktree or 0].path]]
        number = max((one for one in made if one[0] <= time_ms), default=(0, 0))[1]
        return DirectoryLocation(self.worktrees[number].repository, number) if number else found

    def begins_ms(self, location: DirectoryLocation) -> int:
        """The time before which usage at a location may belong to another clone; 0 if no other was ever there."""
        here = self.worktrees.get(location.worktree or 0)
        return self._born_ms(here.id) if here is not None and here.path in self._former else 0

    def _born_ms(self, number: int) -> int:
        return born_ms(self.repositories[self.worktrees[number].repository])

    def meet(self, directories: Iterable[str]) -> None:
        """Check the clones of working directories for moves before usage is placed in any of them: one may have been in
        the place of another one."""
        for directory in filter(os.path.isdir, directories):  # one that is gone may need more than is known yet
            self.locate(directory)

    def has_news(self, directory: str) -> bool:
        """Whether a working directory that was in no repository when it was last checked is in one now."""
        if directory.startswith(DIGEST):
            return directory not in self._located and self._locate_digest(directory).worktree is not None
        if not os.path.isabs(directory):
            return False
        if os.path.isdir(directory):
            is_found = find_worktree(directory) is not None or find_bare(directory, self._configs) is not None
            is_found = is_found or named_around(directory, self._named_worktrees()) is not None
            return directory not in self._located and is_found
        if gone_worktree(directory, self._linked_worktrees()) is None:
            return False
        self._located.pop(directory, None)
        return True

    def note_origin(self, origin: WorktreeOrigin) -> None:
        """Remember a worktree that an assistant created for itself, also if it is gone by now."""
        path = os.path.normpath(origin.path)
        number, source = self.locate(origin.path).worktree, self.locate(origin.origin_path).worktree
        if source is None:
            return
        if number is None or self.worktrees[number].path != path:
            repository = self.worktrees[source].repository
            number = record_worktree(self._ledger, repository, path, "")
            self._located[origin.path] = DirectoryLocation(repository, number)
        self.record_origin(number, origin)

    def record_origin(self, number: int, origin: WorktreeOrigin) -> KnownWorktree:
        """Remember what a known worktree was created from; returns the worktree as it is known then."""
        record_origin(self._ledger, number, origin.origin_path, origin.origin_branch)
        self._learn()
        return self.worktrees[number]

    def known_or_new(self, found: Worktree) -> int:
        """The row id of a worktree."""
        self._meet(found)
        for one in self.worktrees.values():
            # At a known path another worktree may be by now, with a git folder of its own.
            if one.path == found.path and one.git_dir == found.git_dir:
                return one.id
        number = record_worktree(self._ledger, self._repository(found), found.path, found.git_dir)
        self._learn()
        return number

    def _meet(self, found: Worktree) -> None:
        """Check once whether this clone has moved."""
        if found.common_dir in self._met:
            return
        self._met.add(found.common_dir)
        if move_here(self._ledger, found):
            self._forget_places()

    def _learn(self) -> None:
        """Take over what the ledger knows."""
        self.repositories = {one.id: one for one in repositories(self._ledger)}
        self.worktrees = {one.id: one for one in worktrees(self._ledger)}
        self._named: dict[str, Worktree] | None = None
        self._former: dict[str, list[int]] = {}
        """The worktrees that were at each path before one of another clone took it."""
        for one in self.worktrees.values():
            if path := former_path(one):
                self._former.setdefault(path, []).append(one.id)

    def _locate_digest(self, directory: str) -> DirectoryLocation:
        """The worktree whose folder, or a folder in which, has this digest. Some logs identify a project only by it."""
        if not directory.startswith(DIGEST):
            return DirectoryLocation()
        known = {one.path: one.id for one in self.worktrees.values()} | self._bound
        for path, number in known.items():
            if digest_of(path) == directory:
                return self._bind(directory, number)
        here = self._here
        if here is not None and digest_of(here.path) == directory and is_counted(here, self._named_worktrees()):
            return self._bind(directory, self.known_or_new(here))
        return DirectoryLocation()

    def _locate(self, directory: str) -> DirectoryLocation:
        """The location of a folder. An existing folder is where git says. A folder that is gone is where the ledger
        remembers it, else where git still lists a worktree, else where its path leads. What git does not find by itself
        comes last."""
        is_gone = not os.path.isdir(directory)
        if is_gone:
            remembered = self._bound.get(directory) or self._remembered(directory)
            if remembered is not None:
                return self._bind(directory, remembered)
            if (linked := gone_worktree(directory, self._linked_worktrees())) is not None:
                return self._bind(directory, self.known_or_new(linked))
        if (found := find_worktree(directory, self._configs)) is not None:
            return self._bind(directory, self.known_or_new(found))
        bare = find_bare(directory, self._configs)
        if bare is None and (named := named_around(directory, self._named_worktrees())) is not None:
            return self._bind(directory, self.known_or_new(named))
        if bare is None:
            self._unbind(directory)
            return DirectoryLocation()
        for one in self.worktrees.values():
            if (one.path, one.git_dir) == (bare.path, bare.git_dir):
                return self._bind(directory, one.id)  # agents set core.bare by mistake: it had a working tree before
        return DirectoryLocation(self._repository(bare))

    def _unbind(self, directory: str) -> None:
        """Unbind a directory whose repository is gone or broken now, so that it is checked again later."""
        # The .git folder may be away for a while: what is spent meanwhile is placed once it is back.
        if self._bound.pop(directory, None) is not None:
            unbind_directory(self._ledger, directory)

    def _bind(self, directory: str, number: int) -> DirectoryLocation:
        if self._bound.get(directory) != number:
            bind_directory(self._ledger, directory, number)
            self._bound[directory] = number
        worktree = self.worktrees[number]
        return DirectoryLocation(worktree.repository, number, _inside(directory, worktree))

    def _remembered(self, directory: str) -> int | None:
        """The innermost worktree in the ledger that contains a folder, if that worktree is gone as well."""
        folder = os.path.normpath(directory)
        for one in self.repositories.values():
            is_around = f"{folder}{os.sep}".startswith(one.root + os.sep) and not os.path.lexists(one.root)
            if is_around and not os.path.exists(one.common_dir):
                keep_main(self._ledger, one)
                self._learn()
        around = [one for one in self.worktrees.values() if folder == one.path or folder.startswith(one.path + os.sep)]
        innermost = max(around, key=lambda one: len(one.path), default=None)
        return innermost.id if innermost is not None and not os.path.isdir(innermost.path) else None

    def _named_worktrees(self) -> dict[str, Worktree]:
        """The worktrees that git finds only where they are named; most clones need none."""
        if self._named is None:
            self._named = named_worktrees(self.worktrees.values(), self.repositories, self._state)
        return self._named

    def _linked_worktrees(self) -> list[Worktree]:
        """The linked worktrees listed by the known repositories, each read once."""
        common_dirs = {one.common_dir for one in self.repositories.values()}
        if self._here is not None:
            common_dirs.add(self._here.common_dir)
        for common_dir in common_dirs - self._linked.keys():
            self._linked[common_dir] = list(linked_worktrees(common_dir))
        return [one for linked in self._linked.values() for one in linked]

    def _repository(self, found: Worktree) -> int:
        """The row id of the repository of a worktree."""
        self._meet(found)
        number = record_clone(self._ledger, found)
        self._learn()
        return number


def _inside(directory: str, worktree: KnownWorktree) -> tuple[str, ...]:
    """The folders between a worktree that exists and a folder in it that is gone."""
    folder = os.path.normpath(directory)
    if not folder.startswith(worktree.path + os.sep) or os.path.isdir(directory) or not os.path.isdir(worktree.path):
        return ()
    return tuple(folder[len(worktree.path) + 1 :].split(os.sep))
