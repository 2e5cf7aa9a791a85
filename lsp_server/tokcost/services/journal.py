"""A second memory of claims, in the clone's own git folder.

The ledger can be lost: then its usage is read from the logs again, and without this nobody would know that it was
published already. Each record is one line of JSON between line ends, so that one that was cut off spoils no other. It
holds claim ids, published lines and identities of responses, and leaves the clone as little as the reflog does.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from tokcost.ledger.claims import (
    claim_keys,
    decide_fate,
    keys_claimed,
    names_known,
    new_claim,
    record_line,
    settle_rest,
    usage_known,
)
from tokcost.ledger.open import Ledger
from tokcost.model.trailer import MOST_VERSION, Line, format_line, read_message, read_token
from tokcost.private_files import append_ours, is_ours, make_folders, open_ours

FILE = os.path.join("tokcost", "claims")
_FILE_BESIDE = os.path.join("tokcost-{}", "claims")
"""Where the first place belongs to another user of this clone, or to root who worked in it; with our user number."""
_MOST_CHARACTERS = 1 << 24
"""Of one record: a commit claims 20,000 responses at most, and each takes a hundred characters here."""


class Entry(NamedTuple):
    """What became known of a claim."""

    claim: str
    version: int
    line: str
    """What the version says; empty when that was never said."""
    keys: list[tuple[str, str]]
    """The usage that came into this version: pairs of assistant and key."""
    withheld: bool = False


def exists(common_dir: str) -> bool:
    """Whether anything was ever claimed with consent in this clone."""
    return os.path.exists(_path(common_dir))


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


def restore(ledger: Ledger, repository: int, common_dir: str) -> bool:
    """Give a ledger that knows no claims of this clone what the clone remembers; whether there was anything. Part of
    the caller's transaction, after all logs were read."""
    entries = list(_read(common_dir))
    taken = names_known(ledger, {entry.claim for entry in entries})  # a copy of a clone has the claims of the original
    keys: dict[str, set[tuple[str, str]]] = {}
    for entry in entries:
        if entry.claim not in taken:
            keys.setdefault(entry.claim, set()).update(entry.keys)
    # What nothing is known of is another person's who works in this clone too, or its logs are gone.
    left = {name: len(wanted) - usage_known(ledger, repository, wanted) for name, wanted in keys.items()}
    claims = {name: new_claim(ledger, repository, name) for name, wanted in keys.items() if left[name] < len(wanted)}
    for entry in entries:
        claim = claims.get(entry.claim)
        if claim is None:
            continue
        if entry.version > claim.version:
            claims[entry.claim] = claim_keys(ledger, claim, entry.version, repository, entry.keys)
            said = (line for line in read_message(entry.line).lines if line[:2] == entry[:2])
            if line := next(said, None):
                record_line(ledger, claim.id, line)
        if entry.withheld:
            decide_fate(ledger, claim.id, "withheld")
    for name, claim in claims.items():
        if left[name]:
            settle_rest(ledger, claim.id)
    return bool(claims)


def _read(common_dir: str) -> Iterator[Entry]:
    import json

    stream = open_ours(_path(common_dir))
    if stream is None:
        return
    with suppress(OSError), stream:
        # What is longer comes in pieces, none of which is JSON.
        while line := stream.readline(_MOST_CHARACTERS):
            with suppress(ValueError, TypeError, RecursionError, OverflowError):
                yield _entry(json.loads(line.decode("utf-8", "replace")))


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
