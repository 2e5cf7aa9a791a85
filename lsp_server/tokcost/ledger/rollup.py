"""Sums per branch, stored beside the rows so that `tokcost log` need not add up a million of them.

Every change of a row passes its old and new state through `Rollup`, in the same transaction; `tokcost doctor` compares
the sums with the rows.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from tokcost.ledger.open import Ledger
from tokcost.ledger.rows import Entry, Stored, SumKey

KEY = "place, series, claim, claim_version"
SUMS = (
    "usage, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,"
    " list_cost, unpriced_tokens, lower_bound"
)
_COLUMNS = f"{KEY}, {SUMS}, first_ms, last_ms"
_GROUPED = """
SELECT place, series, claim, claim_version, count(*), sum(input), sum(cache_read), sum(cache_write_5m),
  sum(cache_write_1h), sum(output), sum(reasoning), ifnull(sum(list_cost), 0),
  sum(iif(list_cost IS NULL, tokens, 0)), sum(lower_bound), min(time_ms), max(time_ms)
FROM usage
"""
_BY_KEY = f"GROUP BY {KEY}"
_UPSERT = (
    f"INSERT INTO rollup ({_COLUMNS}) VALUES ({', '.join('?' * 16)})"
    # The expressions of the unique index `rollup_group`; two NULLs would never conflict.
    " ON CONFLICT (place, series, ifnull(claim, 0), ifnull(claim_version, 0)) DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in SUMS.split(", "))
    + ", first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms)"
)

Sums = tuple[int, ...]
"""The values that a row adds to each of `SUMS`, and its time."""
Added = tuple[int, ...]
"""The values that some rows add to each of `SUMS`, their first and their last time."""


class Rollup:
    """Collects the changes of one transaction, then applies them."""

    def __init__(self) -> None:
        self._added: dict[SumKey, list[Added]] = {}
        self._stale: set[SumKey] = set()

    def add(self, group: SumKey, entry: Entry) -> None:
        """Count a new row."""
        self.add_all(group, [entry])

    def add_all(self, group: SumKey, entries: Sequence[Entry]) -> None:
        """Count new rows of one group."""
        self._added.setdefault(group, []).append(_sums_of(entries))

    def change(self, old: Stored, group: SumKey, new: Entry) -> None:
        """Count a row that has changed. If it moved to another group, both groups are recalculated."""
        if old.group != group or old.entry.usage.time_ms != new.usage.time_ms:
            # The first and the last time of a group cannot be found by subtraction.
            self._stale.update((old.group, group))
            return
        self.add(group, new)
        *sums, time_ms = _sums(old.entry)
        self._added[group].append((*(-value for value in sums), time_ms, time_ms))

    def remove(self, group: SumKey) -> None:
        """Have the sums of a group recalculated, because a row was removed from it. Its first and its last time cannot
        be found by subtraction."""
        self._stale.add(group)

    def move(self, groups: Iterable[SumKey]) -> None:
        """Have sums recalculated, because rows moved from one group to another without passing through here one by
        one."""
        self._stale.update(groups)

    def apply(self, ledger: Ledger) -> None:
        """Write the changes, in the caller's transaction, after the rows were written."""
        # Sums of stale groups come from the rows, which are written by now and would be counted twice here.
        added = ((*key, *_added_up(many)) for key, many in self._added.items() if key not in self._stale)
        ledger.db.executemany(_UPSERT, added)
        for key in self._stale:
            _recompute(ledger, key)
        self._added.clear()
        self._stale.clear()


_MANY, _ALL = 10**15, 2**62
"""Nano-dollars or tokens: a value far from a 64-bit sum is not compared with the total."""


class Room:
    """The remaining capacity of the sums over all usage, for the entries of one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._tokens = 0
        self._list_cost = 0

    def require(self, entries: Iterable[Entry]) -> None:
        """Raises `OverflowError` if the sums would exceed 64 bits with these and the previous entries: SQLite then
        fails with an error. To be called before the sums are changed."""
        for entry in entries:
            self._tokens += sum(entry.usage.tokens)
            self._list_cost += entry.list_cost or 0
        added = max(self._tokens, self._list_cost)
        if added > _MANY:
            # total() is a float, and cannot fail as sum() does; the limit is half of what 64 bits hold, which leaves
            # room for its rounding.
            query = "SELECT max(total(list_cost), total(tokens + reasoning)) FROM rollup"
            if added + self._ledger.db.execute(query).fetchone()[0] > _ALL:
                raise OverflowError("more than a ledger can add up")


def _sums(entry: Entry) -> Sums:
    usage, cost = entry.usage, entry.list_cost
    tokens = usage.tokens
    return (1, *tokens, cost or 0, tokens.total if cost is None else 0, +usage.lower_bound, usage.time_ms)


def _sums_of(entries: Sequence[Entry]) -> Added:
    """The sums of new rows, added up column by column, which takes a third of the time."""
    usage, costs = [entry.usage for entry in entries], [entry.list_cost for entry in entries]
    classes = map(sum, zip(*(one.tokens for one in usage), strict=True))
    unpriced = sum(one.tokens.total for one, cost in zip(usage, costs, strict=True) if cost is None)
    times = [one.time_ms for one in usage]
    lower_bound = sum(one.lower_bound for one in usage)
    return (len(entries), *classes, sum(filter(None, costs)), unpriced, lower_bound, min(times), max(times))


def _added_up(many: list[Added]) -> Added:
    """The sums of sums, with their first and last time."""
    *columns, first, last = zip(*many, strict=True)
    return (*map(sum, columns), min(first), max(last))


def disagreements(ledger: Ledger) -> list[SumKey]:
    """Groups whose stored sums differ from their rows: always empty, unless there is a bug."""
    kept = {row[:4]: row[4:] for row in ledger.db.execute(f"SELECT {_COLUMNS} FROM rollup WHERE usage > 0")}
    true = {row[:4]: row[4:] for row in ledger.db.execute(f"{_GROUPED} {_BY_KEY}")}
    return [SumKey(*key) for key in kept.keys() | true.keys() if kept.get(key) != true.get(key)]


def add_up_again(connection: sqlite3.Connection) -> None:
    """Recalculate all stored sums from the rows, in the caller's transaction."""
    connection.execute("DELETE FROM rollup")
    connection.execute(f"INSERT INTO rollup ({_COLUMNS}) {_GROUPED} {_BY_KEY}")


_OF_CLAIM = "claim = ? AND claim_version = ? AND +place = ? AND +series = ?"
_PENDING = "place = ? AND +series = ? AND claim IS NULL"
"""Conditions in the form that the indexes `usage_claim` and `usage_pending` support: a place may have a million rows
of usage."""


def _recompute(ledger: Ledger, key: SumKey) -> None:
    if key.claim is None:
        where, values = _PENDING, key[:2]
    else:
        where, values = _OF_CLAIM, (key.claim, key.claim_version, *key[:2])
    ledger.db.execute(f"DELETE FROM rollup WHERE {where}", values)
    ledger.db.execute(f"INSERT INTO rollup ({_COLUMNS}) {_GROUPED} WHERE {where} {_BY_KEY}", values)
