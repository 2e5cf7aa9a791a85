"""A second record of claims, in the clone's git folder.

If the ledger is lost, its usage is read from the logs again, and without this journal nobody would know which usage was
published already. Each record is one line of JSON between line ends, so that a truncated record damages no other. The
journal holds claim ids, published lines and identities of responses. Like the reflog, it stays in the clone.
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
"""Used, with our user id, if the default location belongs to another user of this clone, or to root who worked in
it."""
_MOST_CHARACTERS = 1 << 24
"""The maximum size of a record: a commit claims at most 20,000 responses, each of which takes a hundred characters."""


LARGE_BYTES = 500_000
"""A size that takes as long to restore as a commit is allowed to wait."""
_READ = "claims read {}"
"""The setting that records how much of a repository's journal was read."""
_ANEW = "anew"
"""The prefix of that setting when the journal must be read again whatever claims are known; the previous offset
follows it."""


class BoundRecord(NamedTuple):
    """A record whose usage is bound completely."""

    entry: Remembered
    """The record without its keys."""
    usage: int
    """The number of its keys."""
    end: int
    """The offset behind it."""


def exists(common_dir: str) -> bool:
    """Whether anything was ever claimed with consent in this clone."""
    return os.path.exists(_path(common_dir))


def unread(ledger: Ledger, repository: int, common_dir: str) -> tuple[int, int]:
    """The span of bytes in a clone's journal that the ledger has not read yet; (0, 0) if it has read everything.

    A ledger that has claims may still lack some: one restored from a backup is older than the journal.
    """
    known = setting(ledger, _READ.format(repository)) or ""
    is_known = not known.startswith(_ANEW) and has_claims(ledger, repository)
    try:
        size = os.stat(_path(common_dir)).st_size
    except OSError:
        return 0, 0
    offset = known.removeprefix(_ANEW).strip()
    # A journal that is shorter than what was read of it was rewritten by a purge, or is another one.
    start = int(offset) if offset.isdigit() and int(offset) <= size else 0
    if is_known and (start == size or _knows_all(ledger, repository, common_dir, start)):
        return 0, 0
    return start, size


def note_size(ledger: Ledger, repository: int, common_dir: str) -> None:
    """Record that the ledger knows everything in the journal so far. Runs in the caller's transaction, in which
    nothing was unread."""
    known = setting(ledger, _READ.format(repository)) or ""
    with suppress(OSError):
        size = str(os.stat(_path(common_dir)).st_size)
        if known != size and not known.startswith(_ANEW):
            record_setting(ledger, _READ.format(repository), size)


_HEAD = re.compile(rb'\["([0-9a-z]{12})",([0-9]{1,9}),"(")?')
"""The beginning of a record: its claim, its version, and whether it has no line."""
_WITHHELD_END = b",true]\n"


def _knows_all(ledger: Ledger, repository: int, common_dir: str, start: int) -> bool:
    """Whether the ledger has the claims and versions of all records from an offset on.

    Usage that joined a version later is not looked up: it counts as unknown.
    """
    stream = _open(common_dir)
    if stream is None:
        return True
    wanted, withheld = dict[str, int](), set[str]()
    with _answered(common_dir), stream:
        stream.seek(start)
        while line := stream.readline(_MOST_CHARACTERS):
            # The keys behind it are not decoded: 20,000 responses of one claim are two megabytes of JSON.
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
    """Have the complete journal read again, also beside known claims, because usage of theirs may arrive. Runs in
    the caller's transaction."""
    record_setting(ledger, _READ.format(repository), _ANEW)


def go_on(ledger: Ledger, repository: int, start: int) -> None:
    """Have the journal read from an offset on, also beside known claims. Runs in the caller's transaction."""
    record_setting(ledger, _READ.format(repository), f"{_ANEW} {start}")


def versions(ledger: Ledger, lines: Iterable[Line]) -> list[Remembered]:
    """New versions of claims, as they are in the ledger."""
    return [
        Remembered(line.id, line.version, format_line(line), keys_claimed(ledger, line.id, line.version))
        for line in lines
    ]


def withheld_record(ledger: Ledger, claim: Claim) -> Remembered:
    """The newest version of a withheld claim, as it is in the ledger."""
    return Remembered(claim.name, claim.version, "", keys_claimed(ledger, claim.name, claim.version), True)


def removed_record(name: str) -> Remembered:
    """A claim whose owner removed its line from a message. Its usage is recorded already."""
    return Remembered(name, 0, "", [], True)


def write(common_dir: str, entries: Iterable[Remembered]) -> None:
    """Append records to a clone's journal, before any part of them is published. Raises `OSError`."""
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
    held: Mapping[int, BoundRecord] | None = None,
) -> bool:
    """Restore the claims of the unread part of a clone's journal in the ledger; returns whether there were any.

    Runs in the caller's transaction, after all logs were read. Known claims are left alone. Records without usage in
    the ledger are skipped and not read again. With `most`, about that many bytes are read, and the next call continues
    there. `held` are the records, by offset, whose usage is bound completely.
    """
    start, end = unread(ledger, repository, common_dir)
    if start == end:
        return False
    held = held or {}
    is_new = (setting(ledger, _READ.format(repository)) or "").startswith(_ANEW) or not has_claims(ledger, repository)
    from tokcost.ledger.restoring import Restoring  # ledgers are rarely lost

    restoring, stopped, known = Restoring(ledger, repository), start, 0
    for entry, ended in read(common_dir, start, held):
        begun, stopped = stopped, ended
        # The portion limits work, and records that the import has bound are only passed over.
        if begun in held:
            known += stopped - begun
        if entry is not None and (is_new or _is_news(ledger, repository, entry)):
            restoring.take(entry, held[begun].usage if begun in held else 0)
        if most is not None and stopped - start - known >= most:
            break
    else:
        stopped = end
    # Without the prefix, `unread` would take the rest for known as soon as the ledger has some claims.
    record_setting(ledger, _READ.format(repository), str(end) if stopped >= end else f"{_ANEW} {stopped}")
    return restoring.write()


def _is_news(ledger: Ledger, repository: int, entry: Remembered) -> bool:
    """Whether the ledger lacks part of a record.

    In a clone with several home directories, other people's records lie between ours. Without this check, known claims
    of ours would be taken for restored ones.
    """
    known = next(iter(claims_named(ledger, repository, [entry.claim])), None)
    if known is None or entry.version > known.version:
        return True
    if entry.joins:
        return not set(entry.keys) <= set(keys_claimed(ledger, entry.claim, entry.version))
    return entry.withheld and not known.fate


def read(
    common_dir: str, start: int, held: Mapping[int, BoundRecord] | None = None
) -> Iterator[tuple[Remembered | None, int]]:
    """All records from an offset on, each with its end; `None` for lines that are no records.

    Lines are read one at a time, because together they may be large. Records in `held` are not read again.
    """
    import msgspec

    decode = msgspec.json.Decoder(_Record).decode
    stream = _open(common_dir)
    if stream is None:
        return
    with _answered(common_dir), stream:
        stream.seek(start)
        end = start
        # Longer lines arrive in pieces, none of which is valid JSON.
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
"""A function that returns the purged ones among pairs of assistant and key."""


def purge(common_dir: str, purged_among: PurgedAmong) -> None:
    """Remove purged usage from all records.

    A claim without any other usage disappears. The rest of other claims counts as withheld, and their lines are
    removed, because they show how much was purged. Raises `OSError`.
    """
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
    """A record after a purge; empty if nothing is left of its claim, or if it is no record."""
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
    # A record without keys stays too: usage that joined this version later refers to it.
    keys = [one for one in entry.keys if one not in gone]
    closed = Remembered(entry.claim, entry.version, "", keys, not entry.joins)
    return json.dumps(closed, separators=(",", ":")).encode() + b"\n"


def reread_after_purge(ledger: Ledger, repository: int) -> None:
    """Have a journal that a purge rewrote read again from its start where reading was in progress, because its
    offsets have changed. Runs in the caller's transaction."""
    if (setting(ledger, _READ.format(repository)) or "").startswith(_ANEW):
        read_anew(ledger, repository)


@contextmanager
def _answered(common_dir: str) -> Generator[None]:
    """Raises `DiskFailed` if the journal exists but cannot be read: its contents would be published again."""
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
    """Our journal. Each user who works in a clone has a separate journal, because usage is in the ledger of whoever
    spent it."""
    path = os.path.join(common_dir, FILE)
    for one in (os.path.dirname(path), path):
        with suppress(OSError):
            status = os.lstat(one)
            # Appending through a link would change the file behind it.
            if not is_ours(status) or stat.S_ISLNK(status.st_mode):
                return os.path.join(common_dir, _FILE_BESIDE.format(os.geteuid()))
    return path


_Record = tuple[str, int, str, list[tuple[str, str]], bool]
"""A record as it is written."""


def _lenient(record: bytes) -> Remembered:
    """A record from bytes or types that we do not write. Raises `ValueError` or `TypeError` if it is no record."""
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
