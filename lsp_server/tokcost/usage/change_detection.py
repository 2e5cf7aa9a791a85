"""Detects log files that are new or have changed, with as few file system calls as possible.

Most of the time that checking ten thousand logs takes is spent on listing their folders. A folder with an unchanged
`ctime` has unchanged entries, so the ledger remembers all folders and files below a root once they have been read. From
then on only their times are checked, and only folders that have changed are listed again, with everything below them.
"""

import marshal
import os
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import NamedTuple
from zlib import crc32

from tokcost.errors import LedgerUnavailable
from tokcost.ledger.open import Ledger, is_of_records
from tokcost.ledger.purge_record import open_purge_record
from tokcost.ledger.sources import listing_of, read_of, record_listing, sizes_read
from tokcost.model.bounds import is_source
from tokcost.model.logs import UNFINISHED, Location, Source
from tokcost.readers.known_places import IN_WORKTREES
from tokcost.readers.protocol import Reader, told_as
from tokcost.readers.registry import broken_readers, reader_named, readers_of_used
from tokcost.readers.sources.files import FolderWalk, file_source
from tokcost.repo.config import hash_bytes, read_config
from tokcost.repo.index import is_tracked
from tokcost.repo.worktree import find_worktree
from tokcost.usage.processes import forked
from tokcost.usage.read import Job, can_fork, changed

_SETTLED_NS = 10 * 10**9
"""A folder that changed less than this before it was listed may change once more without a new `ctime`."""
_STALE = 50
"""The maximum number of differing files or folders; with more, everything is listed again."""

_MARSHAL_VERSION = 4
"""Every supported Python writes and reads this version."""
_SUM_BYTES = 4
_SIDE_BY_SIDE = 4000
"""Checking fewer files costs less than another process."""

Listing = dict[str, tuple[int, list[str], list[int], list[int]]]
"""Maps each folder to its `ctime` (0 if that is unreliable) and its log files: their names, sizes and mtimes when
they were read."""

_PORTION = 50_000
"""Files below one root. As many or more are checked in portions and not remembered, so that memory stays flat."""

_Folder = tuple[str, tuple[int, list[str], list[int], list[int]]]
_Seen = tuple[list[str], list[str]]
"""Files that differ from the remembered listing, and folders that must be listed again."""


class FoundSources(NamedTuple):
    """The log sources found at one location."""

    assistant: str
    location: Location
    changed: list[Source]
    """Sources that have changed since they were read."""
    files: int
    """The number of sources."""
    listing: Listing | None = None
    """The listing to remember once all of it is read."""
    rest: Iterator[list[Source]] | None = None
    """The remaining changed sources, a portion at a time, if there are very many."""
    problem: str = ""
    """The reason why not all sources were found, as a sentence."""


def look_for_logs(ledger: Ledger | None, environ: Mapping[str, str], roots: Iterable[str] = ()) -> list[FoundSources]:
    """Find everything new in all logs; without a ledger, everything. `roots` are the worktrees whose root folders
    may hold logs."""
    found = [one for reader in readers_of_used(environ) for one in _look_of(ledger, reader, environ)]
    found.extend(_look_in(ledger, roots))
    if ledger is not None:
        found = [_without_purged(ledger, one) for one in found]
    return found + [
        _broken(f"The reader {one.target} of the package {one.package} cannot be used: {one.reason}.")
        for one in broken_readers()
    ]


def _without_purged(ledger: Ledger, found: FoundSources) -> FoundSources:
    """The result without unchanged sources whose usage was purged completely. The listing would name them, so it is
    not remembered."""
    purged = _purged(ledger, found.assistant, found.changed)
    if not purged:
        return found
    return found._replace(changed=[one for one in found.changed if one.path not in purged], listing=None)


def _purged(ledger: Ledger, assistant: str, sources: Sequence[Source]) -> set[str]:
    """The paths of unchanged sources whose usage was purged completely."""
    record = open_purge_record(ledger.path.parent) if sources else None
    if record is None:
        return set()
    with record:
        return record.unchanged_among(assistant, sources)


def _broken(problem: str) -> FoundSources:
    return FoundSources("", Location("", "file"), [], 0, problem=problem)


def _look_of(ledger: Ledger | None, reader: Reader, environ: Mapping[str, str]) -> Iterator[FoundSources]:
    """Ask one reader for its sources; a reader that fails stops no other."""
    where = "anywhere"
    try:
        for location in _distinct(reader.locations(environ)):
            where = f"at {location.path}"
            yield (_look_below if location.kind == "folder" else _look_at)(ledger, reader, location)
    except Exception as error:
        if not is_of_records(error):
            raise
        yield _broken(f"The reader {reader.name} failed while looking for logs {where} ({told_as(error)}).")


def _look_in(ledger: Ledger | None, roots: Iterable[str]) -> Iterator[FoundSources]:
    """Find the logs in the root folders of worktrees."""
    for root in dict.fromkeys(roots):
        for name, assistant in IN_WORKTREES.items():
            path = os.path.join(root, name)
            if os.path.isfile(path) and not _is_of_the_repository(root, name):
                yield _look_at(ledger, reader_named(assistant), Location(path, "file"))


def _is_of_the_repository(root: str, name: str) -> bool:
    """Whether a log in the root folder of a worktree came with the repository, so that it may be anybody's."""
    worktree = find_worktree(root)
    return worktree is None or is_tracked(worktree, name, hash_bytes(read_config(worktree.common_dir)))


def _distinct(locations: Iterable[Location]) -> Iterator[Location]:
    """Each place once, also if one is a link to another."""
    seen: set[object] = set()
    for location in locations:
        try:
            status = os.stat(location.path)
        except (OSError, ValueError):
            identity: object = location
        else:
            identity = location.kind, status.st_dev, status.st_ino
        if identity not in seen:
            seen.add(identity)
            yield location


def _look_at(ledger: Ledger | None, reader: Reader, location: Location) -> FoundSources:
    """Check a file or store that is a source by itself; its reader determines its present state."""
    there = [source for source in reader.discover(location) if is_source(source)]
    unread = [source for source in there if not (ledger and _is_read(ledger, reader.name, source))]
    return FoundSources(reader.name, location, unread, len(there))


def jobs_of(ledger: Ledger | None, looks: Sequence[FoundSources]) -> list[Job]:
    """The sources to read, and the cursors to read them from; without the `rest` of each location."""
    return [_job(ledger, found.assistant, file) for found in looks for file in found.changed]


def jobs_of_rest(ledger: Ledger, looks: Sequence[FoundSources]) -> Iterator[tuple[int, list[Job]]]:
    """For each portion of the rest, the number of its files and the jobs."""
    for found in looks:
        for files in found.rest or ():
            unread = [file for file in files if not _is_read(ledger, found.assistant, file)]
            purged = _purged(ledger, found.assistant, unread)
            unread = [file for file in unread if file.path not in purged]
            yield len(files), [_job(ledger, found.assistant, file) for file in unread]


def _job(ledger: Ledger | None, assistant: str, source: Source) -> Job:
    known = read_of(ledger, assistant, source.path) if ledger else None
    return Job(assistant, source, known.cursor or None, known.position) if known else Job(assistant, source, None)


def _look_below(ledger: Ledger | None, reader: Reader, location: Location) -> FoundSources:
    """The files below a folder, from the remembered listing where it is still valid, else from a new one."""
    known = _unpacked(listing_of(ledger, reader.name, location.path)) if ledger else None
    if ledger and known:
        files, moved = _compared(location.path, known)
        if max(len(files), len(moved)) <= _STALE:
            found = _looked_again(ledger, reader, location, known, (files, moved))
            if found is not None:
                return found
    folders = _folders(location.path)  # before the files: one created meanwhile changes its folder's `ctime`
    portions = _portions(reader, location)
    files = next(portions)
    if len(files) == _PORTION:
        unread = [file for file in files if not (ledger and _is_read(ledger, reader.name, file))]
        return FoundSources(reader.name, location, unread, len(files), rest=portions)
    sizes = sizes_read(ledger, reader.name) if ledger and files else {}
    return FoundSources(
        reader.name, location, changed(files, sizes), len(files), _listing(folders, files) if files else None
    )


def _portions(reader: Reader, location: Location) -> Iterator[list[Source]]:
    """All files below a root, in portions; entries that cannot be logs are skipped."""
    files = (file for file in reader.discover(location) if is_source(file))
    while portion := list(islice(files, _PORTION)):
        yield portion
        if len(portion) < _PORTION:
            return
    yield []


def _looked_again(
    ledger: Ledger, reader: Reader, location: Location, known: Listing, seen: _Seen
) -> FoundSources | None:
    """The changed sources if only some folders have changed; `None` if that cannot be determined."""
    paths, moved = seen
    try:
        files = {path: file_source(path, os.stat(path)) for path in paths}
    except OSError:
        return None
    listing = dict(known)
    for folder in _topmost(moved):
        before = {one: listing.pop(one) for one in known if one == folder or one.startswith(f"{folder}/")}
        folders = _folders(folder)
        there = next(_portions(reader, Location(folder)))
        part = _listing(folders, there) if len(there) < _PORTION else None
        if part is None or any(os.path.islink(one) for one in part.keys() - before.keys()):
            return None  # the target of a new link may be known under another name
        listing |= part
        files |= {file.path: file for file in changed(there, _sizes(before))}
    changed_files = [file for file in files.values() if not _is_read(ledger, reader.name, file)]
    # Not with a folder that has changed within seconds: its time is not remembered, so it would be listed again anyway.
    is_worth = bool(moved) and all(listing[one][0] for one in moved if one in listing)
    count = sum(len(names) for _, names, *_ in listing.values())
    return FoundSources(reader.name, location, changed_files, count, listing if is_worth else None)


def _topmost(folders: Sequence[str]) -> list[str]:
    found: list[str] = []
    for folder in sorted(folders):
        if not any(folder.startswith(f"{one}/") for one in found):
            found.append(folder)
    return found


def _sizes(listing: Listing) -> dict[str, tuple[int, int]]:
    """Size and mtime of each file when it was read."""
    return {
        f"{folder}/{name}": (size, mtime_ns)
        for folder, (_, *files) in listing.items()
        for name, size, mtime_ns in zip(*files, strict=True)
    }


def remember(ledger: Ledger, found: FoundSources) -> None:
    """Remember the listing of a root if everything found there was read, or all but a few files, which are tried
    again. Code that makes the ledger read a file again must forget the listing too."""
    # A listing names files, so one with purged sources would keep what the purge has deleted.
    if found.listing is None or _purged(ledger, found.assistant, found.changed):
        return
    unread = _unread(ledger, found)
    if len(unread) > _STALE:
        return
    for file in unread:
        folder, _, name = file.path.rpartition("/")
        _, names, _, mtimes = found.listing[folder]
        mtimes[names.index(name)] = UNFINISHED
    with suppress(LedgerUnavailable), ledger.transaction():  # another process may be writing; the listing can wait
        record_listing(ledger, found.assistant, found.location.path, _packed(found.listing))


def _unread(ledger: Ledger, found: FoundSources) -> list[Source]:
    if len(found.changed) <= _STALE:
        return [file for file in found.changed if not _is_read(ledger, found.assistant, file)]
    return changed(found.changed, sizes_read(ledger, found.assistant))


def _packed(listing: Listing) -> bytes:
    """Packed by `marshal`, which reads ten thousand names in a fifth of JSON's time, but does not validate its
    input: the checksum in front detects what a failing disk changed."""
    data = marshal.dumps(listing, _MARSHAL_VERSION)
    return crc32(data).to_bytes(_SUM_BYTES, "little") + data


def _unpacked(data: bytes | None) -> Listing | None:
    if data is None or len(data) <= _SUM_BYTES:
        return None
    rest = memoryview(data)[_SUM_BYTES:]
    return marshal.loads(rest) if crc32(rest) == int.from_bytes(data[:_SUM_BYTES], "little") else None


def _compared(root: str, known: Listing) -> _Seen:
    folders = list(known.items())
    count = sum(len(files[0]) for _, (_, *files) in folders)
    with _opened(root) as number:
        if count < _SIDE_BY_SIDE or not can_fork() or (os.cpu_count() or 1) < 2:
            return _changed_below(root, number, folders)
        # Half of the time of `tokcost log` on 10 GB of logs goes into asking for these times, which two processes
        # share.
        ours, theirs = _halves(folders, count)
        with forked(lambda _: [marshal.dumps(_changed_below(root, number, theirs))], 1, 1) as told:
            files, moved = _changed_below(root, number, ours)
            others = marshal.loads(next(told))
    return files + others[0], moved + others[1]


@contextmanager
def _opened(root: str) -> Generator[int | None]:
    """The opened root, so that the path to it is resolved once and not for each of thousands of files; `None` if it
    cannot be opened."""
    number: int | None = None
    if os.stat in os.supports_dir_fd:
        # From an open folder the path of each file is two names long: a look at 1 GB of logs takes 3.0 to 3.7 ms of a
        # processor instead of 4.0 to 4.2.
        with suppress(OSError):
            number = os.open(root, getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY)
    try:
        yield number
    finally:
        if number is not None:
            os.close(number)


def _halves(folders: list[_Folder], count: int) -> tuple[list[_Folder], list[_Folder]]:
    seen = 0
    for number, (_, (_, names, *_rest)) in enumerate(folders):
        seen += len(names)
        if 2 * seen >= count:
            return folders[: number + 1], folders[number + 1 :]
    return folders, []


def _changed_below(root: str, number: int | None, folders: list[_Folder]) -> _Seen:
    stat, found, moved = os.stat, list[str](), list[str]()
    above = f"{root}/"
    for folder, (ctime_ns, *files) in folders:
        from_there = folder.removeprefix(above) if number is not None else folder
        try:
            if stat(from_there, dir_fd=number).st_ctime_ns != ctime_ns:
                moved.append(folder)
                continue
            for name, size, mtime_ns in zip(*files, strict=True):
                status = stat(f"{from_there}/{name}", dir_fd=number)
                if status.st_mtime_ns != mtime_ns or status.st_size != size:
                    found.append(f"{folder}/{name}")
        except OSError:
            moved.append(folder)  # a file is gone, so the folder has changed
    return found, moved


def _is_read(ledger: Ledger, assistant: str, source: Source) -> bool:
    known = read_of(ledger, assistant, source.path)
    return known is not None and known.is_all_of(source)


def _folders(root: str) -> dict[str, int]:
    """Each folder below `root`, with its `ctime` before it was listed; empty if there are too many to remember."""
    found: dict[str, int] = {}
    walk = FolderWalk(root)
    for folder, status in walk:
        found[folder] = status.st_ctime_ns
        # The walk finds the folders below only as these entries are read.
        deque(walk.entries(folder), 0)
        if len(found) > _PORTION:
            return {}
    return found


def _listing(folders: Mapping[str, int], files: Sequence[Source]) -> Listing | None:
    """The listing; `None` if it is unreliable because a file is in an unknown folder."""
    settled = time.time_ns() - _SETTLED_NS
    listing: Listing = {
        folder: (ctime_ns if ctime_ns <= settled else 0, [], [], []) for folder, ctime_ns in folders.items()
    }
    for file in files:
        folder, _, name = file.path.rpartition("/")
        if folder not in listing:
            return None
        _, names, sizes, mtimes = listing[folder]
        names.append(name)
        sizes.append(file.size)
        mtimes.append(file.mtime_ns)
    return listing
