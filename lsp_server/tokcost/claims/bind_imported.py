"""Usage that an import reads, and that a clone remembers as claimed: it is recorded with its claim at once.

A lost ledger reads all its usage again. Writing a row together with its claim costs a fraction of what changing
millions of rows afterwards does. Whatever is not met here (another process imported it, or this one was stopped) is
bound by `claim_journal.restore`, which passes over what is bound already.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from struct import Struct

from tokcost.claims import claim_journal
from tokcost.claims.claim_journal import Held
from tokcost.ledger.open import Ledger
from tokcost.ledger.places import repositories
from tokcost.model.claims import Claim, Remembered
from tokcost.model.usage import Usage

MOST_KEYS = 5_000_000
MOST_RECORDS = 200_000
"""The parts of a journal that are kept in memory, some 100 MB; the rest is bound afterwards."""

_BUCKETS = 1 << 16
_ENTRY = Struct("<qI")
"""Of one response: a hash of 64 bits, and the number of the record that has it. Among four million responses, the
chance that any two have the same hash is below one in a million."""
_ENTRY_BYTES = _ENTRY.size


class ImportedClaims:
    """Tells an import to which claim new usage belongs; the journal of a clone is read when its first usage comes."""

    def __init__(self, ledger: Ledger, *, binds: bool) -> None:
        """With `binds` new usage is looked up in the journals; reading them may take as long as a commit may wait."""
        self._ledger, self._binds = ledger, binds
        self._journals: dict[int, _Journal] = {}

    def claim_of(self, repository: int, assistant: str, key: str) -> tuple[int, int] | None:
        """The claim (row id) and the version of it that new usage belongs to; `None` when nothing is remembered of it.
        Part of the caller's transaction, which ends with `kept` or `undone`."""
        if not self._binds:
            return None
        journal = self._journals.get(repository)
        if journal is None:
            journal = self._journals[repository] = _Journal(self._ledger, repository)
        return journal.claim_of((assistant, key)) if journal.records else None

    def join(self, claim: Claim, repository: int, version: int, usage: Sequence[Usage]) -> None:
        """Have the clone remember usage that came into a version later. It is written before the transaction is: where
        that is undone, the next import comes to the same result. What is bound without consent no clone remembers."""
        common_dir = _common_dir(self._ledger, repository)
        if claim.fate != "bound" and claim_journal.exists(common_dir):
            keys = [(one.assistant, one.key) for one in usage]
            with suppress(OSError):
                claim_journal.write(common_dir, [Remembered(claim.name, version, "", keys)])

    def kept(self) -> None:
        """Count what was bound: the transaction is written."""
        for journal in self._journals.values():
            journal.kept()

    def undone(self) -> None:
        """Forget what was bound: the transaction was rolled back, and with it the claims that were made."""
        for journal in self._journals.values():
            journal.undone()

    def held(self, repository: int) -> Mapping[int, Held]:
        """The records of a repository's journal of which all usage is bound, by where they begin."""
        journal = self._journals.get(repository)
        return dict(journal.held()) if journal else {}


def _common_dir(ledger: Ledger, repository: int) -> str:
    return next(one.common_dir for one in repositories(ledger) if one.id == repository)


class _Journal:
    """The unread part of a clone's journal, in little memory."""

    def __init__(self, ledger: Ledger, repository: int) -> None:
        self.records: list[Remembered] = []
        """All records with usage, without their keys."""
        self._ledger, self._repository = ledger, repository
        self._usage = array("I")
        """The number of keys of each record."""
        self._found = array("I")
        """The number of those that are bound."""
        self._spans = array("Q")
        """The beginning and the end of each record."""
        self._buckets: list[bytearray] = []
        self._claims: dict[int, tuple[int, int] | None] = {}
        self._met: list[int] = []
        """The record of each usage that the present transaction binds."""
        common_dir = _common_dir(ledger, repository)
        self._start, end = claim_journal.unread(ledger, repository, common_dir)
        if self._start < end:
            self._read(common_dir)

    def claim_of(self, pair: tuple[str, str]) -> tuple[int, int] | None:
        """The claim and version that a response belongs to."""
        hashed = hash(pair)
        entries = self._buckets[hashed % _BUCKETS]
        wanted = hashed.to_bytes(8, "little", signed=True)
        at = entries.find(wanted)
        while at % _ENTRY_BYTES:
            if at < 0:
                return None
            at = entries.find(wanted, at + 1)
        number: int = _ENTRY.unpack_from(entries, at)[1]
        self._met.append(number)
        if number not in self._claims:
            self._claims[number] = self._claim(*self.records[number][:2])
        return self._claims[number]

    def kept(self) -> None:
        """Count what was met as bound: the transaction is written."""
        for number in self._met:
            self._found[number] += 1
        self._met.clear()

    def undone(self) -> None:
        """Forget what was met: the transaction was rolled back, and nothing of it is bound."""
        self._met.clear()
        self._claims.clear()

    def held(self) -> Iterator[tuple[int, Held]]:
        """All records of which all usage is bound, each with where it begins."""
        for number, (found, usage) in enumerate(zip(self._found, self._usage, strict=True)):
            if found == usage and self._claims.get(number):
                begin, end = self._spans[2 * number : 2 * number + 2]
                yield begin, Held(self.records[number], usage, end)

    def _claim(self, name: str, version: int) -> tuple[int, int] | None:
        from tokcost.ledger.restoring import claim_to_hold  # ledgers are seldom lost

        claim = claim_to_hold(self._ledger, self._repository, name)
        if claim is None:
            return None
        claim_journal.go_on(self._ledger, self._repository, self._start)
        return claim, version

    def _read(self, common_dir: str) -> None:
        self._buckets = [bytearray() for _ in range(_BUCKETS)]
        newest: dict[str, int] = {}
        begin, keys = self._start, 0
        for entry, end in claim_journal.read(common_dir, begin):
            # The first record of a version holds, and those of usage that joined it.
            told = newest.get(entry.claim, 0) if entry else 0
            if entry is not None and entry.keys and (entry.version <= told if entry.joins else entry.version > told):
                newest[entry.claim] = max(entry.version, told)
                self._add(entry, (begin, end))
                keys += len(entry.keys)
            begin = end
            if keys >= MOST_KEYS or len(self.records) >= MOST_RECORDS:
                break

    def _add(self, entry: Remembered, span: tuple[int, int]) -> None:
        number, buckets, pack = len(self.records), self._buckets, _ENTRY.pack
        self.records.append(entry._replace(keys=[]))
        self._usage.append(len(entry.keys))
        self._found.append(0)
        self._spans.extend(span)
        for hashed in map(hash, entry.keys):
            buckets[hashed % _BUCKETS] += pack(hashed, number)
