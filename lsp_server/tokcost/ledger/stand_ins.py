"""Stand-ins for missing rows that others refer to, so that nothing else is lost with them.

The remaining rows reveal much about missing ones: sessions refer to their assistant, working directories to worktrees,
logs to branches, claims to repositories. Unknown names become `lost-` and a number.
"""

import sqlite3

_NAMED = {
    "session": "SELECT session FROM usage UNION SELECT session FROM session_total",
    "assistant": "SELECT assistant FROM usage UNION SELECT assistant FROM series",
    "series": "SELECT series FROM usage",
    "price": "SELECT price FROM series",
    "directory": "SELECT directory FROM log_place",
    "worktree": "SELECT worktree FROM place UNION SELECT worktree FROM directory",
    "repository": "SELECT repository FROM worktree UNION SELECT repository FROM place"
    " UNION SELECT repository FROM claim",
    "place": "SELECT place FROM usage",
    "log_place": "SELECT log_place FROM usage UNION SELECT log_place FROM session_total",
    "claim": "SELECT claim FROM usage UNION SELECT claim FROM claim_version UNION SELECT claim FROM carrier",
}
"""The columns that refer to rows of each table, in the order in which stand-ins are created: each needs the previous
ones."""

_MET = (
    "CREATE TEMP TABLE met AS SELECT place, log_place, claim, series, assistant, count(list_cost) AS priced"
    " FROM usage GROUP BY 1, 2, 3, 4, 5"
)
"""The rows to which usage refers, one for each combination, so that usage itself is read once."""
_OF_DIRECTORY = (
    "SELECT log_place.directory AS directory, max(place.worktree) AS worktree FROM met"
    " JOIN log_place ON log_place.id = met.log_place JOIN place ON place.id = met.place GROUP BY 1"
)

_STAND_INS: dict[str, tuple[str, ...]] = {
    "session": (
        "INSERT INTO session SELECT id, ifnull((SELECT assistant.name FROM usage JOIN assistant"
        " ON assistant.id = usage.assistant WHERE session = gone.id LIMIT 1), ''), 'lost-' || id FROM gone",
    ),
    "assistant": (
        "INSERT OR IGNORE INTO assistant SELECT gone.id, (SELECT session.assistant FROM usage JOIN session"
        " ON session.id = session WHERE usage.assistant = gone.id AND session.assistant != '' LIMIT 1) FROM gone",
        "INSERT OR IGNORE INTO assistant SELECT gone.id, (SELECT source.assistant FROM usage JOIN source"
        " ON source.id = source WHERE usage.assistant = gone.id LIMIT 1) FROM gone",
        "INSERT OR IGNORE INTO assistant SELECT id, 'lost-' || id FROM gone",
        "UPDATE OR IGNORE session SET assistant = (SELECT assistant.name FROM usage JOIN assistant"
        " ON assistant.id = usage.assistant WHERE session = session.id LIMIT 1)"
        " WHERE assistant = '' AND id IN (SELECT session FROM usage)",
    ),
    "series": (  # how it was priced is unknown, only whether it was
        "INSERT INTO series (id, assistant, model, provider, kind, speed, tier, price_state, price)"
        " SELECT id, min(assistant), 'lost-' || id, NULL, 'response', NULL, NULL,"
        " iif(sum(priced), 'priced', 'unpriced'), NULL FROM gone JOIN met ON met.series = id GROUP BY id",
    ),
    "price": (
        "INSERT INTO price SELECT gone.id, min(provider), min(model), NULL, NULL, 0, 0 FROM gone JOIN series"
        " ON price = gone.id GROUP BY 1",
    ),
    "directory": (
        f"INSERT INTO directory SELECT id, 'lost-' || id, worktree FROM gone LEFT JOIN ({_OF_DIRECTORY}) AS found"
        " ON found.directory = id",
    ),
    "worktree": (
        "INSERT INTO worktree (id, repository, path) SELECT id, repository,"
        " ifnull((SELECT path FROM directory WHERE worktree = gone.id AND path NOT IN (SELECT path FROM worktree)"
        " ORDER BY length(path) LIMIT 1), 'lost-' || id)"
        " FROM gone JOIN (SELECT worktree, min(repository) AS repository FROM place GROUP BY 1) ON worktree = id"
        " WHERE repository IS NOT NULL",
        "UPDATE directory SET worktree = NULL WHERE worktree NOT IN (SELECT id FROM worktree)",
        "UPDATE OR REPLACE place SET worktree = NULL WHERE worktree NOT IN (SELECT id FROM worktree)",
    ),
    "repository": (
        "INSERT OR IGNORE INTO repository SELECT gone.id, CASE WHEN instr(git_dir, '/worktrees/')"
        " THEN substr(git_dir, 1, instr(git_dir, '/worktrees/') - 1)"
        " WHEN git_dir IS NULL THEN path || '/.git' ELSE git_dir END, path, NULL"
        " FROM gone JOIN worktree ON worktree.id ="
        " (SELECT id FROM worktree WHERE repository = gone.id ORDER BY git_dir IS NULL, length(git_dir) LIMIT 1)",
        "INSERT OR IGNORE INTO repository SELECT id, 'lost-' || id, 'lost-' || id, NULL FROM gone",
    ),
    "place": (  # by the directory and the branch in its log; a claim knows its repository better
        "CREATE TEMP TABLE found AS SELECT DISTINCT met.place AS old, met.log_place, met.claim,"
        " ifnull(claim.repository, worktree.repository) AS repository, log_place.branch,"
        " iif(claim.repository != worktree.repository, NULL, worktree.id) AS worktree FROM met"
        " LEFT JOIN log_place ON log_place.id = met.log_place LEFT JOIN directory ON directory.id = directory"
        " LEFT JOIN worktree ON worktree.id = directory.worktree LEFT JOIN claim ON claim.id = met.claim"
        " WHERE met.place IN gone",
        "INSERT OR IGNORE INTO place (repository, worktree, branch, evidence) SELECT repository, worktree,"
        " iif(repository, branch, NULL), iif(repository AND branch IS NOT NULL, 'transcript', 'none') FROM found",
        "UPDATE usage SET place = new FROM (SELECT found.*, place.id AS new FROM found JOIN place"
        " ON ifnull(place.repository, 0) = ifnull(found.repository, 0)"
        " AND ifnull(place.branch, '') = ifnull(iif(found.repository, found.branch, NULL), '')"
        " AND ifnull(place.worktree, 0) = ifnull(found.worktree, 0) AND place.evidence ="
        " iif(found.repository AND found.branch IS NOT NULL, 'transcript', 'none')) AS better"
        " WHERE place = old AND usage.log_place = better.log_place AND usage.claim IS better.claim",
        # HEAD's reflog, where it still exists, outweighs a log's field: it is read again.
        "UPDATE worktree SET stamp = 'lost', placed_second = NULL WHERE id IN (SELECT worktree FROM found)",
        "DROP TABLE found",
    ),
    "log_place": (
        "CREATE TEMP TABLE found AS SELECT DISTINCT usage.place AS place, usage.log_place AS old, place.worktree,"
        " ifnull(path, '') AS path FROM usage JOIN place ON place.id = place"
        " LEFT JOIN worktree ON worktree.id = place.worktree WHERE usage.log_place IN gone",
        "INSERT OR IGNORE INTO directory (path, worktree) SELECT path, worktree FROM found",
        "INSERT OR IGNORE INTO log_place (directory, is_stale) SELECT directory.id, 0 FROM found"
        " JOIN directory ON directory.path = found.path",
        "UPDATE usage SET log_place = new FROM (SELECT found.place, old, log_place.id AS new FROM found"
        " JOIN directory ON directory.path = found.path JOIN log_place ON log_place.directory = directory.id"
        " AND branch IS NULL AND NOT is_stale) AS better WHERE usage.place = better.place AND log_place = old",
        "UPDATE session_total SET log_place = (SELECT log_place FROM usage WHERE session = session_total.session)"
        " WHERE log_place IN gone AND session IN (SELECT session FROM usage)",
        "DROP TABLE found",
    ),
    "claim": (
        "INSERT OR IGNORE INTO claim SELECT gone.id, printf('lost%08d', gone.id), max(repository), max(claim_version),"
        " 'withheld', 0, 0 FROM gone JOIN usage ON usage.claim = gone.id JOIN place ON place.id = place"
        " WHERE repository IS NOT NULL GROUP BY 1",
    ),
}
_ORPHANS = (
    "UPDATE usage SET claim = NULL, claim_version = NULL WHERE claim NOT IN (SELECT id FROM claim)",
    "UPDATE usage SET source = NULL WHERE source NOT IN (SELECT id FROM source)",
    "DELETE FROM claim_version WHERE claim NOT IN (SELECT id FROM claim)",
    "DELETE FROM carrier WHERE claim NOT IN (SELECT id FROM claim)",
    "DELETE FROM tally WHERE source NOT IN (SELECT id FROM source)",
    "DELETE FROM session_total WHERE log_place NOT IN (SELECT id FROM log_place)",
    "DELETE FROM session_copy WHERE usage NOT IN (SELECT id FROM usage) OR session NOT IN (SELECT id FROM session)",
)
"""Tables whose rows have no meaning without the row they refer to."""


def stand_in(connection: sqlite3.Connection) -> dict[str, int]:
    """Create the stand-ins; returns the number of missing rows by table. Every reference is valid afterwards. Runs
    in the caller's transaction, with foreign keys off."""
    lost: dict[str, int] = {}
    connection.execute(_MET)
    for table, named in _NAMED.items():
        connection.execute("CREATE TEMP TABLE gone (id PRIMARY KEY)")
        gone = connection.execute(
            f"INSERT INTO gone SELECT * FROM ({named}) EXCEPT SELECT id FROM {table} EXCEPT SELECT NULL"
        ).rowcount
        if gone:
            lost[table] = gone
            for statement in _STAND_INS[table]:
                connection.execute(statement)
        connection.execute("DROP TABLE gone")
    connection.execute("DROP TABLE met")
    for statement in _ORPHANS:
        connection.execute(statement)
    return lost
