"""Usage that stands in for logs (received by a receiver, or estimated from text), beside the usage in those logs."""

from collections.abc import Collection
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.rows import SELECTED, Stored, from_row
from tokcost.model.received import FROM_TEXT, OTEL, session_name
from tokcost.model.usage import NO_TOKENS, Tokens

_SESSION = "(SELECT id FROM session WHERE assistant = ? AND name = ?)"
_LOGGED = (
    f"SELECT 1 FROM usage WHERE session = {_SESSION}"
    f" UNION ALL SELECT 1 FROM session_copy WHERE session = {_SESSION} LIMIT 1"
)
_SUM = ", ".join(f"ifnull(sum({name}), 0)" for name in Tokens._fields)


class Beside(NamedTuple):
    """Usage that stands in for a log, in a session that also has a log."""

    assistant: str
    """The assistant of the log."""
    session: str
    """The session's name in the log."""
    received: list[Stored]


def received_besides_logs(ledger: Ledger, assistant: str, sessions: Collection[str]) -> list[Beside]:
    """The usage that was received, or estimated from text, in sessions for which the ledger has something better.
    `sessions` are those of `assistant` that may have changed."""
    if ledger.db.execute(_ANY, (OTEL, *FROM_TEXT)).fetchone() is None:
        return []
    pairs = (pair for name in sessions for pair in _comparisons(assistant, name))
    found = (Beside(*better, _usage(ledger, *other)) for better, other in pairs if _has(ledger, *better))
    return [one for one in found if one.received]


_ANY = f"SELECT 1 FROM assistant WHERE name IN (?{', ?' * len(FROM_TEXT)})"
"""Few ledgers have any. There are few assistants, but thousands of sessions, so assistants are checked first."""
_Name = tuple[str, str]
"""An assistant, and its name of a session."""


def _comparisons(assistant: str, session: str) -> list[tuple[_Name, _Name]]:
    """The names under which one session may be known, in pairs, the better one first: a log, then received usage,
    then estimates from text."""
    if assistant == OTEL:
        assistant, _, session = session.partition("/")
    log = FROM_TEXT.get(assistant, assistant), session
    received = OTEL, session_name(*log)
    texts = [(name, session) for name, of in FROM_TEXT.items() if of == log[0]]
    return [(log, received), *((better, text) for text in texts for better in (log, received))]


def _has(ledger: Ledger, assistant: str, session: str) -> bool:
    return ledger.db.execute(_LOGGED, (assistant, session) * 2).fetchone() is not None


def _usage(ledger: Ledger, assistant: str, session: str) -> list[Stored]:
    query = f"{SELECTED} WHERE id IN (SELECT id FROM usage WHERE session = {_SESSION})"
    return [from_row(row) for row in ledger.db.execute(query, (assistant, session))]


def logged_between(ledger: Ledger, assistant: str, session: str, since_ms: int, until_ms: int) -> tuple[int, Tokens]:
    """The number of logged responses of a session within a span of time, its ends included, and their tokens."""
    query = f"SELECT count(*), {_SUM} FROM usage WHERE session = {_SESSION} AND time_ms BETWEEN ? AND ?"
    count, *tokens = ledger.db.execute(query, (assistant, session, since_ms, until_ms)).fetchone()
    return count, Tokens._make(tokens) if count else NO_TOKENS
