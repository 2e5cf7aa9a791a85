"""What must hold of claims at every moment, checked against git and the ledger after each step of a long story."""

import sqlite3
from contextlib import closing
from typing import NamedTuple

from support.hooked import Hooked
from tokcost.model.trailer import Line, highest, read_message

_ROWS = """
SELECT usage.id, name, claim_version, ifnull(fate, ''), tokens
FROM usage JOIN claim ON claim.id = usage.claim
"""
_OPEN = """
SELECT DISTINCT branch FROM usage_row LEFT JOIN claim ON claim.id = usage_row.claim
WHERE branch IS NOT NULL AND ifnull(fate, '') = '' AND claim_version > ifnull(carried, -1)
"""


class Held(NamedTuple):
    """One usage in a claim."""

    claim: str
    version: int
    fate: str
    tokens: int


class Invariants:
    """Remembers everything that was ever published, and where each usage was ever claimed."""

    def __init__(self, repo: Hooked) -> None:
        self._repo = repo
        self._said: dict[tuple[str, int], Line] = {}
        self._held: dict[int, Held] = {}

    def check(self, spent: int, *, may_withhold: bool = False, may_publish: bool = True) -> None:
        """Everything, after any step. `spent` is what was ever spent, in tokens; `may_withhold` when its owner took
        out lines, or may have; `may_publish` unless lines are switched off."""
        before = set(self._said)
        kept = self._repo.log().conservation
        assert kept.total[0] == spent, (kept, spent)
        carried = self._published()
        assert sum(line.tokens for line in carried) == kept.carried[0], (carried, kept)
        said = sum(line.cost or 0 for line in carried)
        assert abs(said - kept.carried[1]) <= 100_000 * len(carried), (carried, kept)
        assert may_publish or set(self._said) == before, "something was published although lines are off"
        self._check_partition(may_withhold)

    def open_branches(self) -> list[str]:
        """Branches with usage that is neither carried nor kept back."""
        with closing(self._ledger()) as db:
            return sorted(row[0] for row in db.execute(_OPEN))

    def estimated_in_lines(self) -> int:
        """Usage whose counts are estimated in claims that were, or may be, published."""
        query = "SELECT count(*) FROM usage JOIN claim ON claim.id = claim WHERE estimated = 1 AND fate IS NULL"
        with closing(self._ledger()) as db:
            return db.execute(query).fetchone()[0]

    def _published(self) -> list[Line]:
        """The join over all refs; on the way, whatever a reflog still remembers is compared with what was said."""
        git = self._repo.git
        for line in read_message(git("log", "--all", "--reflog", "--format=%B%n")).lines:
            before = self._said.setdefault((line.id, line.version), line)
            assert before == line, f"{line.token} was said twice: {before}, {line}"
        amounts: dict[str, tuple[int, int]] = {}
        for (name, version), line in sorted(self._said.items()):
            cost, tokens = amounts.get(name, (0, 0))
            assert (line.cost or 0) >= cost, f"{name}.{version} is below what it raises"
            assert line.tokens >= tokens, f"{name}.{version} is below what it raises"
            assert line.classes is not None
            assert line.classes.total == line.tokens
            amounts[name] = (line.cost or 0, line.tokens)
        return list(highest(read_message(git("log", "--all", "--format=%B%n")).lines).values())

    def _check_partition(self, may_withhold: bool) -> None:
        """A usage that was claimed stays in that claim and that version for ever, unless it was only bound here."""
        with closing(self._ledger()) as db:
            now = {row[0]: Held(*row[1:]) for row in db.execute(_ROWS)}
        kept_back = {number for number, one in now.items() if one.fate == "withheld"}
        kept_back -= {number for number, one in self._held.items() if one.fate in ("withheld", "bound")}
        assert may_withhold or not kept_back, f"usage {kept_back} is kept back, and nobody took out a line"
        for number, before in self._held.items():
            if before.fate != "bound":
                after = now.get(number)
                assert after is not None, f"usage {number} left its claim: {before}"
                assert after[:2] == before[:2], f"usage {number} is in two claims: {before}, {after}"
        self._held = now
        for (name, version), line in self._said.items():
            inside = sum(one.tokens for one in now.values() if one.claim == name and one.version <= version)
            assert inside == line.tokens, f"{line.token} says {line.tokens} and holds {inside}"

    def _ledger(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._repo.ledger_home}/ledger.db?mode=ro", uri=True)
