"""Usage that a receiver was sent, beside what the logs of the same sessions say."""

from collections.abc import Collection
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.rows import SELECTED, Stored, from_row
from tokcost.model.received import OTEL, session_name
from tokcost.model.usage import NO_TOKENS, Tokens

_SESSION = "(SELECT id FROM session WHERE assistant = ? AND name = ?)"
_LOGGED = (
    f"SELECT 1 FROM usage WHERE session = {_SESSION}"
    f" UNION ALL SELECT 1 FROM session_copy WHERE session = {_SESSION} LIMIT 1"
)
_SUM = ", ".join(f"ifnull(sum({name}), 0)" for name in Tokens._fields)


class Beside(NamedTuple):
    """The received usage of a session that has a log, too."""

    assistant: str
    """Whose log it is."""
    session: str
    """The log's own name of the session."""
    received: list[Stored]


def received_besides_logs(ledger: Ledger, assistant: str, sessions: Collection[str]) -> list[Beside]:
    """Received usage of sessions of which the ledger has logged usage too. `sessions` are those of `assistant` that may
    have changed."""
    if ledger.db.execute("SELECT 1 FROM session WHERE assistant = ? LIMIT 1", (OTEL,)).fetchone() is None:
        return []
    names = sessions if assistant == OTEL else [session_name(assistant, name) for name in sessions]
    found = (_received_of_logged(ledger, name) for name in names)
    return [one for one in found if one.received]


def _received_of_logged(ledger: Ledger, name: str) -> Beside:
    assistant, _, session = name.partition("/")
    if ledger.db.execute(_LOGGED, (assistant, session) * 2).fetchone() is None:
        return Beside(assistant, session, [])
    query = f"{SELECTED} WHERE id IN (SELECT id FROM usage WHERE session = {_SESSION})"
    return Beside(assistant, session, [from_row(row) for row in ledger.db.execute(query, (OTEL, name))])


def logged_between(ledger: Ledger, assistant: str, session: str, since_ms: int, until_ms: int) -> tuple[int, Tokens]:
    """The number of logged responses of a session within a span of time, its ends included, and their tokens."""
    query = f"SELECT count(*), {_SUM} FROM usage WHERE session = {_SESSION} AND time_ms BETWEEN ? AND ?"
    count, *tokens = ledger.db.execute(query, (assistant, session, since_ms, until_ms)).fetchone()
    return count, Tokens._make(tokens) if count else NO_TOKENS
