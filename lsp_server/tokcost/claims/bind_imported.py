"""Binds newly imported usage to claims that a clone's journal already records.

After a lost ledger, all usage is read again. Writing a row together with its claim costs a fraction of changing
millions of rows afterwards. Usage that is not bound here (another process imported it, or this one was stopped) is
bound by `claim_journal.restore`, which skips everything that is bound already.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from struct import Struct

from tokcost.claims import claim_journal
from tokcost.claims.claim_journal import BoundRecord
from tokcost.ledger.open import Ledger
from tokcost.ledger.places import repositories
from tokcost.model.claims import Claim, Remembered
from tokcost.model.usage import Usage

MOST_KEYS = 5_000_000
MOST_RECORDS = 200_000
"""The number of journal entries kept in memory, some 100 MB; `restore` binds the rest afterwards."""

_BUCKETS = 1 << 16
_ENTRY = Struct("<qI")
"""One response: a 64-bit hash, and the number of its record. Among four million responses, the probability that any
two have the same hash is below one in a million."""
_ENTRY_BYTES = _ENTRY.size


class ImportedClaims:
    """The claims of new usage during an import. The journal of a clone is read when its first usage arrives."""

    def __init__(self, ledger: Ledger, *, binds: bool) -> None:
        """With `binds`, new usage is looked up in the journals, which may take as long as a commit is allowed to
        wait."""
        self._ledger, self._binds = ledger, binds
        self._journals: dict[int, _Journal] = {}

    def claim_of(self, repository: int, assistant: str, key: str) -> tuple[int, int] | None:
        """The claim (row id) and version that new usage belongs to; `None` if the journal does not record it.

        Runs in the caller's transaction, which ends with `committed` or `rolled_back`.
        """
        if not self._binds:
            return None
        journal = self._journals.get(repository)
        if journal is None:
            journal = self._journals[repository] = _Journal(self._ledger, repository)
        return journal.claim_of((assistant, key)) if journal.records else None

    def join(self, claim: Claim, repository: int, version: int, usage: Sequence[Usage]) -> None:
        """Record in the clone's journal that usage joined a version after its publication.

        The journal is written before the transaction commits: if the transaction is rolled back, the next import
        arrives at the same result. Usage bound without consent is in no journal.
        """
        common_dir = _common_dir(self._ledger, repository)
        if claim.fate != "bound" and claim_journal.exists(common_dir):
            keys = [(one.assistant, one.key) for one in usage]
            with suppress(OSError):
                claim_journal.write(common_dir, [Remembered(claim.name, version, "", keys)])

    def committed(self) -> None:
        """Count the bound usage, because the transaction has committed."""
        for journal in self._journals.values():
            journal.committed()

    def rolled_back(self) -> None:
        """Forget the bound usage and the claims created with it, because the transaction was rolled back."""
        for journal in self._journals.values():
            journal.rolled_back()

    def held(self, repository: int) -> Mapping[int, BoundRecord]:
        """The records of a repository's journal whose usage is bound completely, by their offsets."""
        journal = self._journals.get(repository)
        return dict(journal.held()) if journal else {}


def _common_dir(ledger: Ledger, repository: int) -> str:
    return next(one.common_dir for one in repositories(ledger) if one.id == repository)


class _Journal:
    """The unread part of a clone's journal, stored compactly."""

    def __init__(self, ledger: Ledger, repository: int) -> None:
        self.records: list[Remembered] = []
        """All records with usage, without their keys."""
        self._ledger, self._repository = ledger, repository
        self._usage = array("I")
        """The number of keys of each record."""
        self._found = array("I")
        """The number of bound keys of each record."""
        self._spans = array("Q")
        """The beginning and the end of each record."""
        self._buckets: list[bytearray] = []
        self._claims: dict[int, tuple[int, int] | None] = {}
        self._met: list[int] = []
        """The record of each usage that the current transaction binds."""
        common_dir = _common_dir(ledger, repository)
        self._start, end = claim_journal.unread(ledger, repository, common_dir)
        if self._start < end:
            self._read(common_dir)

    def claim_of(self, pair: tuple[str, str]) -> tuple[int, int] | None:
        """The claim and version of a response."""
        # Differs in every process, which is harmless: nothing of this outlives the import.
        hashed = hash(pair)
        entries = self._buckets[hashed % _BUCKETS]
        wanted = hashed.to_bytes(8, "little", signed=True)
        at = entries.find(wanted)
        # A match that does not begin an entry lies across two of them; -1 leaves a remainder too.
        while at % _ENTRY_BYTES:
            if at < 0:
                return None
            at = entries.find(wanted, at + 1)
        number: int = _ENTRY.unpack_from(entries, at)[1]
        self._met.append(number)
        if number not in self._claims:
            self._claims[number] = self._claim(*self.records[number][:2])
        return self._claims[number]

    def committed(self) -> None:
        """Count the usage of the current transaction as bound, because the transaction has committed."""
        for number in self._met:
            self._found[number] += 1
        self._met.clear()

    def rolled_back(self) -> None:
        """Forget the usage of the current transaction, because it was rolled back."""
        self._met.clear()
        # The rows of claims that this transaction created are gone, and SQLite may use their numbers again.
        self._claims.clear()

    def held(self) -> Iterator[tuple[int, BoundRecord]]:
        """All records whose usage is bound completely, each with its offset."""
        for number, (found, usage) in enumerate(zip(self._found, self._usage, strict=True)):
            if found == usage and self._claims.get(number):
                begin, end = self._spans[2 * number : 2 * number + 2]
                yield begin, BoundRecord(self.records[number], usage, end)

    def _claim(self, name: str, version: int) -> tuple[int, int] | None:
        from tokcost.ledger.restoring import claim_to_hold  # ledgers are rarely lost

        claim = claim_to_hold(self._ledger, self._repository, name)
        if claim is None:
            return None
        # The ledger has a claim from now on, after which the journal would count as known.
        claim_journal.go_on(self._ledger, self._repository, self._start)
        return claim, version

    def _read(self, common_dir: str) -> None:
        self._buckets = [bytearray() for _ in range(_BUCKETS)]
        newest: dict[str, int] = {}
        begin, keys = self._start, 0
        for entry, end in claim_journal.read(common_dir, begin):
            # The first record of a version defines it, together with the records of usage that joined it later.
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
