"""Questions asked of the ledger. Nothing here writes."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tokcost.ledger.damage import wrong_with
from tokcost.ledger.open import Ledger
from tokcost.model.logs import SessionTotal
from tokcost.model.usage import Tokens


class Sum(NamedTuple):
    """A sum over usage that agrees in branch, assistant, model, evidence, kind and state. Amounts in nano-dollars."""

    repository: int
    branch: str
    assistant: str
    model: str
    evidence: str
    kind: str
    state: str
    """What became of it: `carried`, `withheld`, `bound`, or empty while it is pending (or unplaced)."""
    usage: int
    tokens: Tokens
    list_cost: int
    unpriced_tokens: int
    lower_bound: int
    first_ms: int
    last_ms: int
    day: str = ""
    """Local calendar day, where the question was by day."""


_STATE = """CASE WHEN rollup.claim_version <= ifnull(claim.carried, -1)
  THEN iif(claim.fate = 'bound', 'bound', 'carried') ELSE iif(claim.fate = 'withheld', 'withheld', '') END"""
_KEPT = f"""
SELECT rollup.repository, branch, assistant, model, evidence, kind, {_STATE}, sum(usage), sum(input), sum(cache_read),
  sum(cache_write_5m), sum(cache_write_1h), sum(output), sum(reasoning), sum(list_cost), sum(unpriced_tokens),
  sum(lower_bound), min(first_ms), max(last_ms)
FROM rollup LEFT JOIN claim ON claim.id = rollup.claim
WHERE usage > 0 AND rollup.repository = ? GROUP BY 2, 3, 4, 5, 6, 7
"""
_DETAIL = """
SELECT ifnull(rollup.repository, 0), ifnull(branch, ''), assistant, model, evidence, kind, {state}, count(*),
  sum(input), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output), sum(reasoning),
  ifnull(sum(list_cost), 0),
  sum(iif(list_cost IS NULL, input + cache_read + cache_write_5m + cache_write_1h + output, 0)), sum(lower_bound),
  min(time_ms), max(time_ms), {day}
FROM usage AS rollup LEFT JOIN claim ON claim.id = rollup.claim
WHERE rollup.repository IS ? AND time_ms >= ? AND time_ms < ? {branch} GROUP BY 1, 2, 3, 4, 5, 6, 7, {day_column}
"""
_DAY = "strftime('%Y-%m-%d', time_ms / 1000, 'unixepoch', 'localtime')"
FOREVER = 1 << 62


def sums(ledger: Ledger, repository: int) -> list[Sum]:
    """All usage of a repository (0: of no repository), from the kept sums."""
    return list(_sums(ledger.db.execute(_KEPT, (repository,))))


def sums_between(
    ledger: Ledger, repository: int, since_ms: int, until_ms: int, *, by_day: bool = False, branch: str | None = None
) -> list[Sum]:
    """Usage of a repository in a span of time (the end excluded), added up from the rows."""
    wanted = "" if branch is None else "AND branch IS ?"
    query = _DETAIL.format(state=_STATE, day=_DAY if by_day else "''", branch=wanted, day_column=20)
    names = () if branch is None else (branch or None,)
    return list(_sums(ledger.db.execute(query, (repository or None, since_ms, until_ms, *names))))


def session_count(ledger: Ledger, repository: int, branch: str) -> int:
    """How many sessions spent something on a branch."""
    query = "SELECT count(DISTINCT session) FROM usage WHERE repository IS ? AND branch IS ?"
    return ledger.db.execute(query, (repository or None, branch or None)).fetchone()[0]


def spent_since(ledger: Ledger, repository: int, since_ms: int) -> tuple[int, int]:
    """List cost in nano-dollars and unpriced tokens of a repository's usage from a moment on."""
    query = (
        "SELECT ifnull(sum(list_cost), 0), ifnull(sum(iif(list_cost IS NULL,"
        " input + cache_read + cache_write_5m + cache_write_1h + output, 0)), 0)"
        " FROM usage WHERE worktree IN (SELECT id FROM worktree WHERE repository = ?) AND time_ms >= ?"
    )
    return ledger.db.execute(query, (repository, since_ms)).fetchone()


def totals_of_session(ledger: Ledger, assistant: str, session: str) -> list[SessionTotal]:
    """The totals an assistant wrote of one session, oldest first."""
    rows = ledger.db.execute(
        "SELECT name, model, time_ms, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,"
        " web_searches, path, hint, parents FROM session_total JOIN session ON session.id = session"
        " JOIN directory ON directory.id = directory WHERE name = ? AND assistant = ?"
        " ORDER BY time_ms, model",
        (session, assistant),
    )
    return [_total(row) for row in rows]


def has_unexplained_total(ledger: Ledger, assistant: str, session: str) -> bool:
    """Whether the newest totals of a session differ from its usage until then, or unlogged usage was recovered
    before."""
    newest = ledger.db.execute(_NEWEST_TOTAL, (assistant, session)).fetchone()
    if newest is None:
        return False
    number, time_ms, *total = newest
    *logged, unlogged = ledger.db.execute(_LOGGED_UNTIL, {"session": number, "until": time_ms}).fetchone()
    return bool(unlogged) or total != logged


_CLASSES = "input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "web_searches"
_NEWEST_TOTAL = f"""
SELECT session, max(time_ms), {", ".join(f"sum({name})" for name in _CLASSES)} FROM session_total AS one
WHERE session = (SELECT id FROM session WHERE assistant = ? AND name = ?) AND time_ms =
  (SELECT max(time_ms) FROM session_total AS other WHERE other.session = one.session AND other.model = one.model)
GROUP BY session
"""
_LOGGED_UNTIL = f"""
SELECT {", ".join(f"ifnull(sum({name}), 0)" for name in _CLASSES)}, ifnull(sum(kind = 'unlogged'), 0) FROM usage
WHERE time_ms <= :until AND
  (session = :session OR id IN (SELECT usage FROM session_copy WHERE session_copy.session = :session))
"""


def file_problem(ledger: Ledger) -> str:
    """The first thing that is wrong with the file; empty when all is well. All of it is read."""
    return wrong_with(ledger.db)


def evidence_counts(ledger: Ledger) -> dict[str, int]:
    """How much usage rests on which evidence, in all repositories and none."""
    return dict(ledger.db.execute("SELECT evidence, sum(usage) FROM rollup WHERE usage > 0 GROUP BY 1").fetchall())


def copies(ledger: Ledger) -> int:
    """How often a session's files repeat usage of another session."""
    query = (
        "SELECT count(*) FROM session_copy JOIN usage ON usage.id = usage WHERE usage.session != session_copy.session"
    )
    return ledger.db.execute(query).fetchone()[0]


def span(ledger: Ledger) -> tuple[int, int, int]:
    """Number of usage, and the first and last time of all usage in milliseconds UTC (0 where there is none)."""
    return ledger.db.execute("SELECT count(*), ifnull(min(time_ms), 0), ifnull(max(time_ms), 0) FROM usage").fetchone()


def _sums(rows: Iterable[Any]) -> Iterator[Sum]:
    for row in rows:
        yield Sum._make((*row[:8], Tokens._make(row[8:14]), *row[14:], *([""] if len(row) == 19 else [])))


def _total(row: Any) -> SessionTotal:
    from json import loads  # totals are rare: a short command need not wait for it

    return SessionTotal._make((*row[:3], Tokens._make(row[3:9]), *row[9:12], tuple(loads(row[12]))))
