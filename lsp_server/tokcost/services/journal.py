"""A second memory of claims, in the clone's own git folder.

The ledger can be lost: then its usage is read from the logs again, and without this nobody would know that it was
published already. Each record is one line of JSON between line ends, so that one that was cut off spoils no other. It
holds claim ids, published lines and identities of responses, and leaves the clone as little as the reflog does.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from tokcost.ledger.claims import has_claims, keys_claimed
from tokcost.ledger.open import Ledger
from tokcost.ledger.prices import record_setting, setting
from tokcost.ledger.restoring import Remembered as Entry
from tokcost.ledger.restoring import Restoring
from tokcost.model.trailer import Line, format_line

FILE = os.path.join("tokcost", "claims")


LARGE_BYTES = 500_000
"""To restore as much takes as long as a commit may wait."""
_READ = "claims read {}"
"""The setting that says how far the journal of a repository was read."""
_ANEW = "anew"


def exists(common_dir: str) -> bool:
    """Whether anything was ever claimed with consent in this clone."""
    return os.path.exists(os.path.join(common_dir, FILE))


def unread(ledger: Ledger, repository: int, common_dir: str) -> tuple[int, int]:
    """From where to where the ledger must still read what a clone remembers, in bytes; nowhere when it knows claims of
    its own."""
    known = setting(ledger, _READ.format(repository))
    if known != _ANEW and has_claims(ledger, repository):
        return 0, 0
    try:
        size = os.stat(os.path.join(common_dir, FILE)).st_size
    except OSError:
        return 0, 0
    return (int(known) if known and known.isdigit() and int(known) <= size else 0), size


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
    from tokcost.quick import to_json

    data = "".join(f"\n{to_json(entry)}\n" for entry in records).encode()
    path = os.path.join(common_dir, FILE)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(number, data)
    finally:
        os.close(number)


def restore(ledger: Ledger, repository: int, common_dir: str) -> bool:
    """Give a ledger the claims that a clone remembers, as far as that is unread; whether there was anything. Part of
    the caller's transaction, after all logs were read. What is known already stays."""
    start, end = unread(ledger, repository, common_dir)
    if start == end:
        return False
    restoring = Restoring(ledger, repository)
    for entry in _read(common_dir, start):
        restoring.take(entry)
    record_setting(ledger, _READ.format(repository), str(end))
    return restoring.write()


def _read(common_dir: str, start: int) -> Iterator[Entry]:
    """All records from somewhere on. Lines are read one by one: together they may be large."""
    from tokcost.quick import from_json

    with suppress(OSError), open(os.path.join(common_dir, FILE), "rb") as stream:
        stream.seek(start)
        for text in stream:
            with suppress(ValueError, TypeError):
                yield _entry(from_json(text))


def _entry(record: Any) -> Entry:
    """Raises `ValueError` or `TypeError` for what is none."""
    claim, version, line, keys, withheld = record
    return Entry(str(claim), int(version), str(line), [(str(one), str(other)) for one, other in keys], bool(withheld))
