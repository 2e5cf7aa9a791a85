"""A second memory of claims, in the clone's own git folder.

The ledger can be lost: then its usage is read from the logs again, and without this nobody would know that it was
published already. Each record is one line of JSON between line ends, so that one that was cut off spoils no other. It
holds claim ids, published lines and identities of responses, and leaves the clone as little as the reflog does.
"""

import os
import re
import stat
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import BinaryIO, NamedTuple

from tokcost.files.foreign import require_answer
from tokcost.files.private import append_ours, is_ours, make_folders, open_own, rewrite_lines
from tokcost.ledger.claims import claims_named, has_claims, keys_claimed
from tokcost.ledger.open import Ledger
from tokcost.ledger.settings import record_setting, setting
from tokcost.model.claims import Claim, Remembered
from tokcost.model.trailer import MOST_VERSION, Line, format_line, read_token

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


class Held(NamedTuple):
    """A record of which all usage is in its claim already."""

    entry: Remembered
    """The record without its keys."""
    usage: int
    """The number of its keys."""
    end: int
    """The position behind it."""


def exists(common_dir: str) -> bool:
    """Whether anything was ever claimed with consent in this clone."""
    return os.path.exists(_path(common_dir))


def unread(ledger: Ledger, repository: int, common_dir: str) -> tuple[int, int]:
    """The span of bytes in a clone's journal that the ledger must still read; (0, 0) when it knows all of it.

    A ledger with claims of its own may lack some: one that was restored from a backup is older than the clone's memory.
    """
    known = setting(ledger, _READ.format(repository)) or ""
    is_known = not known.startswith(_ANEW) and has_claims(ledger, repository)
    try:
        size = os.stat(_path(common_dir)).st_size
    except OSError:
        return 0, 0
    offset = known.removeprefix(_ANEW).strip()
    start = int(offset) if offset.isdigit() and int(offset) <= size else 0
    if is_known and (start == size or _knows_all(ledger, repository, common_dir, start)):
        return 0, 0
    return start, size


def note_size(ledger: Ledger, repository: int, common_dir: str) -> None:
    """Remember that the ledger knows all that a clone remembers now. Part of the caller's transaction, in which nothing
    was unread."""
    known = setting(ledger, _READ.format(repository)) or ""
    with suppress(OSError):
        size = str(os.stat(_path(common_dir)).st_size)
        if known != size and not known.startswith(_ANEW):
            record_setting(ledger, _READ.format(repository), size)


_HEAD = re.compile(rb'\["([0-9a-z]{12})",([0-9]{1,9}),"(")?')
"""The beginning of a record: its claim, its version, and whether it has no line."""
_WITHHELD_END = b",true]\n"


def _knows_all(ledger: Ledger, repository: int, common_dir: str, start: int) -> bool:
    """Whether the ledger has the claims and versions of all records from somewhere on. Usage that joined a version
    later is not looked up: it counts as unknown."""
    stream = _open(common_dir)
    if stream is None:
        return True
    wanted, withheld = dict[str, int](), set[str]()
    with _answered(common_dir), stream:
        stream.seek(start)
        while line := stream.readline(_MOST_CHARACTERS):
            head = _HEAD.match(line)
            if head is None:
                continue
            name, version, is_withheld = head[1].decode(), int(head[2]), line.endswith(_WITHHELD_END)
            if version and head[3] and not is_withheld:
                return False
            wanted[name] = max(version, wanted.get(name, 0))
            if is_withheld:
                withheld.add(name)
    found = {one.name: one for one in claims_named(ledger, repository, wanted)}
    return all(
        name in found and found[name].version >= version and (name not in withheld or found[name].fate)
        for name, version in wanted.items()
    )


def read_anew(ledger: Ledger, repository: int) -> None:
    """Have the whole journal read once more, also beside claims that are known: usage may come that they hold. Part of
    the caller's transaction."""
    record_setting(ledger, _READ.format(repository), _ANEW)


def go_on(ledger: Ledger, repository: int, start: int) -> None:
    """Have the journal read from a position on, also beside claims that are known. Part of the caller's transaction."""
    record_setting(ledger, _READ.format(repository), f"{_ANEW} {start}")


def versions(ledger: Ledger, lines: Iterable[Line]) -> list[Remembered]:
    """New versions of claims, as they stand in the ledger."""
    return [
        Remembered(line.id, line.version, format_line(line), keys_claimed(ledger, line.id, line.version))
        for line in lines
    ]


def withheld(ledger: Ledger, claim: Claim) -> Remembered:
    """The newest version of a claim that its owner keeps, as it stands in the ledger."""
    return Remembered(claim.name, claim.version, "", keys_claimed(ledger, claim.name, claim.version), True)


def withheld_line(name: str) -> Remembered:
    """A claim whose line its owner took out of a message: its usage is recorded already."""
    return Remembered(name, 0, "", [], True)


def write(common_dir: str, entries: Iterable[Remembered]) -> None:
    """Append records to a clone's journal, before anything of them is published. Raises `OSError`."""
    records = list(entries)
    if not records:
        return
    import json

    data = "".join(f"\n{json.dumps(entry, separators=(',', ':'))}\n" for entry in records).encode()
    path = _path(common_dir)
    make_folders(os.path.dirname(path))
    append_ours(path, data)


def restore(
    ledger: Ledger,
    repository: int,
    common_dir: str,
    most: int | None = None,
    held: Mapping[int, Held] | None = None,
) -> bool:
    """Give a ledger the claims that a clone remembers, as far as that is unread; whether there was anything. Part of
    the caller's transaction, after all logs were read. What is known already stays, and what the ledger has no usage of
    is passed over and not read again. With `most`, no more than about that many bytes: the next call continues there.
    `held` has records, by where they begin, of which all usage is bound."""
    start, end = unread(ledger, repository, common_dir)
    if start == end:
        return False
    held = held or {}
    is_new = (setting(ledger, _READ.format(repository)) or "").startswith(_ANEW) or not has_claims(ledger, repository)
    from tokcost.ledger.restoring import Restoring  # ledgers are seldom lost

    restoring, stopped, known = Restoring(ledger, repository), start, 0
    for entry, ended in read(common_dir, start, held):
        begun, stopped = stopped, ended
        if begun in held:
            known += stopped - begun
        if entry is not None and (is_new or _is_news(ledger, repository, entry)):
            restoring.take(entry, held[begun].usage if begun in held else 0)
        if most is not None and stopped - start - known >= most:
            break
    else:
        stopped = end
    record_setting(ledger, _READ.format(repository), str(end) if stopped >= end else f"{_ANEW} {stopped}")
    return restoring.write()


def _is_news(ledger: Ledger, repository: int, entry: Remembered) -> bool:
    """Whether a ledger with claims lacks what a record says. Other people's records stand in between where several
    homes work in one clone: what of ours is known must not be taken for restored because of them."""
    known = next(iter(claims_named(ledger, repository, [entry.claim])), None)
    if known is None or entry.version > known.version:
        return True
    if entry.joins:
        return not set(entry.keys) <= set(keys_claimed(ledger, entry.claim, entry.version))
    return entry.withheld and not known.fate


def read(
    common_dir: str, start: int, held: Mapping[int, Held] | None = None
) -> Iterator[tuple[Remembered | None, int]]:
    """All records from somewhere on, each with where it ends; `None` for lines that are none. Lines are read one by
    one: together they may be large. Records in `held` are not read again."""
    import msgspec

    decode = msgspec.json.Decoder(_Record).decode
    stream = _open(common_dir)
    if stream is None:
        return
    with _answered(common_dir), stream:
        stream.seek(start)
        end = start
        # What is longer comes in pieces, none of which is JSON.
        while True:
            if held and (known := held.get(end)) is not None:
                end = stream.seek(known.end)
                yield known.entry, end
                continue
            line = stream.readline(_MOST_CHARACTERS)
            if not line:
                break
            end, entry = end + len(line), None
            with suppress(ValueError, TypeError, RecursionError, OverflowError):
                try:
                    entry = _bounded(Remembered(*decode(line)))
                except (msgspec.DecodeError, ValueError):
                    entry = _lenient(line)
            yield entry, end


PurgedAmong = Callable[[list[tuple[str, str]]], set[tuple[str, str]]]
"""Tells which of some usage, pairs of assistant and key, was purged."""


def purge(common_dir: str, purged_among: PurgedAmong) -> None:
    """Take purged usage out of all records. Nothing is left of a claim that held nothing else. What is left of others
    counts as withheld, and their lines go: they say how much was purged. Raises `OSError`."""
    touched, left = set[str](), set[str]()
    for entry, _ in read(common_dir, 0):
        if entry is not None and entry.keys:
            gone = purged_among(entry.keys)
            if gone:
                touched.add(entry.claim)
            if len(gone) < len(set(entry.keys)):
                left.add(entry.claim)
    if touched:
        rewrite_lines(_path(common_dir), lambda record: _without(record, touched, left, purged_among))


def _without(record: bytes, touched: set[str], left: set[str], purged_among: PurgedAmong) -> bytes:
    """A record as it is after a purge; nothing where nothing is left of its claim, or it is no record."""
    import json

    try:
        entry = _lenient(record)
    except (ValueError, TypeError, RecursionError, OverflowError):
        return b"\n" if not record.strip() else b""
    if entry.claim not in touched:
        return record
    if entry.claim not in left:
        return b""
    gone = purged_among(entry.keys)
    # Also without keys: usage that joined this version later has it to be known.
    keys = [one for one in entry.keys if one not in gone]
    closed = Remembered(entry.claim, entry.version, "", keys, not entry.joins)
    return json.dumps(closed, separators=(",", ":")).encode() + b"\n"


def reread_after_purge(ledger: Ledger, repository: int) -> None:
    """Have a journal that was rewritten by a purge read anew where it was being read: its positions are others now.
    Part of the caller's transaction."""
    if (setting(ledger, _READ.format(repository)) or "").startswith(_ANEW):
        read_anew(ledger, repository)


@contextmanager
def _answered(common_dir: str) -> Generator[None]:
    """Raises `DiskFailed` where the journal is there and cannot be read: what it remembers would be published again."""
    try:
        yield
    except OSError as error:
        require_answer(error, _path(common_dir))


def _open(common_dir: str) -> BinaryIO | None:
    """The journal, if there is one. Raises `DiskFailed`."""
    path = _path(common_dir)
    with _answered(common_dir):
        return open_own(path)
    return None


def _path(common_dir: str) -> str:
    """Our journal. Each user who works in a clone has one: usage is in the ledger of whoever spent it."""
    path = os.path.join(common_dir, FILE)
    for one in (os.path.dirname(path), path):
        with suppress(OSError):
            status = os.lstat(one)
            if not is_ours(status) or stat.S_ISLNK(status.st_mode):
                return os.path.join(common_dir, _FILE_BESIDE.format(os.geteuid()))
    return path


_Record = tuple[str, int, str, list[tuple[str, str]], bool]
"""A record as it is written."""


def _lenient(record: bytes) -> Remembered:
    """The same of a record whose bytes or types are not what we write. Raises `ValueError` or `TypeError` for
    what is none."""
    import json

    claim, version, line, keys, withheld = json.loads(record.decode("utf-8", "replace"))
    if type(version) is not int:
        raise TypeError("no version")
    keys = [(str(one), str(other)) for one, other in keys]
    return _bounded(Remembered(claim, version, str(line), keys, bool(withheld)))


def _bounded(entry: Remembered) -> Remembered:
    if not 0 <= entry.version <= MOST_VERSION or read_token(str(entry.claim)) != (entry.claim, 1):
        raise ValueError("no claim, or no version of one")
    return entry
