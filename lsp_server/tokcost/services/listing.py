"""Which log files are new or have changed, asking the file system as little as possible.

Of what a look at ten thousand logs takes, most is listing their folders. A folder whose `ctime` is what it was has the
entries that it had, so once nothing was new the ledger remembers all folders and files below a root; from then on each
is asked for its times alone, until a folder has changed.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tokcost.errors import LedgerUnavailable
from tokcost.ledger.open import Ledger
from tokcost.ledger.paths import kept
from tokcost.ledger.prices import record_setting, setting
from tokcost.ledger.sources import checkpoint_of, sizes_read
from tokcost.model.logs import LogFile
from tokcost.readers.base import Reader
from tokcost.readers.jsonl import log_file
from tokcost.services.scan import changed

_SETTLED_NS = 10 * 10**9
"""A folder that changed less than this before it was listed may change once more without a new time."""
_STALE = 50
"""So many files that are no longer as remembered are worth remembering anew."""

Listing = dict[str, tuple[int, list[str], list[int], list[int]]]
"""Folder to its `ctime` and its log files: their names, sizes and mtimes when they were read."""


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


def look_below(ledger: Ledger | None, reader: Reader, root: Path) -> Found:
    """The files below a root, by what is remembered if its folders are as they were, else by looking for them."""
    remembered = setting(ledger, _name(reader, root)) if ledger else None
    if ledger and remembered:
        found = _compared(json.loads(remembered))
        if found is not None and len(found[0]) <= _STALE:
            return Found(reader, root, [file for file in found[0] if not _is_read(ledger, file)], found[1])
    folders = _folders(os.fspath(root))  # before the files, so that one that is made meanwhile changes its folder
    files = list(reader.discover(root))
    known = sizes_read(ledger, reader.name) if ledger and files else {}
    return Found(reader, root, changed(files, known), len(files), _listing(folders, files))


def remember(ledger: Ledger, found: Found) -> None:
    """Remember what is below a root, if all that was found there has been read. Whatever makes the ledger read a file
    anew must forget this too."""
    if found.listing is None or changed(found.changed, sizes_read(ledger, found.reader.name)):
        return
    text = json.dumps(found.listing, separators=(",", ":"))
    with suppress(LedgerUnavailable), ledger.transaction():  # another process may be writing: then it is not urgent
        record_setting(ledger, _name(found.reader, found.root), text)


def _name(reader: Reader, root: Path) -> str:
    return f"listing: {reader.name} {kept(os.fspath(root))}"


def _compared(known: Listing) -> tuple[list[LogFile], int] | None:
    """The remembered files that have changed, and how many are remembered; `None` when a folder has changed."""
    stat, found, count = os.stat, list[LogFile](), 0
    try:
        for folder, (ctime_ns, *files) in known.items():
            if stat(folder).st_ctime_ns != ctime_ns:
                return None
            count += len(files[0])
            for name, size, mtime_ns in zip(*files, strict=True):
                path = f"{folder}/{name}"
                status = stat(path)
                if status.st_mtime_ns != mtime_ns or status.st_size != size:
                    found.append(log_file(path, status))
    except OSError:
        return None
    return found, count


def _is_read(ledger: Ledger, file: LogFile) -> bool:
    checkpoint = checkpoint_of(ledger, file.path)
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
    """`None` when it cannot be relied on: a folder that has only just changed, a file in a folder we do not know."""
    if not files or max(folders.values(), default=0) > time.time_ns() - _SETTLED_NS:
        return None
    listing: Listing = {folder: (ctime_ns, [], [], []) for folder, ctime_ns in folders.items()}
    for file in files:
        folder, _, name = file.path.rpartition("/")
        if folder not in listing:
            return None
        _, names, sizes, mtimes = listing[folder]
        names.append(name)
        sizes.append(file.size)
        mtimes.append(file.mtime_ns)
    return listing
