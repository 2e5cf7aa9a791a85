"""Writing usage and its places. Every function is part of the caller's transaction."""

import json
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from tokcost.ledger.open import Ledger
from tokcost.ledger.paths import kept
from tokcost.ledger.rollup import Rollup
from tokcost.ledger.rows import COLUMNS, JOINED, PLACEHOLDERS, Entry, Stored, from_row, to_row
from tokcost.model.logs import SessionTotal
from tokcost.model.usage import Usage

_UPDATE = f"UPDATE usage SET ({COLUMNS}) = ({PLACEHOLDERS}) WHERE id = ?"


def find_usage(ledger: Ledger, assistant: str, keys: Iterable[str]) -> dict[str, Stored]:
    """The rows that have one of these keys, by key."""
    query = (
        f"{JOINED} WHERE usage.id IN (SELECT usage.id FROM json_each(?) AS wanted"
        " JOIN usage ON usage.key = wanted.value AND usage.assistant = ?)"
    )
    rows = ledger.db.execute(query, (json.dumps(list(keys)), assistant))
    found = (from_row(row) for row in rows)
    return {stored.entry.usage.key: stored for stored in found}


def insert_usage(ledger: Ledger, entries: Sequence[Entry], rollup: Rollup) -> None:
    """Record usage that is not in the ledger yet."""
    ids = _Ids(ledger)
    rows = [to_row(entry, *ids.of(entry.usage)) for entry in entries]
    rows.sort(key=itemgetter(0))  # neighbours in the index are written one after the other
    ledger.db.executemany(f"INSERT INTO usage ({COLUMNS}) VALUES ({PLACEHOLDERS})", rows)
    for entry in entries:
        rollup.add(entry)


def update_usage(ledger: Ledger, changes: Sequence[tuple[Stored, Entry]], rollup: Rollup) -> None:
    """Replace what is recorded of some usage; it stays in its claim."""
    ids = _Ids(ledger)
    for stored, changed in changes:
        entry = changed._replace(claim=stored.entry.claim, claim_version=stored.entry.claim_version)
        row = to_row(entry, *ids.of(entry.usage))
        ledger.db.execute(_UPDATE, (*row, stored.id))
        rollup.change(stored.entry, entry)


class _Ids:
    """Row ids of sessions and working directories, for one call."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._sessions: dict[tuple[str, str], int] = {}
        self._directories: dict[str, int] = {}

    def of(self, usage: Usage) -> tuple[int, int]:
        """Session and directory of a usage, made where missing."""
        pair = (usage.assistant, usage.session)
        session = self._sessions.get(pair)
        if session is None:
            session = self._sessions[pair] = session_ids(self._ledger, [pair])[pair]
        directory = self._directories.get(usage.cwd)
        if directory is None:
            directory = self._directories[usage.cwd] = directory_ids(self._ledger, [usage.cwd])[usage.cwd]
        return session, directory


def delete_usage(ledger: Ledger, stored: Sequence[Stored], rollup: Rollup) -> None:
    """Take back usage that was derived and no longer holds (a session total that lines now explain)."""
    for one in stored:
        ledger.db.execute("DELETE FROM usage WHERE id = ?", (one.id,))
        rollup.remove(one.entry)


def note_copies(ledger: Ledger, assistant: str, copies: Iterable[tuple[str, int]]) -> None:
    """Remember that a session's files repeat usage of another session: pairs of session name and usage id."""
    pairs = list(copies)
    sessions = session_ids(ledger, {(assistant, name) for name, _ in pairs})
    rows = ((sessions[assistant, name], usage) for name, usage in pairs)
    ledger.db.executemany("INSERT OR IGNORE INTO session_copy VALUES (?, ?)", rows)


def record_totals(ledger: Ledger, assistant: str, totals: Sequence[SessionTotal]) -> None:
    """Remember running totals of sessions; the same total twice changes nothing."""
    sessions = session_ids(ledger, {(assistant, name) for t in totals for name in (t.session, *t.parents)})
    directories = directory_ids(ledger, {t.cwd for t in totals})
    rows = (
        (
            *(sessions[assistant, t.session], t.model, t.time_ms, *t.tokens, t.web_searches),
            *(directories[t.cwd], t.branch, json.dumps(t.parents)),
        )
        for t in totals
    )
    ledger.db.executemany(f"INSERT OR REPLACE INTO session_total VALUES ({', '.join('?' * 13)})", rows)


def session_ids(ledger: Ledger, names: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
    """Row ids of sessions, made where missing: (assistant, session) to id."""
    wanted = list(names)
    ledger.db.executemany("INSERT OR IGNORE INTO session (assistant, name) VALUES (?, ?)", wanted)
    find = "SELECT id FROM session WHERE assistant = ? AND name = ?"
    return {pair: ledger.db.execute(find, pair).fetchone()[0] for pair in wanted}


def directory_ids(ledger: Ledger, paths: Iterable[str]) -> Mapping[str, int]:
    """Row ids of working directories, made where missing."""
    wanted = {path: (kept(path),) for path in paths}
    ledger.db.executemany("INSERT OR IGNORE INTO directory (path) VALUES (?)", wanted.values())
    find = "SELECT id FROM directory WHERE path = ?"
    return {path: ledger.db.execute(find, stored).fetchone()[0] for path, stored in wanted.items()}


def usage_of_session(ledger: Ledger, session: int) -> list[Usage]:
    """All usage a session's files hold, copies of other sessions' usage included."""
    query = f"{JOINED} WHERE usage.session = ? OR usage.id IN (SELECT usage FROM session_copy WHERE session = ?)"
    return [from_row(row).entry.usage for row in ledger.db.execute(query, (session, session))]
