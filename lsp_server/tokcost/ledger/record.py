"""Recording usage and its places. Every function runs in the caller's transaction."""

import json
from collections.abc import Iterable, Sequence

from tokcost.ledger.dimensions import Dimensions, session_ids
from tokcost.ledger.open import Ledger
from tokcost.ledger.rollup import Rollup
from tokcost.ledger.rows import COLUMNS, PLACEHOLDERS, SELECTED, Entry, Stored, SumKey, from_row, to_row
from tokcost.model.logs import SessionTotal

_INSERT = f"INSERT INTO usage ({COLUMNS}, claim, claim_version) VALUES ({PLACEHOLDERS}, ?, ?)"
_REPORTED = len(COLUMNS.split(",")) - 1
_INSERT_USUAL = f"INSERT INTO usage ({COLUMNS.rpartition(',')[0]}) VALUES ({', '.join('?' * _REPORTED)})"
"""Without the three columns that are usually empty: for each `None` sqlite3 looks for an adapter, which takes as
long as an index."""
_UPDATE = f"UPDATE usage SET ({COLUMNS}) = ({PLACEHOLDERS}) WHERE id = ?"


def find_usage(ledger: Ledger, assistant: str, keys: Iterable[str]) -> dict[str, Stored]:
    """The rows that have one of these keys, by key."""
    # One value holds any number of keys; the number of placeholders is limited.
    query = (
        f"{SELECTED} WHERE id IN (SELECT usage.id FROM json_each(?) AS wanted"
        " JOIN usage ON usage.key = wanted.value AND usage.assistant = (SELECT id FROM assistant WHERE name = ?))"
    )
    rows = ledger.db.execute(query, (json.dumps(list(keys)), assistant))
    found = (from_row(row) for row in rows)
    return {stored.entry.usage.key: stored for stored in found}


def insert_usage(
    ledger: Ledger, entries: Iterable[Entry], rollup: Rollup, dimensions: Dimensions | None = None
) -> None:
    """Record usage that is not in the ledger yet. `dimensions` are those of this transaction, if it has more usage."""
    dimensions = dimensions or Dimensions(ledger)
    rows: list[tuple[object, ...]] = []
    is_usual = True
    groups: dict[SumKey, list[Entry]] = {}
    for entry in entries:
        ids, claim, version = dimensions.of(entry), entry.claim, entry.claim_version
        row = to_row(entry, ids)
        rows.append((*row, claim, version))
        is_usual = is_usual and claim is None and row[_REPORTED] is None
        group = ids.pending if claim is None else SumKey(ids.place, ids.series, claim, version)
        if group in groups:
            groups[group].append(entry)
        else:
            groups[group] = [entry]
    for group, added in groups.items():
        rollup.add_all(group, added)
    # In the order of the log: neighbours by place, time and session are neighbours in most indexes.
    if is_usual:
        ledger.db.executemany(_INSERT_USUAL, [row[:_REPORTED] for row in rows])
    else:
        ledger.db.executemany(_INSERT, rows)


def update_usage(ledger: Ledger, changes: Sequence[tuple[Stored, Entry]], rollup: Rollup) -> None:
    """Replace the recorded values of usage; its claim and its first source stay."""
    dimensions = Dimensions(ledger)
    for stored, changed in changes:
        old = stored.entry
        entry = changed._replace(claim=old.claim, claim_version=old.claim_version, source=old.source or changed.source)
        ids = dimensions.of(entry)
        ledger.db.execute(_UPDATE, (*to_row(entry, ids), stored.id))
        rollup.change(stored, SumKey(ids.place, ids.series, entry.claim, entry.claim_version), entry)


def delete_usage(ledger: Ledger, stored: Sequence[Stored], rollup: Rollup) -> None:
    """Remove derived usage that is no longer valid (from a session total that lines now explain)."""
    for one in stored:
        ledger.db.execute("DELETE FROM usage WHERE id = ?", (one.id,))
        rollup.remove(one.group)


def join_claims(ledger: Ledger, joining: Sequence[tuple[Stored, int, int]], rollup: Rollup) -> None:
    """Put usage that no claim holds into versions of existing claims: row, claim (row id) and version."""
    for stored, claim, version in joining:
        ledger.db.execute("UPDATE usage SET claim = ?, claim_version = ? WHERE id = ?", (claim, version, stored.id))
        rollup.move((stored.group, stored.group._replace(claim=claim, claim_version=version)))


def note_copies(ledger: Ledger, assistant: str, copies: Iterable[tuple[str, int]]) -> None:
    """Record that a session's files repeat usage of another session: pairs of session name and usage id."""
    pairs = list(copies)
    sessions = session_ids(ledger, {(assistant, name) for name, _ in pairs})
    rows = ((sessions[assistant, name], usage) for name, usage in pairs)
    ledger.db.executemany("INSERT OR IGNORE INTO session_copy VALUES (?, ?)", rows)


def record_totals(ledger: Ledger, assistant: str, totals: Sequence[SessionTotal]) -> None:
    """Record running totals of sessions; recording a total twice changes nothing."""
    dimensions = Dimensions(ledger)
    for total in totals:
        for parent in total.parents:
            dimensions.session(assistant, parent)
    rows = (
        (
            *(dimensions.session(assistant, one.session), one.model, one.time_ms, *one.tokens, one.web_searches),
            *(dimensions.log_place_of(one.cwd, one.branch, False), json.dumps(one.parents)),
        )
        for one in totals
    )
    ledger.db.executemany(f"INSERT OR REPLACE INTO session_total VALUES ({', '.join('?' * 12)})", list(rows))


def usage_of_session(ledger: Ledger, session: int) -> list[Stored]:
    """All usage in a session's files, including copies of other sessions' usage."""
    query = (
        f"{SELECTED} WHERE id IN (SELECT id FROM usage WHERE session = ?"
        " UNION SELECT usage FROM session_copy WHERE session = ?)"
    )
    return [from_row(row) for row in ledger.db.execute(query, (session, session))]
