"""Requests by conversation: each with its predecessors, wherever those belong. Nothing here writes."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.rows import FOREVER
from tokcost.model.drivers import Request, Series


class RequestScope(NamedTuple):
    """The usage asked about: everything that matches all given conditions."""

    repository: int | None = None
    """Row id; 0 for usage outside repositories; `None` for any."""
    branch: str | None = None
    session: str | None = None
    """The complete session id."""
    since_ms: int = 0
    until_ms: int = FOREVER
    """Excluded."""


_COLUMNS = """time_ms, series, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, web_searches,
  list_cost, lower_bound, estimated, instr(key, '#compaction') > 0"""
_SOURCE = (
    "iif(source IN (SELECT value FROM json_each(:subagents)), source,"
    " iif(series IN (SELECT id FROM series WHERE subagent), -1, 0))"
)
_REQUESTS = """
WITH scope AS (SELECT DISTINCT session FROM usage AS one WHERE {counted})
SELECT session, {source} AS log, {columns}, {counted} AS counted, key AS name
  FROM usage AS one WHERE {sessions}
UNION ALL
SELECT session_copy.session, {source}, {columns}, 0, key
  FROM session_copy JOIN usage AS one ON one.id = session_copy.usage
  WHERE session_copy.session IN scope AND session_copy.session != one.session
ORDER BY 1, 2, 3, 6, 7, 8, 5, name
"""


def requests(ledger: Ledger, scope: RequestScope, subagents: Iterable[int]) -> Iterator[Request]:
    """The usage of a scope and, not counted, all other usage of its sessions; also the usage that a session's log
    repeats from the session it was forked from.

    Ordered by session, log of a sub-agent (one of `subagents`, row ids of sources, or any log that is marked so
    itself), and time. Of requests with the same time (some logs have whole seconds), the one that read less from the
    cache comes first: a conversation grows.
    """
    values = {
        "repository": scope.repository,
        "branch": scope.branch,
        "session": scope.session,
        "since": scope.since_ms,
        "until": scope.until_ms,
        "subagents": json.dumps(list(subagents)),
    }
    query = _REQUESTS.format(
        counted=_counted(scope),
        sessions="one.session IN scope" if _counted(scope) != "1" else "1",
        source=_SOURCE,
        columns=_COLUMNS,
    )
    for row in ledger.db.execute(query, values):
        yield Request._make(row[:16])  # without the key, which only makes the order certain


def _counted(scope: RequestScope) -> str:
    """The condition for usage to be in the scope."""
    places = [
        "ifnull(repository, 0) = :repository" if scope.repository is not None else "",
        "ifnull(branch, '') = :branch" if scope.branch is not None else "",
    ]
    is_of_time = scope.session is None and (scope.since_ms or scope.until_ms != FOREVER)
    # By place, since usage is indexed by place and time.
    wanted = " AND ".join(one for one in places if one) or ("1" if is_of_time else "")
    conditions = [
        f"one.place IN (SELECT id FROM place WHERE {wanted})" if wanted else "",
        "one.session IN (SELECT id FROM session WHERE name = :session)" if scope.session is not None else "",
        "one.time_ms >= :since" if scope.since_ms else "",
        "one.time_ms < :until" if scope.until_ms != FOREVER else "",
    ]
    return " AND ".join(one for one in conditions if one) or "1"


def every_series(ledger: Ledger) -> dict[int, Series]:
    """All series by row id."""
    rows = ledger.db.execute(
        "SELECT series.id, name, model, ifnull(provider, ''), kind, ifnull(speed, ''), ifnull(tier, ''),"
        " ifnull(geo, ''), price_state, price FROM series"
        " JOIN assistant ON assistant.id = assistant"
    )
    return {row[0]: Series._make(row[1:]) for row in rows}


def price_body(ledger: Ledger, price: str) -> str:
    """The rate cards that priced usage; empty if they were lost."""
    row = ledger.db.execute("SELECT body FROM price WHERE id = ?", (price,)).fetchone()
    return row[0] or "" if row else ""


def source_paths(ledger: Ledger) -> Iterator[tuple[int, str, str]]:
    """Row id, assistant and path of every source."""
    yield from ledger.db.execute("SELECT id, assistant, path FROM source")
