"""Sums per branch, kept beside the rows so that `tokcost log` need not add up a million of them.

Every change of a row passes its old and new state through `Rollup`, in the same transaction; `tokcost doctor` compares
the sums with the rows.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from tokcost.ledger.open import Ledger
from tokcost.ledger.rows import Entry

KEY = "repository, branch, assistant, model, evidence, kind, claim, claim_version"
SUMS = (
    "usage, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,"
    " list_cost, unpriced_tokens, lower_bound"
)
_GROUPED = """
SELECT ifnull(repository, 0), ifnull(branch, ''), assistant, model, evidence, kind, claim, claim_version, count(*),
  sum(input), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output), sum(reasoning),
  ifnull(sum(list_cost), 0),
  sum(iif(list_cost IS NULL, input + cache_read + cache_write_5m + cache_write_1h + output, 0)), sum(lower_bound),
  min(time_ms), max(time_ms)
FROM usage
"""
_BY_KEY = f"GROUP BY {', '.join(str(n + 1) for n in range(8))}"
_UPSERT = (
    f"INSERT INTO rollup VALUES ({', '.join('?' * 20)}) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in SUMS.split(", "))
    + ", first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms)"
)

Group = tuple[int, str, str, str, str, str, int, int]
Sums = tuple[int, ...]
"""What a row adds to each of `SUMS`, and its time."""


class Rollup:
    """Collects the changes of one transaction, then applies them."""

    def __init__(self) -> None:
        self._added: dict[Group, list[Sums]] = {}
        self._stale: set[Group] = set()

    def add(self, entry: Entry) -> None:
        """A new row."""
        self._added.setdefault(group(entry), []).append(_sums(entry))

    def change(self, old: Entry, new: Entry) -> None:
        """A row that is no longer what it was. Where it moved to another group, both are added up anew."""
        if group(old) != group(new) or old.usage.time_ms != new.usage.time_ms:
            self._stale.update((group(old), group(new)))
            return
        self.add(new)
        *sums, time_ms = _sums(old)
        self._added[group(new)].append((*(-value for value in sums), time_ms))

    def remove(self, entry: Entry) -> None:
        """A row that is gone."""
        self._stale.add(group(entry))

    def move(self, groups: Iterable[Group]) -> None:
        """Rows went from one group to another, without passing through here one by one."""
        self._stale.update(groups)

    def apply(self, ledger: Ledger) -> None:
        """Write the changes; part of the caller's transaction, after the rows were written."""
        added = ((*key, *_added_up(many)) for key, many in self._added.items() if key not in self._stale)
        ledger.db.executemany(_UPSERT, added)
        for key in self._stale:
            _recompute(ledger, key)
        self._added.clear()
        self._stale.clear()


_MANY, _ALL = 10**15, 2**62
"""Nano-dollars or tokens: what is far from any sum of 64 bits is not compared with all that there is."""


def require_room(ledger: Ledger, entries: Sequence[Entry]) -> None:
    """Raises `OverflowError` when the sums over all usage could not be kept in 64 bits with these entries: SQLite then
    answers with an error."""
    tokens = sum(entry.usage.tokens.total + entry.usage.tokens.reasoning for entry in entries)
    added = max(tokens, sum(entry.list_cost or 0 for entry in entries))
    if added > _MANY:
        kept = ledger.db.execute(
            "SELECT max(total(list_cost), total(input + cache_read + cache_write_5m + cache_write_1h + output"
            " + reasoning)) FROM rollup"
        ).fetchone()[0]
        if added + kept > _ALL:
            raise OverflowError("more than a ledger can add up")


def group(entry: Entry) -> Group:
    """The sum a row belongs to; no repository is 0, no branch is the empty string."""
    usage, repository, _, (branch, evidence), _, _, _, claim, version = entry
    return (repository or 0, branch or "", usage.assistant, usage.model, evidence, usage.kind, claim, version)


def _sums(entry: Entry) -> Sums:
    usage, cost = entry.usage, entry.list_cost
    tokens = usage.tokens
    return (1, *tokens, cost or 0, tokens.total if cost is None else 0, +usage.lower_bound, usage.time_ms)


def _added_up(many: list[Sums]) -> Sums:
    """The sums of some rows, their first and their last time."""
    *columns, times = zip(*many, strict=True)
    return (*map(sum, columns), min(times), max(times))


def disagreements(ledger: Ledger) -> list[Group]:
    """Groups whose kept sums differ from their rows: always empty, or there is a bug."""
    kept = {row[:8]: row[8:] for row in ledger.db.execute("SELECT * FROM rollup WHERE usage > 0")}
    true = {row[:8]: row[8:] for row in ledger.db.execute(f"{_GROUPED} {_BY_KEY}")}
    return sorted(key for key in kept.keys() | true.keys() if kept.get(key) != true.get(key))


def add_up_again(connection: sqlite3.Connection) -> None:
    """Make all kept sums anew from the rows; part of the caller's transaction."""
    connection.execute("DELETE FROM rollup")
    connection.execute(f"INSERT INTO rollup {_GROUPED} {_BY_KEY}")


def _recompute(ledger: Ledger, key: Group) -> None:
    repository, branch, *rest = key
    ledger.db.execute(f"DELETE FROM rollup WHERE ({KEY}) = (?, ?, ?, ?, ?, ?, ?, ?)", key)
    ledger.db.execute(
        f"INSERT INTO rollup {_GROUPED} WHERE repository IS ? AND branch IS ?"
        f" AND assistant = ? AND model = ? AND evidence = ? AND kind = ? AND claim = ? AND claim_version = ? {_BY_KEY}",
        (repository or None, branch or None, *rest),
    )
