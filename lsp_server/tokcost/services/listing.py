"""Which log files are new or have changed, asking the file system as little as possible.

Of what a look at ten thousand logs takes, most is listing their folders. A folder whose `ctime` is what it was has the
entries that it had, so the ledger remembers all folders and files below a root once they were read; from then on each
is asked for its times alone, and only folders that have changed are listed again, with what is below them.
"""

import marshal
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from tokcost.errors import LedgerUnavailable
from tokcost.ledger.open import Ledger
from tokcost.ledger.sources import checkpoint_of, listing_of, record_listing, sizes_read
from tokcost.model.logs import LogFile
from tokcost.readers.base import Reader
from tokcost.readers.jsonl import log_file
from tokcost.readers.registry import readers
from tokcost.services.processes import forked
from tokcost.services.scan import Job, can_fork, changed

_SETTLED_NS = 10 * 10**9
"""A folder that changed less than this before it was listed may change once more without a new time."""
_STALE = 50
"""So many files or folders that are no longer as remembered are worth remembering anew."""

_MARSHAL_VERSION = 4
"""Every Python that we run on writes and reads this."""
_SUM_BYTES = 4
_SIDE_BY_SIDE = 4000
"""Asking for fewer files costs less than another process."""

Listing = dict[str, tuple[int, list[str], list[int], list[int]]]
"""Folder to its `ctime` (0 when that cannot be relied on) and its log files: their names, sizes and mtimes when they
were read."""

_Folder = tuple[str, tuple[int, list[str], list[int], list[int]]]
_Seen = tuple[list[str], list[str]]
"""Files that are not as remembered, and folders that must be listed again."""


class Found(NamedTuple):
    """What a look below the root of a reader's logs found."""

    reader: Reader
    root: Path
    changed: list[LogFile]
    """Files that are not as they were when they were read."""
    files: int
    """How many log files there are."""
    listing: Listing | None = None
    """What to remember once all of it is read."""


def look_for_logs(ledger: Ledger | None, environ: Mapping[str, str]) -> list[Found]:
    """What is new in all logs; without a ledger, everything."""
    return [_look_below(ledger, reader, root) for reader in readers() for root in dict.fromkeys(reader.roots(environ))]


def jobs_of(ledger: Ledger | None, looks: Sequence[Found]) -> list[Job]:
    """What is to be read, and from where on."""
    return [_job(ledger, found.reader.name, file) for found in looks for file in found.changed]


def _job(ledger: Ledger | None, assistant: str, file: LogFile) -> Job:
    checkpoint = checkpoint_of(ledger, assistant, file.path) if ledger else None
    return Job(assistant, file, checkpoint if checkpoint is not None and checkpoint.size >= 0 else None)


def _look_below(ledger: Ledger | None, reader: Reader, root: Path) -> Found:
    """The files below a root, by what is remembered where that still holds, else by looking for them."""
    known = _unpacked(listing_of(ledger, reader.name, os.fspath(root))) if ledger else None
    if ledger and known:
        files, moved = _compared(known)
        if max(len(files), len(moved)) <= _STALE:
            found = _looked_again(ledger, reader, root, known, (files, moved))
            if found is not None:
                return found
    folders = _folders(os.fspath(root))  # before the files, so that one that is made meanwhile changes its folder
    files = list(reader.discover(root))
    sizes = sizes_read(ledger, reader.name) if ledger and files else {}
    return Found(reader, root, changed(files, sizes), len(files), _listing(folders, files) if files else None)


def _looked_again(ledger: Ledger, reader: Reader, root: Path, known: Listing, seen: _Seen) -> Found | None:
    """What there is where only some folders have changed; `None` when that cannot be told."""
    paths, moved = seen
    try:
        files = {path: log_file(path, os.stat(path)) for path in paths}
    except OSError:
        return None
    listing = dict(known)
    for folder in _topmost(moved):
        before = {one: listing.pop(one) for one in known if one == folder or one.startswith(f"{folder}/")}
        folders = _folders(folder)
        there = list(reader.discover(Path(folder)))
        part = _listing(folders, there)
        if part is None:
            return None
        listing |= part
        files |= {file.path: file for file in changed(there, _sizes(before))}
    changed_files = [file for file in files.values() if not _is_read(ledger, reader.name, file)]
    is_worth = bool(moved) and all(listing[one][0] for one in moved if one in listing)
    count = sum(len(names) for _, names, *_ in listing.values())
    return Found(reader, root, changed_files, count, listing if is_worth else None)


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


def remember(ledger: Ledger, found: Found) -> None:
    """Remember what is below a root, if all that was found there has been read. Whatever makes the ledger read a file
    anew must forget this too."""
    if found.listing is None or not _are_read(ledger, found):
        return
    with suppress(LedgerUnavailable), ledger.transaction():  # another process may be writing: then it is not urgent
        record_listing(ledger, found.reader.name, os.fspath(found.root), _packed(found.listing))


def _are_read(ledger: Ledger, found: Found) -> bool:
    if len(found.changed) <= _STALE:
        return all(_is_read(ledger, found.reader.name, file) for file in found.changed)
    return not changed(found.changed, sizes_read(ledger, found.reader.name))


def _packed(listing: Listing) -> bytes:
    """For `marshal`, which reads ten thousand names in a fifth of the time that JSON takes, and believes what it reads:
    the sum in front tells what a failing disk changed."""
    data = marshal.dumps(listing, _MARSHAL_VERSION)
    return crc32(data).to_bytes(_SUM_BYTES, "little") + data


def _unpacked(data: bytes | None) -> Listing | None:
    if data is None or len(data) <= _SUM_BYTES:
        return None
    rest = memoryview(data)[_SUM_BYTES:]
    return marshal.loads(rest) if crc32(rest) == int.from_bytes(data[:_SUM_BYTES], "little") else None


def _compared(known: Listing) -> _Seen:
    folders = list(known.items())
    count = sum(len(files[0]) for _, (_, *files) in folders)
    if count < _SIDE_BY_SIDE or not can_fork() or (os.cpu_count() or 1) < 2:
        return _changed_below(folders)
    ours, theirs = _halves(folders, count)
    with forked(lambda _: marshal.dumps(_changed_below(theirs)), 1, 1) as told:
        files, moved = _changed_below(ours)
        others = marshal.loads(next(told))
    return files + others[0], moved + others[1]


def _halves(folders: list[_Folder], count: int) -> tuple[list[_Folder], list[_Folder]]:
    seen = 0
    for number, (_, (_, names, *_rest)) in enumerate(folders):
        seen += len(names)
        if 2 * seen >= count:
            return folders[: number + 1], folders[number + 1 :]
    return folders, []


def _changed_below(folders: list[_Folder]) -> _Seen:
    stat, found, moved = os.stat, list[str](), list[str]()
    for folder, (ctime_ns, *files) in folders:
        try:
            if stat(folder).st_ctime_ns != ctime_ns:
                moved.append(folder)
                continue
            for name, size, mtime_ns in zip(*files, strict=True):
                status = stat(f"{folder}/{name}")
                if status.st_mtime_ns != mtime_ns or status.st_size != size:
                    found.append(f"{folder}/{name}")
        except OSError:
            moved.append(folder)
    return found, moved


def _is_read(ledger: Ledger, assistant: str, file: LogFile) -> bool:
    checkpoint = checkpoint_of(ledger, assistant, file.path)
    return checkpoint is not None and (checkpoint.size, checkpoint.mtime_ns) == (file.size, file.mtime_ns)


def _folders(root: str) -> dict[str, int]:
    """Each folder below `root` and its `ctime` before it was listed."""
    found: dict[str, int] = {}
    pending = [root]
    while pending:
        folder = pending.pop()
        try:
            found[folder] = os.stat(folder).st_ctime_ns
            with os.scandir(folder) as entries:
                pending.extend(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
        except OSError:
            continue
    return found


def _listing(folders: Mapping[str, int], files: Sequence[LogFile]) -> Listing | None:
    """`None` when it cannot be relied on: a file in a folder we do not know."""
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
