"""Assistants' own totals of their sessions, and the usage that they may contain. Separate from the queries of
screens (`query.py`), because every import needs them."""

from collections.abc import Sequence
from typing import Any

from tokcost.ledger.open import Ledger
from tokcost.model.logs import SessionTotal
from tokcost.model.usage import Tokens, unlogged_prefix


def totals_of_session(ledger: Ledger, assistant: str, session: str) -> list[SessionTotal]:
    """The totals that an assistant wrote for one session, oldest first."""
    rows = ledger.db.execute(
        "SELECT name, model, time_ms, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,"
        " web_searches, path, ifnull(branch, ''), parents FROM session_total JOIN session ON session.id = session"
        " JOIN log_place ON log_place.id = log_place JOIN directory ON directory.id = directory"
        " WHERE name = ? AND assistant = ?"
        " ORDER BY time_ms, model",
        (session, assistant),
    )
    return [_total(row) for row in rows]


def sessions_before(ledger: Ledger, session: int, worktrees: Sequence[int], span: tuple[int, int]) -> list[int]:
    """Other sessions of a session's assistant with usage in one of some worktrees within a span of time
    (milliseconds UTC, its end excluded), the last to end first."""
    places = f"SELECT id FROM place WHERE worktree IN ({', '.join('?' * len(worktrees))})"
    query = (
        f"SELECT session FROM usage JOIN session ON session.id = session WHERE place IN ({places})"
        " AND time_ms >= ? AND time_ms < ? AND session != ?"
        " AND session.assistant = (SELECT assistant FROM session WHERE id = ?) GROUP BY session"
        " ORDER BY max(time_ms) DESC"
    )
    rows = ledger.db.execute(query, (*worktrees, *span, session, session))
    return [row[0] for row in rows]


def has_unexplained_total(ledger: Ledger, assistant: str, session: str) -> bool:
    """Whether the newest totals of a session differ from its usage up to then, or unlogged usage was recovered
    before."""
    newest = ledger.db.execute(_NEWEST_TOTAL, (assistant, session)).fetchone()
    if newest is None:
        return False
    number, time_ms, *total = newest
    *logged, unlogged = ledger.db.execute(_LOGGED_UNTIL, {"session": number, "until": time_ms}).fetchone()
    return bool(unlogged) or total != logged


def sources_of_unlogged(ledger: Ledger, assistant: str, session: str) -> set[int]:
    """Row ids of the files whose totals revealed unlogged usage of a session."""
    # `;` follows the `:` at the end of the prefix, so this is a range of the index of keys; LIKE would not use that.
    begin = unlogged_prefix(session)
    query = (
        "SELECT DISTINCT source FROM usage WHERE key >= ? AND key < ? AND source IS NOT NULL"
        " AND assistant = (SELECT id FROM assistant WHERE name = ?)"
    )
    return {row[0] for row in ledger.db.execute(query, (begin, f"{begin[:-1]};", assistant))}


_CLASSES = "input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "web_searches"
_NEWEST_TOTAL = f"""
SELECT session, max(time_ms), {", ".join(f"sum({name})" for name in _CLASSES)} FROM session_total AS one
WHERE session = (SELECT id FROM session WHERE assistant = ? AND name = ?) AND time_ms =
  (SELECT max(time_ms) FROM session_total AS other WHERE other.session = one.session AND other.model = one.model)
GROUP BY session
"""
_LOGGED_UNTIL = f"""
SELECT {", ".join(f"ifnull(sum({name}), 0)" for name in _CLASSES)}, ifnull(sum(kind = 'unlogged'), 0)
FROM usage JOIN series ON series.id = series
WHERE time_ms <= :until AND
  (session = :session OR usage.id IN (SELECT usage FROM session_copy WHERE session_copy.session = :session))
"""


def _total(row: Any) -> SessionTotal:
    from json import loads  # totals are rare: a short command need not import it

    session, model, time_ms, *counts = row[:9]
    return SessionTotal(session, model, time_ms, Tokens._make(counts), row[9], row[10], row[11], tuple(loads(row[12])))
