"""Restores the claims of a clone's journal in a ledger: all of them at once, however many there are.

The assignment of usage to claims is first collected in a temporary table, then written in one pass over usage; sums are
recalculated once. Runs in the caller's transaction.
"""

from tokcost.ledger.claims import STAND_INS, new_claim, record_line, settle_rests
from tokcost.ledger.open import Ledger
from tokcost.ledger.rollup import KEY, Rollup
from tokcost.ledger.rows import SumKey
from tokcost.model.claims import Remembered
from tokcost.model.trailer import read_message


class _Claim:
    """A claim that is being restored."""

    def __init__(self, number: int, version: int, *, is_known: bool) -> None:
        self.number, self.version, self.is_known = number, version, is_known
        self.taken = 0
        """The newest version whose usage was taken."""
        self.said: list[str] = []
        self.withheld = False
        self.found = self.missing = 0
        """The number of its responses that the ledger has, and lacks."""


_WANTED = (
    "INSERT OR IGNORE INTO temp.restored SELECT usage.id, ?, ? FROM json_each(?) AS wanted"
    " CROSS JOIN usage ON usage.key = wanted.value AND usage.assistant = (SELECT id FROM assistant WHERE name = ?)"
    # The plus bars the index of places, which leads through all usage of a repository; SQLite may think it the better
    # one.
    " WHERE +usage.place IN (SELECT id FROM place WHERE repository = ?)"
)
_FREE = f"(usage.claim IS NULL OR usage.claim IN (SELECT id FROM claim WHERE name GLOB '{STAND_INS}'))"
_GROUPS = (
    f"SELECT DISTINCT {', '.join(f'usage.{name}' for name in KEY.split(', '))}"
    " FROM temp.restored CROSS JOIN usage ON usage.id = restored.usage"
)


class Restoring:
    """Takes all records of a journal, piece by piece, then writes them."""

    def __init__(self, ledger: Ledger, repository: int) -> None:
        self._ledger, self._repository = ledger, repository
        self._claims: dict[str, _Claim | None] = {}
        db = ledger.db
        # Numbers before rows: a claim of which no usage is found is never written (`write`).
        self._next = db.execute("SELECT ifnull(max(id), 0) + 1 FROM claim").fetchone()[0]
        db.execute("DROP TABLE IF EXISTS temp.restored")
        db.execute("CREATE TEMP TABLE restored (usage INTEGER PRIMARY KEY, claim INTEGER, version INTEGER)")

    def take(self, one: Remembered, held: int = 0) -> None:
        """Add a version of a claim, without its keys if all its usage is `held` already: the number of it.

        The first record of a version is valid. A claim of another repository here is skipped: a copied clone has the
        claims of the original in its journal.
        """
        claim = self._claim(one.claim)
        if claim is None:
            return
        if one.joins:
            if one.version <= claim.version:
                claim.found += held + self._want(claim.number, one)
            return
        claim.withheld = claim.withheld or one.withheld
        # A claim may be known, and lack usage that has been read since.
        is_more = claim.is_known and one.version > claim.taken and (one.keys or held)
        if one.version > claim.version or is_more:
            claim.version, claim.taken = max(claim.version, one.version), one.version
            found = self._want(claim.number, one)
            claim.found += found + held
            claim.missing += len(one.keys) - found
            claim.said.append(one.line)

    def write(self) -> bool:
        """Write everything; returns whether there was anything. Claims without any known usage belong to another
        person who works in this clone, or their logs are gone."""
        claims = {name: one for name, one in self._claims.items() if one is not None and (one.found or one.is_known)}
        self._record(claims)
        self._hold()
        settle_rests(self._ledger, [one.number for one in claims.values() if one.missing])
        self._ledger.db.execute("DROP TABLE temp.restored")
        return bool(claims)

    def _claim(self, name: str) -> _Claim | None:
        if name not in self._claims:
            query = "SELECT id, version, repository FROM claim WHERE name = ?"
            row = self._ledger.db.execute(query, (name,)).fetchone()
            if row is None:
                self._claims[name] = _Claim(self._next, 0, is_known=False)
                self._next += 1
            else:
                self._claims[name] = _Claim(*row[:2], is_known=True) if row[2] == self._repository else None
        return self._claims[name]

    def _want(self, number: int, one: Remembered) -> int:
        from json import dumps

        found = 0
        for assistant in dict.fromkeys(assistant for assistant, _ in one.keys):
            keys = dumps([key for other, key in one.keys if other == assistant])
            wanted = (number, one.version, keys, assistant, self._repository)
            found += self._ledger.db.execute(_WANTED, wanted).rowcount
        return found

    def _record(self, claims: dict[str, _Claim]) -> None:
        db = self._ledger.db
        db.executemany(
            "INSERT INTO claim (id, name, repository, version) VALUES (?, ?, ?, 0)",
            ((one.number, name, self._repository) for name, one in claims.items() if not one.is_known),
        )
        db.executemany(
            "UPDATE claim SET version = max(version, ?), fate = iif(?, 'withheld', fate) WHERE id = ?",
            ((one.version, one.withheld, one.number) for one in claims.values()),
        )
        for name, one in claims.items():
            for line in (line for text in one.said for line in read_message(text).lines if line.id == name):
                record_line(self._ledger, one.number, line, again=True)

    def _hold(self) -> None:
        """Put the usage into the claims, unless another claim holds it."""
        db, rollup = self._ledger.db, Rollup()
        db.execute("DELETE FROM temp.restored WHERE claim NOT IN (SELECT id FROM claim)")
        db.execute(
            "DELETE FROM temp.restored WHERE NOT EXISTS"
            f" (SELECT 1 FROM usage WHERE usage.id = restored.usage AND {_FREE})"
        )
        # Sums change where rows leave and where they arrive, so groups are read before and after the update.
        rollup.move([SumKey(*row) for row in db.execute(_GROUPS)])
        db.execute(
            "UPDATE usage SET (claim, claim_version) ="
            " (SELECT claim, version FROM temp.restored WHERE restored.usage = usage.id)"
            " WHERE id IN (SELECT usage FROM temp.restored)"
        )
        rollup.move([SumKey(*row) for row in db.execute(_GROUPS)])
        rollup.apply(self._ledger)
        db.execute(
            f"DELETE FROM claim WHERE name GLOB '{STAND_INS}' AND NOT EXISTS"
            " (SELECT 1 FROM rollup WHERE rollup.claim = claim.id)"
        )


def claim_to_hold(ledger: Ledger, repository: int, name: str) -> int | None:
    """The row id of a claim whose usage is being recorded, created if unknown; `None` if it belongs to another
    repository. Runs in the caller's transaction."""
    row = ledger.db.execute("SELECT id, repository FROM claim WHERE name = ?", (name,)).fetchone()
    if row is None:
        return new_claim(ledger, repository, name).id
    return row[0] if row[1] == repository else None
