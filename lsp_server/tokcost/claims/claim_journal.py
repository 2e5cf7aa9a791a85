"""A second memory of claims, in the clone's own git folder.

The ledger can be lost: then its usage is read from the logs again, and without this nobody would know that it was
published already. Each record is one line of JSON between line ends, so that one that was cut off spoils no other. It
holds claim ids, published lines and identities of responses, and leaves the clone as little as the reflog does.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from tokcost.ledger.claims import has_claims, keys_claimed
from tokcost.ledger.open import Ledger
from tokcost.ledger.prices import record_setting, setting
from tokcost.ledger.restoring import Remembered as Entry
from tokcost.ledger.restoring import Restoring
from tokcost.model.trailer import MOST_VERSION, Line, format_line, read_token
from tokcost.private_files import append_ours, is_ours, make_folders, open_ours

FILE = os.path.join("tokcost", "claims")
_FILE_BESIDE = os.path.join("tokcost-{}", "claims")
"""Used, with our user number, where the first place belongs to another user of this clone, or to root who worked in
it."""
_MOST_CHARACTERS = 1 << 24
"""Of one record: a commit claims 20,000 responses at most, and each takes a hundred characters here."""


LARGE_BYTES = 500_000
"""To restore as much takes as long as a commit may wait."""
_READ = "claims read {}"
"""The setting that says how far the journal of a repository was read."""
_ANEW = "anew"
"""Begins that setting while the journal must be read whatever claims are known; behind it, how far it was."""


def exists(common_dir: str) -> bool:
    """Whether anything was ever claimed with consent in this clone."""
    return os.path.exists(_path(common_dir))


def unread(ledger: Ledger, repository: int, common_dir: str) -> tuple[int, int]:
    """From where to where the ledger must still read what a clone remembers, in bytes; nowhere when it knows claims of
    its own."""
    known = setting(ledger, _READ.format(repository)) or ""
    if not known.startswith(_ANEW) and has_claims(ledger, repository):
        return 0, 0
    try:
        size = os.stat(_path(common_dir)).st_size
    except OSError:
        return 0, 0
    offset = known.removeprefix(_ANEW).strip()
    return (int(offset) if offset.isdigit() and int(offset) <= size else 0), size


def read_anew(ledger: Ledger, repository: int) -> None:
    """Let all of it be read once more, also beside claims that are known: usage may come that they hold. Part of the
    caller's transaction."""
    record_setting(ledger, _READ.format(repository), _ANEW)


def versions(ledger: Ledger, lines: Iterable[Line]) -> list[Entry]:
    """New versions of claims, as they stand in the ledger."""
    return [
        Entry(line.id, line.version, format_line(line), keys_claimed(ledger, line.id, line.version)) for line in lines
    ]


def write(common_dir: str, entries: Iterable[Entry]) -> None:
    """Remember; before anything of it is published. Raises `OSError`."""
    records = list(entries)
    if not records:
        return
    import json

    data = "".join(f"\n{json.dumps(entry, separators=(',', ':'))}\n" for entry in records).encode()
    path = _path(common_dir)
    make_folders(os.path.dirname(path))
    append_ours(path, data)


def restore(ledger: Ledger, repository: int, common_dir: str, most: int | None = None) -> bool:
    """Give a ledger the claims that a clone remembers, as far as that is unread; whether there was anything. Part of
    the caller's transaction, after all logs were read. What is known already stays, and what the ledger has no usage of
    is passed over and not read again. With `most`, no more than about so many bytes: the next call goes on there."""
    start, end = unread(ledger, repository, common_dir)
    if start == end:
        return False
    restoring, stopped = Restoring(ledger, repository), end
    for entry, stopped in _read(common_dir, start):
        if entry is not None:
            restoring.take(entry)
        if most is not None and stopped - start >= most:
            break
    else:
        stopped = end
    record_setting(ledger, _READ.format(repository), str(end) if stopped >= end else f"{_ANEW} {stopped}")
    return restoring.write()


def _read(common_dir: str, start: int) -> Iterator[tuple[Entry | None, int]]:
    """All records from somewhere on, each with where it ends; `None` for lines that are none. Lines are read one by
    one: together they may be large."""
    import json

    stream = open_ours(_path(common_dir))
    if stream is None:
        return
    with suppress(OSError), stream:
        stream.seek(start)
        end = start
        # What is longer comes in pieces, none of which is JSON.
        while line := stream.readline(_MOST_CHARACTERS):
            end, entry = end + len(line), None
            with suppress(ValueError, TypeError, RecursionError, OverflowError):
                entry = _entry(json.loads(line.decode("utf-8", "replace")))
            yield entry, end


def _path(common_dir: str) -> str:
    """Our journal. Each user who works in a clone has one: usage is in the ledger of whoever spent it."""
    path = os.path.join(common_dir, FILE)
    for one in (os.path.dirname(path), path):
        with suppress(OSError):
            status = os.lstat(one)
            if not is_ours(status) or stat.S_ISLNK(status.st_mode):
                return os.path.join(common_dir, _FILE_BESIDE.format(os.geteuid()))
    return path


def _entry(record: Any) -> Entry:
    """Raises `ValueError` or `TypeError` for what is none."""
    claim, version, line, keys, withheld = record
    if type(version) is not int or not 0 <= version <= MOST_VERSION or read_token(str(claim)) != (claim, 1):
        raise ValueError("no claim, or no version of one")
    return Entry(claim, version, str(line), [(str(one), str(other)) for one, other in keys], bool(withheld))
