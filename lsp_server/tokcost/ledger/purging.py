"""Deletes usage, and everything that only it refers to, from the ledger's file and its free pages.

All of it is one transaction, whose size SQLite keeps on disk: memory does not grow with the ledger.
"""

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from tokcost.errors import LedgerDamaged
from tokcost.ledger.claims import STAND_INS
from tokcost.ledger.compact import rewrite
from tokcost.ledger.damage import dangling
from tokcost.ledger.open import Ledger
from tokcost.ledger.paths import from_stored, to_stored
from tokcost.ledger.purge_record import PurgeRecord
from tokcost.ledger.rollup import add_up_again
from tokcost.ledger.rows import SELECTED, from_row
from tokcost.ledger.settings import forget_settings
from tokcost.model.logs import Source
from tokcost.model.purge import Purged, PurgeScope
from tokcost.model.received import FROM_TEXT, OTEL, names_of_received

_FROM = (
    "FROM usage JOIN place ON place.id = usage.place JOIN log_place ON log_place.id = usage.log_place"
    " JOIN directory ON directory.id = log_place.directory JOIN session ON session.id = usage.session"
    " JOIN assistant ON assistant.id = usage.assistant"
)
_OWN_NAME = f"iif(session.assistant = '{OTEL}', substr(session.name, instr(session.name, '/') + 1), session.name)"
"""The assistant's own id of a session: received usage has a prefix with its assistant."""
_WHOSE = f"iif(session.assistant = '{OTEL}', substr(session.name, 1, instr(session.name, '/') - 1), assistant.name)"


@contextmanager
def purging(ledger: Ledger) -> Generator[None]:
    """A transaction in which usage is purged. Foreign keys are off, since SQLite would search all usage for each
    deleted source or folder; all references are checked at once, at the end. Raises `LedgerDamaged`."""
    # Otherwise deleted bytes stay in the file until their pages are used again.
    ledger.db.execute("PRAGMA secure_delete = ON")
    # Outside the transaction: within one this pragma does nothing (https://sqlite.org/pragma.html#pragma_foreign_keys).
    ledger.db.execute("PRAGMA foreign_keys = OFF")
    try:
        with ledger.transaction():
            yield
            _require_references(ledger)
    finally:
        ledger.db.execute("PRAGMA foreign_keys = ON")


def _require_references(ledger: Ledger) -> None:
    if problem := dangling(ledger.db):
        raise LedgerDamaged(ledger.path, problem)


def choose(ledger: Ledger, scope: PurgeScope) -> Purged:
    """Put the row ids of the usage in a scope into the table for `delete_chosen`; returns the size of the usage.
    Raises `LedgerDamaged` if a row that others refer to is missing: their usage would not be found."""
    _require_references(ledger)
    db = ledger.db
    clauses = ["1"]
    if scope.before_ms is not None:
        clauses.append("usage.time_ms < :before_ms")
    if scope.repositories is not None:
        listed = ", ".join(map(str, scope.repositories))
        below = "(directory.path = :directory OR substr(directory.path, 1, length(:below)) = :below)"
        clauses.append(f"(place.repository IN ({listed}) OR (place.repository IS NULL AND {below}))")
    if scope.branch is not None:
        clauses.append("place.branch = :branch")
    if scope.session is not None:
        clauses.append(f"(session.name = :session OR {_OWN_NAME} = :session)")
    if scope.assistant is not None:
        names = [scope.assistant, *(name for name, of in FROM_TEXT.items() if of == scope.assistant)]
        listed = ", ".join(f"'{name}'" for name in names if name.replace("-", "").isalnum())
        clauses.append(f"(assistant.name = :assistant OR {_WHOSE} = :assistant OR assistant.name IN ({listed}))")
    directory = to_stored(scope.directory or "")
    values = scope._asdict() | {"directory": directory, "below": f"{directory.rstrip('/')}/"}
    del values["repositories"]
    # A table instead of a list in memory: a scope may have a million responses. CROSS JOIN below makes SQLite go from
    # the chosen rows to usage, never through all usage.
    db.execute("DROP TABLE IF EXISTS temp.purged")
    db.execute("CREATE TEMP TABLE purged (id INTEGER PRIMARY KEY)")
    db.execute(f"INSERT INTO temp.purged SELECT usage.id {_FROM} WHERE {' AND '.join(clauses)}", values)
    sums = db.execute(
        "SELECT count(*), ifnull(sum(tokens), 0), ifnull(sum(list_cost), 0), count(DISTINCT session)"
        " FROM temp.purged CROSS JOIN usage ON usage.id = purged.id"
    ).fetchone()
    db.execute("DROP TABLE IF EXISTS temp.purged_claim")
    db.execute(
        "CREATE TEMP TABLE purged_claim AS SELECT claim AS id, count(*) AS usage"
        " FROM temp.purged CROSS JOIN usage ON usage.id = purged.id WHERE claim IS NOT NULL GROUP BY 1"
    )
    claims = db.execute(
        "SELECT count(*), ifnull(sum(ever_carried > 0 AND fate IS NOT 'bound'), 0),"
        f" ifnull(sum({_IN_PART}), 0) FROM temp.purged_claim AS gone JOIN claim ON claim.id = gone.id"
    ).fetchone()
    return Purged(*sums, *claims)


_IN_PART = "gone.usage < (SELECT count(*) FROM usage WHERE usage.claim = gone.id)"


def record_chosen(ledger: Ledger, record: PurgeRecord) -> None:
    """Record the usage found by `choose`, so that no import brings it back: responses, and sessions whose totals
    contain them. Of received usage, also the names by which a log may tell of the same responses."""
    usage = ledger.db.execute(
        "SELECT assistant.name, key FROM temp.purged CROSS JOIN usage ON usage.id = purged.id"
        " JOIN assistant ON assistant.id = usage.assistant"
    )
    record.add_usage(usage)
    received = ledger.db.execute(f"{SELECTED} WHERE assistant = ? AND id IN (SELECT id FROM temp.purged)", (OTEL,))
    record.add_usage(name for row in received for name in names_of_received(from_row(row).entry.usage))
    ledger.db.execute("DROP TABLE IF EXISTS temp.purged_session")
    ledger.db.execute(
        "CREATE TEMP TABLE purged_session AS SELECT session AS id FROM temp.purged"
        " CROSS JOIN usage ON usage.id = purged.id"
        " UNION SELECT session FROM session_copy WHERE usage IN (SELECT id FROM temp.purged)"
    )
    ledger.db.execute(
        "INSERT INTO temp.purged_session SELECT DISTINCT total.session FROM session_total AS total"
        " JOIN session AS own ON own.id = total.session, json_each(total.parents) AS parent"
        " JOIN session ON session.name = parent.value AND session.assistant = own.assistant"
        " WHERE session.id IN (SELECT id FROM temp.purged_session)"
    )
    sessions = ledger.db.execute("SELECT assistant, name FROM session WHERE id IN (SELECT id FROM temp.purged_session)")
    record.add_sessions(sessions)


def delete_chosen(ledger: Ledger, record: PurgeRecord, *, everything: bool) -> None:
    """Delete the usage found by `choose` and everything that nothing else refers to, inside `purging`. With
    `everything`, also rows that refer to no usage at all."""
    db = ledger.db
    db.execute("DROP TABLE IF EXISTS temp.purged_place")
    db.execute(
        "CREATE TEMP TABLE purged_place AS SELECT DISTINCT repository, worktree, branch FROM place"
        " WHERE id IN (SELECT place FROM temp.purged CROSS JOIN usage ON usage.id = purged.id)"
    )
    db.execute("DROP TABLE IF EXISTS temp.read_from")
    db.execute(
        "CREATE TEMP TABLE read_from AS SELECT DISTINCT source AS id FROM temp.purged"
        " CROSS JOIN usage ON usage.id = purged.id WHERE source IS NOT NULL"
    )
    for statement in (*_CLAIMS, *_USAGE, *_DELETE_CLAIMS):
        db.execute(statement)
    add_up_again(db)
    record.add_sources(_sources_without_usage(db))
    for statement in (*(_EVERYTHING if everything else ()), *_REST):
        db.execute(statement)


def _sources_without_usage(db: sqlite3.Connection) -> Iterator[tuple[str, Source]]:
    """Sources to forget: those without usage and without anything else to report."""
    db.execute("DROP TABLE IF EXISTS temp.purged_source")
    db.execute(f"CREATE TEMP TABLE purged_source AS {_EMPTY_SOURCES}")
    rows = db.execute(
        "SELECT assistant, path, size, mtime_ns FROM source"
        " WHERE id IN (SELECT id FROM temp.purged_source) AND problem IS NULL"
    )
    for assistant, path, size, mtime_ns in rows:
        yield assistant, Source(from_stored(path), size, mtime_ns)


_EMPTY_SOURCES = (
    "SELECT id FROM source WHERE id NOT IN (SELECT source FROM usage WHERE source IS NOT NULL)"
    " AND (id IN (SELECT id FROM temp.read_from)"
    " OR id NOT IN (SELECT source FROM tally WHERE kind = 'skipped' AND count > 0) AND problem IS NULL"
    # Assistants name log files after sessions, so the path itself would tell of a purged one.
    " OR EXISTS (SELECT 1 FROM temp.purged_session AS gone JOIN session ON session.id = gone.id"
    " WHERE instr(source.path, session.name)))"
)
_CLAIMS = (
    # The rest of a published claim stays in it: it was published, and is never published again.
    "UPDATE claim SET fate = 'withheld' WHERE fate IS NULL AND id IN (SELECT id FROM temp.purged_claim)",
    # Lines contain the sum of the purged usage and the rest.
    "DELETE FROM claim_version WHERE claim IN (SELECT id FROM temp.purged_claim)",
)
_USAGE = (
    "DELETE FROM session_total WHERE session IN (SELECT id FROM temp.purged_session)",
    "DELETE FROM session_copy WHERE usage IN (SELECT id FROM temp.purged)",
    "DELETE FROM usage WHERE id IN (SELECT id FROM temp.purged)",
)
_DELETE_CLAIMS = (
    "DELETE FROM claim WHERE id IN (SELECT id FROM temp.purged_claim)"
    " AND NOT EXISTS (SELECT 1 FROM usage WHERE usage.claim = claim.id)",
    f"DELETE FROM claim WHERE name GLOB '{STAND_INS}' AND id NOT IN (SELECT claim FROM usage WHERE claim IS NOT NULL)",
    "DELETE FROM claim_version WHERE claim NOT IN (SELECT id FROM claim)",
    "DELETE FROM carrier WHERE claim NOT IN (SELECT id FROM claim)",
)
_GONE_BRANCHES = (
    "SELECT repository, branch FROM temp.purged_place WHERE branch IS NOT NULL"
    " EXCEPT SELECT repository, branch FROM place WHERE id IN (SELECT place FROM usage)"
)
_REST = (
    "DELETE FROM tally WHERE source IN (SELECT id FROM temp.purged_source)",
    "DELETE FROM source WHERE id IN (SELECT id FROM temp.purged_source)",
    # Readers remember branches, folders and ids of the last lines: these sources are read again once they change.
    "DELETE FROM tally WHERE source IN (SELECT id FROM temp.read_from)",
    "UPDATE source SET cursor = NULL, consumed = 0 WHERE id IN (SELECT id FROM temp.read_from)",
    # Listings name all files below a root, purged sessions among them.
    "DELETE FROM listing",
    # Selections are kept as the user typed them, with branches and sessions.
    "DELETE FROM assignment",
    "DELETE FROM observation WHERE EXISTS (SELECT 1 FROM worktree JOIN"
    f" ({_GONE_BRANCHES}) AS gone ON gone.repository = worktree.repository"
    " WHERE worktree.git_dir = observation.git_dir AND gone.branch = observation.branch)",
    f"DELETE FROM tip WHERE EXISTS (SELECT 1 FROM ({_GONE_BRANCHES}) AS gone WHERE gone.repository = tip.repository"
    " AND substr(tip.ref, -length(gone.branch) - 1) = '/' || gone.branch)",
    # This state says that the recorded tips are those of the clone (`claims.known_state`), and some are gone now.
    "DELETE FROM setting WHERE name LIKE 'state of refs %'",
    "UPDATE worktree SET origin_branch = NULL WHERE EXISTS"
    f" (SELECT 1 FROM ({_GONE_BRANCHES}) AS gone WHERE gone.repository = worktree.repository"
    " AND gone.branch = worktree.origin_branch)",
    "DELETE FROM session_copy WHERE session IN (SELECT id FROM temp.purged_session)"
    " AND session NOT IN (SELECT session FROM usage)",
    "DELETE FROM session WHERE id NOT IN (SELECT session FROM usage)"
    " AND id NOT IN (SELECT session FROM session_copy) AND id NOT IN (SELECT session FROM session_total)"
    " AND name NOT IN (SELECT parent.value FROM session_total, json_each(parents) AS parent)",
    "DELETE FROM log_place WHERE id NOT IN (SELECT log_place FROM usage)"
    " AND id NOT IN (SELECT log_place FROM session_total)",
    "DELETE FROM directory WHERE id NOT IN (SELECT directory FROM log_place)",
    "DELETE FROM place WHERE id NOT IN (SELECT place FROM usage)",
    "DELETE FROM worktree WHERE id IN (SELECT worktree FROM temp.purged_place WHERE worktree IS NOT NULL)"
    " AND id NOT IN (SELECT worktree FROM place WHERE worktree IS NOT NULL)"
    " AND id NOT IN (SELECT worktree FROM directory WHERE worktree IS NOT NULL)"
    " AND (git_dir IS NULL OR git_dir NOT IN (SELECT git_dir FROM observation))",
    "DELETE FROM series WHERE id NOT IN (SELECT series FROM usage)",
    "DELETE FROM assistant WHERE id NOT IN (SELECT assistant FROM series) AND id NOT IN (SELECT assistant FROM usage)",
    "DELETE FROM price WHERE id NOT IN (SELECT price FROM series WHERE price IS NOT NULL)"
    " AND model NOT IN (SELECT model FROM series)",
)
_EVERYTHING = (
    *(f"DELETE FROM {table}" for table in ("session_total", "session_copy", "observation", "tip")),
    *(f"DELETE FROM {table}" for table in ("claim_version", "carrier", "claim", "tally")),
    "UPDATE source SET problem = NULL",
    "INSERT INTO temp.purged_source SELECT id FROM source",
)
_FORGET_REPOSITORIES = (
    "DELETE FROM observation WHERE git_dir IN (SELECT git_dir FROM worktree WHERE repository IN ({gone}))",
    "DELETE FROM observation WHERE git_dir NOT IN (SELECT git_dir FROM worktree WHERE git_dir IS NOT NULL)",
    "DELETE FROM tip WHERE repository IN ({gone})",
    "UPDATE directory SET worktree = NULL WHERE worktree IN (SELECT id FROM worktree WHERE repository IN ({gone}))",
    "DELETE FROM worktree WHERE repository IN ({gone})",
    "DELETE FROM repository WHERE id IN ({gone})",
)


def forget_repositories(ledger: Ledger, repositories: list[int]) -> None:
    """Delete some repositories of which nothing is left, inside `purging`."""
    listed = ", ".join(str(number) for number in repositories)
    gone = (
        f"SELECT id FROM repository WHERE id IN ({listed})"
        " AND id NOT IN (SELECT repository FROM place WHERE repository IS NOT NULL)"
        " AND id NOT IN (SELECT repository FROM claim)"
    )
    for (number,) in ledger.db.execute(gone).fetchall():
        forget_settings(ledger, number)  # another repository gets the number
    for statement in _FORGET_REPOSITORIES:
        ledger.db.execute(statement.format(gone=gone))


def repositories_of_chosen(ledger: Ledger) -> list[int]:
    """Row ids of the repositories of the usage found by `choose`."""
    query = (
        "SELECT DISTINCT repository FROM place WHERE repository IS NOT NULL"
        " AND id IN (SELECT place FROM temp.purged CROSS JOIN usage ON usage.id = purged.id)"
    )
    return [row[0] for row in ledger.db.execute(query)]


def claims_of_chosen(ledger: Ledger) -> set[str]:
    """The ids of the claims that hold some of what `choose` found."""
    query = "SELECT name FROM claim WHERE id IN (SELECT id FROM temp.purged_claim)"
    return {name for (name,) in ledger.db.execute(query)}


def branches_left_empty(ledger: Ledger) -> set[tuple[int, str]]:
    """Repository and name of each branch on which nothing is left of what was there; after `delete_chosen`."""
    return set(ledger.db.execute(_GONE_BRANCHES))


def own_session_names(ledger: Ledger, beginning: str) -> list[str]:
    """The assistants' own ids of sessions that begin as given."""
    query = f"SELECT DISTINCT {_OWN_NAME} FROM session WHERE substr({_OWN_NAME}, 1, length(?)) = ? ORDER BY 1"
    return [row[0] for row in ledger.db.execute(query, (beginning, beginning))]


def scrub(ledger: Ledger) -> bool:
    """Rewrite the file without its free pages and empty the WAL; returns whether the WAL could be emptied: another
    reading process keeps it. Raises `LedgerUnavailable` as `transaction` does."""
    ledger.db.execute("DROP TABLE IF EXISTS temp.purged")
    ledger.db.execute("PRAGMA secure_delete = ON")
    return rewrite(ledger)
