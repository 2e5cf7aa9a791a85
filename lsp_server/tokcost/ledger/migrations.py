"""The ledger's schema, as a growing list of migration steps.

Step N is `mNNN_…` and leaves `PRAGMA user_version` at N, so that the hot path can read the version without sqlite-utils
(only `open.py` imports this module, and only if there is something to do). A released step is never edited: tests
upgrade a dump of every released schema. A new ledger is created from the combined result of all steps (`snapshot.py`).
"""

import re
import sqlite3

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("tokcost")

_USAGE = """
CREATE TABLE usage (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  assistant TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  model TEXT NOT NULL,
  provider TEXT NOT NULL,
  kind TEXT NOT NULL,
  speed TEXT NOT NULL,
  tier TEXT NOT NULL,
  input INTEGER NOT NULL,
  cache_read INTEGER NOT NULL,
  cache_write_5m INTEGER NOT NULL,
  cache_write_1h INTEGER NOT NULL,
  output INTEGER NOT NULL,
  reasoning INTEGER NOT NULL,
  web_searches INTEGER NOT NULL,
  lower_bound INTEGER NOT NULL,
  copy_rank INTEGER NOT NULL,
  weak_key INTEGER NOT NULL,
  session INTEGER NOT NULL REFERENCES session(id),
  directory INTEGER NOT NULL REFERENCES directory(id),
  hint TEXT NOT NULL,
  hint_stale INTEGER NOT NULL,
  repository INTEGER REFERENCES repository(id),
  worktree INTEGER REFERENCES worktree(id),
  branch TEXT,
  evidence TEXT NOT NULL,
  list_cost INTEGER,
  price_state TEXT NOT NULL,
  price TEXT REFERENCES price(id)
) STRICT
"""

_TABLES = (
    """CREATE TABLE repository (
      id INTEGER PRIMARY KEY, common_dir TEXT NOT NULL UNIQUE, root TEXT NOT NULL, fingerprint TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE worktree (
      id INTEGER PRIMARY KEY, repository INTEGER NOT NULL REFERENCES repository(id), path TEXT NOT NULL UNIQUE,
      git_dir TEXT NOT NULL, stamp TEXT NOT NULL DEFAULT '', placed_second INTEGER NOT NULL DEFAULT 0,
      origin_path TEXT NOT NULL DEFAULT '', origin_branch TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    "CREATE TABLE directory (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, worktree INTEGER) STRICT",
    """CREATE TABLE session (
      id INTEGER PRIMARY KEY, assistant TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (name, assistant)
    ) STRICT""",
    """CREATE TABLE source (
      id INTEGER PRIMARY KEY, assistant TEXT NOT NULL, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
      mtime_ns INTEGER NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL, offset INTEGER NOT NULL,
      tail BLOB NOT NULL, state BLOB NOT NULL, problem TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    """CREATE TABLE tally (
      source INTEGER NOT NULL REFERENCES source(id), kind TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL,
      PRIMARY KEY (source, kind, reason)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE price (
      id TEXT PRIMARY KEY, provider TEXT NOT NULL, model TEXT NOT NULL, basis TEXT NOT NULL, body TEXT NOT NULL,
      added_ms INTEGER NOT NULL, current INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE session_total (
      session INTEGER NOT NULL REFERENCES session(id), model TEXT NOT NULL, time_ms INTEGER NOT NULL,
      input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
      cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
      web_searches INTEGER NOT NULL, directory INTEGER NOT NULL, hint TEXT NOT NULL, parents TEXT NOT NULL,
      PRIMARY KEY (session, model, time_ms)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE session_copy (
      session INTEGER NOT NULL, usage INTEGER NOT NULL, PRIMARY KEY (session, usage)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE assignment (
      id INTEGER PRIMARY KEY, made_ms INTEGER NOT NULL, what TEXT NOT NULL, branch TEXT NOT NULL, usage INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE rollup (
      repository INTEGER NOT NULL, branch TEXT NOT NULL, assistant TEXT NOT NULL, model TEXT NOT NULL,
      evidence TEXT NOT NULL, kind TEXT NOT NULL, usage INTEGER NOT NULL, input INTEGER NOT NULL,
      cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL,
      output INTEGER NOT NULL, reasoning INTEGER NOT NULL, list_cost INTEGER NOT NULL, unpriced_tokens INTEGER NOT NULL,
      lower_bound INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
      PRIMARY KEY (repository, branch, assistant, model, evidence, kind)
    ) STRICT, WITHOUT ROWID""",
    _USAGE,
    "CREATE UNIQUE INDEX usage_key ON usage (key, assistant)",
    "CREATE INDEX usage_branch ON usage (repository, branch, time_ms)",
    "CREATE INDEX usage_worktree ON usage (worktree, time_ms)",
    "CREATE INDEX usage_session ON usage (session)",
)


@migrations()
def m001_usage_places_and_prices(db: Database) -> None:
    """Usage with its place and price, the position in each log, and sums per branch."""
    for statement in _TABLES:
        db.conn.execute(statement)
    db.conn.execute("PRAGMA user_version = 1")


_CLAIMS = (
    "ALTER TABLE usage ADD COLUMN claim INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE usage ADD COLUMN claim_version INTEGER NOT NULL DEFAULT 0",
    "DROP INDEX usage_branch",
    "CREATE INDEX usage_branch ON usage (repository, branch, claim, time_ms)",
    "DROP TABLE rollup",
    """CREATE TABLE rollup (
      repository INTEGER NOT NULL, branch TEXT NOT NULL, assistant TEXT NOT NULL, model TEXT NOT NULL,
      evidence TEXT NOT NULL, kind TEXT NOT NULL, claim INTEGER NOT NULL, claim_version INTEGER NOT NULL,
      usage INTEGER NOT NULL, input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
      cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL, list_cost INTEGER NOT NULL,
      unpriced_tokens INTEGER NOT NULL, lower_bound INTEGER NOT NULL, first_ms INTEGER NOT NULL,
      last_ms INTEGER NOT NULL,
      PRIMARY KEY (repository, branch, assistant, model, evidence, kind, claim, claim_version)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX rollup_claim ON rollup (claim) WHERE claim != 0",
    """CREATE TABLE claim (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, repository INTEGER NOT NULL REFERENCES repository(id),
      version INTEGER NOT NULL, fate TEXT NOT NULL DEFAULT '', carried INTEGER NOT NULL DEFAULT 0,
      ever_carried INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "CREATE INDEX claim_repository ON claim (repository, fate, carried)",
    """CREATE TABLE claim_version (
      claim INTEGER NOT NULL REFERENCES claim(id), version INTEGER NOT NULL, cost INTEGER, tokens INTEGER NOT NULL,
      line TEXT NOT NULL, PRIMARY KEY (claim, version)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE carrier (
      claim INTEGER NOT NULL REFERENCES claim(id), version INTEGER NOT NULL, commit_id TEXT NOT NULL,
      PRIMARY KEY (claim, version, commit_id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX carrier_commit ON carrier (commit_id)",
    """CREATE TABLE tip (
      repository INTEGER NOT NULL REFERENCES repository(id), ref TEXT NOT NULL, commit_id TEXT NOT NULL,
      PRIMARY KEY (repository, ref)
    ) STRICT, WITHOUT ROWID""",
    """INSERT INTO rollup SELECT ifnull(repository, 0), ifnull(branch, ''), assistant, model, evidence, kind, 0, 0,
      count(*), sum(input), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output), sum(reasoning),
      ifnull(sum(list_cost), 0),
      sum(iif(list_cost IS NULL, input + cache_read + cache_write_5m + cache_write_1h + output, 0)), sum(lower_bound),
      min(time_ms), max(time_ms) FROM usage GROUP BY 1, 2, 3, 4, 5, 6""",
)


@migrations()
def m002_claims(db: Database) -> None:
    """Claims of usage; versions of claims, the commits that carry them, and the refs at the last refresh."""
    for statement in _CLAIMS:
        db.conn.execute(statement)
    db.conn.execute("PRAGMA user_version = 2")


_OBSERVED = """CREATE TABLE observation (
  git_dir TEXT NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, branch TEXT NOT NULL,
  PRIMARY KEY (git_dir, first_ms)
) STRICT, WITHOUT ROWID"""


@migrations()
def m003_observations(db: Database) -> None:
    """The periods in which the server saw HEAD of a worktree on a branch."""
    db.conn.execute(_OBSERVED)
    db.conn.execute("PRAGMA user_version = 3")


_FOUND = (
    """CREATE TABLE listing (
      reader TEXT NOT NULL, root TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (reader, root)
    ) STRICT""",
    "DELETE FROM setting WHERE name LIKE 'listing: %'",
    "CREATE INDEX source_problem ON source (path) WHERE problem != ''",
)


@migrations()
def m004_listings(db: Database) -> None:
    """Move the listings of each root of logs into a table of their own; find files with a problem by an index."""
    for statement in _FOUND:
        db.conn.execute(statement)
    db.conn.execute("PRAGMA user_version = 4")


# CROSS JOIN keeps SQLite from reordering: usage is read once, and each dimension is found by its unique index.
_COMPACT = (
    """CREATE TABLE assistant (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE -- the reader's name, for example claude-code
) STRICT""",
    """CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  assistant INTEGER NOT NULL REFERENCES assistant(id),
  model TEXT NOT NULL, -- as the log has it
  provider TEXT NOT NULL, -- as the log has it; '' lets prices infer it
  kind TEXT NOT NULL CHECK (kind IN ('response', 'partial', 'unlogged', 'advisor', 'fallback')),
  speed TEXT NOT NULL, -- '' is the standard one
  tier TEXT NOT NULL, -- '' is the standard one
  price_state TEXT NOT NULL CHECK (price_state IN ('priced', 'estimated', 'included', 'free', 'unpriced')),
  price TEXT REFERENCES price(id) -- the rate cards it was priced with
) STRICT""",
    """CREATE UNIQUE INDEX series_content
  ON series (assistant, model, provider, kind, speed, tier, price_state, ifnull(price, ''))""",
    """CREATE TABLE place (
  id INTEGER PRIMARY KEY,
  repository INTEGER REFERENCES repository(id), -- NULL: in no repository
  worktree INTEGER REFERENCES worktree(id),
  branch TEXT CHECK (branch != ''), -- NULL: on no branch, or on an unknown one
  evidence TEXT NOT NULL
    CHECK (evidence IN ('observed', 'reflog', 'transcript', 'carried', 'assigned', 'none'))
) STRICT""",
    """CREATE UNIQUE INDEX place_content
  ON place (ifnull(repository, 0), ifnull(branch, ''), ifnull(worktree, 0), evidence)""",
    "CREATE INDEX place_worktree ON place (worktree)",
    """CREATE TABLE log_place (
  id INTEGER PRIMARY KEY,
  directory INTEGER NOT NULL REFERENCES directory(id), -- the assistant's working directory
  branch TEXT CHECK (branch != ''), -- the assistant's own branch field
  is_stale INTEGER NOT NULL CHECK (is_stale IN (0, 1)) -- HEAD is likely to have moved since that field was taken
) STRICT""",
    "CREATE UNIQUE INDEX log_place_content ON log_place (directory, ifnull(branch, ''), is_stale)",
    """CREATE TABLE source_5 (
  id INTEGER PRIMARY KEY,
  assistant TEXT NOT NULL, -- the reader's name
  path TEXT NOT NULL,
  size INTEGER NOT NULL, -- bytes when it was read
  mtime_ns INTEGER NOT NULL, -- when it had been written; the least integer: it is to be read again
  cursor BLOB NOT NULL, -- where its reader goes on; opaque
  consumed INTEGER NOT NULL, -- bytes read so far
  problem TEXT, -- why it could not be read
  UNIQUE (path, assistant)
) STRICT""",
    """INSERT INTO source_5
  SELECT id, assistant, path, max(size, 0), iif(size < 0, -9223372036854775808, mtime_ns),
    tokcost_cursor(offset, tail, state), max(offset, 0), nullif(problem, '') FROM source""",
    """CREATE TABLE tally_5 (
  source INTEGER NOT NULL REFERENCES source(id),
  kind TEXT NOT NULL CHECK (kind IN ('skipped', 'duplicate')),
  reason TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (source, kind, reason)
) STRICT, WITHOUT ROWID""",
    "INSERT INTO tally_5 SELECT source, kind, reason, max(count, 0) FROM tally",
    "DROP TABLE tally",
    "DROP TABLE source",
    "ALTER TABLE source_5 RENAME TO source",
    "ALTER TABLE tally_5 RENAME TO tally",
    "CREATE INDEX source_problem ON source (path) WHERE problem IS NOT NULL",
    """CREATE TABLE claim_5 (
  id INTEGER PRIMARY KEY, -- larger is newer
  name TEXT NOT NULL UNIQUE, -- the published id
  repository INTEGER NOT NULL REFERENCES repository(id),
  version INTEGER NOT NULL CHECK (version >= 0), -- the newest; 0 before the first was proposed
  fate TEXT CHECK (fate IN ('withheld', 'bound')), -- what its owner decided; NULL: it may be published
  carried INTEGER NOT NULL DEFAULT 0 CHECK (carried >= 0), -- the newest version on any ref; 0: none
  ever_carried INTEGER NOT NULL DEFAULT 0 CHECK (ever_carried >= 0)
) STRICT""",
    "INSERT INTO claim_5 SELECT id, name, repository, version, nullif(fate, ''), carried, ever_carried FROM claim",
    """CREATE TABLE claim_version_5 (
  claim INTEGER NOT NULL REFERENCES claim(id) ON DELETE CASCADE,
  version INTEGER NOT NULL CHECK (version > 0),
  cost INTEGER, -- nano-dollars as published; NULL: unpriced
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  line TEXT NOT NULL,
  PRIMARY KEY (claim, version)
) STRICT, WITHOUT ROWID""",
    "INSERT INTO claim_version_5 SELECT claim, version, cost, tokens, line FROM claim_version",
    """CREATE TABLE carrier_5 (
  claim INTEGER NOT NULL REFERENCES claim(id) ON DELETE CASCADE,
  version INTEGER NOT NULL CHECK (version > 0),
  commit_id TEXT NOT NULL,
  PRIMARY KEY (claim, version, commit_id)
) STRICT, WITHOUT ROWID""",
    "INSERT INTO carrier_5 SELECT claim, version, commit_id FROM carrier",
    "DROP TABLE claim_version",
    "DROP TABLE carrier",
    "DROP TABLE claim",
    "ALTER TABLE claim_5 RENAME TO claim",
    "ALTER TABLE claim_version_5 RENAME TO claim_version",
    "ALTER TABLE carrier_5 RENAME TO carrier",
    "CREATE INDEX claim_repository ON claim (repository, fate, carried)",
    "CREATE INDEX carrier_commit ON carrier (commit_id)",
    "INSERT INTO assistant (name) SELECT assistant FROM usage UNION SELECT assistant FROM session",
    """INSERT INTO series (assistant, model, provider, kind, speed, tier, price_state, price)
  SELECT DISTINCT assistant.id, model, provider, {kind}, speed, tier, {price_state}, {price}
  FROM usage JOIN assistant ON assistant.name = usage.assistant""",
    """INSERT INTO place (repository, worktree, branch, evidence)
  SELECT DISTINCT repository, worktree, nullif(branch, ''), {evidence} FROM usage""",
    """INSERT INTO log_place (directory, branch, is_stale)
  SELECT DISTINCT directory, nullif(hint, ''), hint_stale != 0 FROM usage
  UNION SELECT directory, nullif(hint, ''), 0 FROM session_total""",
    """CREATE TABLE usage_5 (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL, -- identity of the response within its assistant
  assistant INTEGER NOT NULL REFERENCES assistant(id),
  series INTEGER NOT NULL REFERENCES series(id), -- by what it was made, and how it is priced
  place INTEGER NOT NULL REFERENCES place(id), -- where it belongs
  log_place INTEGER NOT NULL REFERENCES log_place(id), -- where its log says it was made
  session INTEGER NOT NULL REFERENCES session(id),
  source INTEGER REFERENCES source(id), -- what it was read from; NULL: derived, or recorded before schema 5
  time_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  input INTEGER NOT NULL CHECK (input >= 0),
  cache_read INTEGER NOT NULL CHECK (cache_read >= 0),
  cache_write_5m INTEGER NOT NULL CHECK (cache_write_5m >= 0),
  cache_write_1h INTEGER NOT NULL CHECK (cache_write_1h >= 0),
  output INTEGER NOT NULL CHECK (output >= 0), -- reasoning included
  reasoning INTEGER NOT NULL CHECK (reasoning >= 0), -- a part of output
  tokens INTEGER AS (input + cache_read + cache_write_5m + cache_write_1h + output) VIRTUAL,
  web_searches INTEGER NOT NULL CHECK (web_searches >= 0),
  lower_bound INTEGER NOT NULL CHECK (lower_bound IN (0, 1)), -- the true output is at least this
  copy_rank INTEGER NOT NULL CHECK (copy_rank BETWEEN 0 AND 2), -- 0 original, 1 cannot be told, 2 known copy
  weak_key INTEGER NOT NULL CHECK (weak_key IN (0, 1)), -- the key is unique within its session alone
  moves_head INTEGER NOT NULL DEFAULT 0 CHECK (moves_head IN (0, 1)), -- its own tool moved HEAD afterwards
  estimated INTEGER NOT NULL DEFAULT 0 CHECK (estimated IN (0, 1)), -- no provider told the counts
  request_id TEXT CHECK (request_id != ''), -- the provider's, where it is not in key
  list_cost INTEGER CHECK (list_cost >= 0), -- nano-dollars; NULL: unpriced
  reported_cost INTEGER CHECK (reported_cost >= 0), -- nano-dollars as the assistant says, never counted
  claim INTEGER REFERENCES claim(id), -- NULL: pending, or unplaced
  claim_version INTEGER CHECK (claim_version > 0), -- the version of the claim that it came into
  CHECK ((claim IS NULL) = (claim_version IS NULL))
) STRICT""",
    """INSERT INTO usage_5 (id, key, assistant, series, place, log_place, session, time_ms, input, cache_read,
    cache_write_5m, cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key, list_cost,
    claim, claim_version)
  SELECT usage.id, key, assistant.id, series.id, place.id, log_place.id, session, time_ms, max(input, 0),
    max(cache_read, 0), max(cache_write_5m, 0), max(cache_write_1h, 0), max(output, 0), max(reasoning, 0),
    max(web_searches, 0), lower_bound != 0, min(max(copy_rank, 0), 2), weak_key != 0,
    iif(list_cost < 0, NULL, list_cost),
    iif(claim > 0 AND claim_version > 0, claim, NULL), iif(claim > 0 AND claim_version > 0, claim_version, NULL)
  FROM usage
  CROSS JOIN assistant ON assistant.name = usage.assistant
  CROSS JOIN series ON series.assistant = assistant.id AND series.model = usage.model
    AND series.provider = usage.provider AND series.kind = {kind} AND series.speed = usage.speed
    AND series.tier = usage.tier AND series.price_state = {price_state}
    AND ifnull(series.price, '') = ifnull({price}, '')
  CROSS JOIN place ON ifnull(place.repository, 0) = ifnull(usage.repository, 0)
    AND ifnull(place.branch, '') = ifnull(usage.branch, '') AND ifnull(place.worktree, 0) = ifnull(usage.worktree, 0)
    AND place.evidence = {evidence}
  CROSS JOIN log_place ON log_place.directory = usage.directory
    AND ifnull(log_place.branch, '') = ifnull(usage.hint, '') AND log_place.is_stale = (usage.hint_stale != 0)
  ORDER BY usage.id""",
    """CREATE TABLE session_total_5 (
  session INTEGER NOT NULL REFERENCES session(id),
  model TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
  cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
  web_searches INTEGER NOT NULL,
  log_place INTEGER NOT NULL REFERENCES log_place(id),
  parents TEXT NOT NULL, -- JSON list of the sessions whose history this one was forked from
  PRIMARY KEY (session, model, time_ms)
) STRICT, WITHOUT ROWID""",
    """INSERT INTO session_total_5 SELECT session, model, time_ms, input, cache_read, cache_write_5m, cache_write_1h,
    output, reasoning, web_searches, log_place.id, parents FROM session_total
  JOIN log_place ON log_place.directory = session_total.directory AND ifnull(log_place.branch, '') = ifnull(hint, '')
    AND NOT is_stale""",
    """CREATE TABLE session_copy_5 (
  session INTEGER NOT NULL REFERENCES session(id), -- its files repeat
  usage INTEGER NOT NULL REFERENCES usage(id) ON DELETE CASCADE, -- this usage of another session
  PRIMARY KEY (session, usage)
) STRICT, WITHOUT ROWID""",
    "INSERT INTO session_copy_5 SELECT session, usage FROM session_copy WHERE usage IN (SELECT id FROM usage_5)",
    "DROP TABLE session_copy",
    "DROP TABLE session_total",
    "DROP TABLE rollup",
    "DROP TABLE usage",
    "ALTER TABLE usage_5 RENAME TO usage",
    "ALTER TABLE session_total_5 RENAME TO session_total",
    "ALTER TABLE session_copy_5 RENAME TO session_copy",
    "CREATE INDEX session_copy_usage ON session_copy (usage)",
    "CREATE UNIQUE INDEX usage_key ON usage (key, assistant)",
    "CREATE INDEX usage_place ON usage (place, time_ms)",
    "CREATE INDEX usage_pending ON usage (place, time_ms) WHERE claim IS NULL",
    "CREATE INDEX usage_claim ON usage (claim, claim_version) WHERE claim IS NOT NULL",
    "CREATE INDEX usage_session ON usage (session)",
    """CREATE TABLE rollup (
  place INTEGER NOT NULL REFERENCES place(id),
  series INTEGER NOT NULL REFERENCES series(id),
  claim INTEGER REFERENCES claim(id) ON DELETE CASCADE,
  claim_version INTEGER,
  usage INTEGER NOT NULL, -- number of responses
  input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
  cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
  tokens INTEGER AS (input + cache_read + cache_write_5m + cache_write_1h + output) VIRTUAL,
  list_cost INTEGER NOT NULL, -- nano-dollars of what has a price
  unpriced_tokens INTEGER NOT NULL,
  lower_bound INTEGER NOT NULL,
  first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL
) STRICT""",
    """CREATE UNIQUE INDEX rollup_group
  ON rollup (place, series, ifnull(claim, 0), ifnull(claim_version, 0))""",
    "CREATE INDEX rollup_claim ON rollup (claim) WHERE claim IS NOT NULL",
    """INSERT INTO rollup (place, series, claim, claim_version, usage, input, cache_read, cache_write_5m,
    cache_write_1h, output, reasoning, list_cost, unpriced_tokens, lower_bound, first_ms, last_ms)
  SELECT place, series, claim, claim_version, count(*), sum(input), sum(cache_read), sum(cache_write_5m),
    sum(cache_write_1h), sum(output), sum(reasoning), ifnull(sum(list_cost), 0),
    sum(iif(list_cost IS NULL, tokens, 0)), sum(lower_bound), min(time_ms), max(time_ms)
  FROM usage GROUP BY place, series, claim, claim_version""",
    """CREATE VIEW usage_row AS
  SELECT usage.id, key, assistant.name AS assistant, time_ms, model, provider, kind, speed, tier, input, cache_read,
    cache_write_5m, cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key, moves_head,
    estimated, request_id, reported_cost, session.name AS session, directory.path AS directory,
    log_place.branch AS hint, is_stale AS hint_stale, repository, place.worktree, place.branch, evidence, list_cost,
    price_state, price, claim, claim_version, source, tokens, usage.place AS place_id, usage.series AS series_id,
    usage.session AS session_id
  FROM usage
  JOIN assistant ON assistant.id = usage.assistant
  JOIN series ON series.id = usage.series
  JOIN place ON place.id = usage.place
  JOIN log_place ON log_place.id = usage.log_place
  JOIN directory ON directory.id = log_place.directory
  JOIN session ON session.id = usage.session""",
    """CREATE VIEW rollup_row AS
  SELECT repository, branch, assistant.name AS assistant, model, evidence, kind, rollup.*
  FROM rollup
  JOIN place ON place.id = rollup.place
  JOIN series ON series.id = rollup.series
  JOIN assistant ON assistant.id = series.assistant""",
)
"""A row of usage refers to repeated values by number: how it was made (series), where it belongs (place), where its
log says it was made (log_place). Unknown words and negative numbers, which nothing checked before, become the
nearest allowed value."""
_ALLOWED = {
    "price": "(SELECT price.id FROM price WHERE price.id = usage.price)",
    "kind": "iif(usage.kind IN ('response', 'partial', 'unlogged', 'advisor', 'fallback'), usage.kind, 'response')",
    "price_state": "iif(usage.price_state IN ('priced', 'estimated', 'included', 'free', 'unpriced'),"
    " usage.price_state, iif(usage.list_cost IS NULL, 'unpriced', 'priced'))",
    "evidence": "iif(usage.evidence IN ('observed', 'reflog', 'transcript', 'carried', 'assigned', 'none'),"
    " usage.evidence, 'none')",
}


@migrations()
def m005_series_and_places(db: Database) -> None:
    """Constraints that hold, no text twice, one way to say none, and of each usage what it was read from."""
    db.conn.create_function("tokcost_cursor", 3, _cursor, deterministic=True)
    for statement in _COMPACT:
        filled = statement
        for word, expression in _ALLOWED.items():
            filled = filled.replace(f"{{{word}}}", expression)
        db.conn.execute(filled)
    db.conn.execute("PRAGMA user_version = 5")


def _cursor(offset: int, tail: bytes, state: bytes) -> bytes:
    """The cursor for a reader of lines (`readers/sources/new_lines.py`); completely read files have none."""
    return offset.to_bytes(8, "little") + bytes([len(tail)]) + tail + state if tail and offset >= 0 else b""


_GEO = (
    "ALTER TABLE series ADD COLUMN geo TEXT NOT NULL DEFAULT ''",
    "DROP INDEX series_content",
    """CREATE UNIQUE INDEX series_content
  ON series (assistant, model, provider, kind, speed, tier, geo, price_state, ifnull(price, ''))""",
    "DROP VIEW usage_row",
    """CREATE VIEW usage_row AS
  SELECT usage.id, key, assistant.name AS assistant, time_ms, model, provider, kind, speed, tier, geo, input,
    cache_read, cache_write_5m, cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key,
    moves_head, estimated, request_id, reported_cost, session.name AS session, directory.path AS directory,
    log_place.branch AS hint, is_stale AS hint_stale, repository, place.worktree, place.branch, evidence, list_cost,
    price_state, price, claim, claim_version, source, tokens, usage.place AS place_id, usage.series AS series_id,
    usage.session AS session_id
  FROM usage
  JOIN assistant ON assistant.id = usage.assistant
  JOIN series ON series.id = usage.series
  JOIN place ON place.id = usage.place
  JOIN log_place ON log_place.id = usage.log_place
  JOIN directory ON directory.id = log_place.directory
  JOIN session ON session.id = usage.session""",
)


@migrations()
def m006_geo(db: Database) -> None:
    """The region in which the provider kept the inference of a series; '' is unrestricted."""
    for statement in _GEO:
        db.conn.execute(statement)
    db.conn.execute("PRAGMA user_version = 6")


_ESTIMATES = (
    "DROP INDEX usage_pending",
    "CREATE INDEX usage_pending ON usage (place, estimated, time_ms) WHERE claim IS NULL",
    "CREATE INDEX usage_estimated ON usage (place, time_ms) WHERE estimated = 1",
)


@migrations()
def m007_estimates(db: Database) -> None:
    """Index usage with estimated counts, so that it can be found or left out without reading other usage."""
    for statement in _ESTIMATES:
        db.conn.execute(statement)
    db.conn.execute("PRAGMA user_version = 7")


_FACTORS = (
    "ALTER TABLE series ADD COLUMN factor_percent INTEGER NOT NULL DEFAULT 0 CHECK (factor_percent >= 0)",
    """UPDATE series SET factor_percent = tokcost_factor(model)
  WHERE assistant IN (SELECT id FROM assistant WHERE name IN ('copilot-chat-text', 'cursor-text'))""",
    "DROP INDEX series_content",
    """CREATE UNIQUE INDEX series_content
  ON series (assistant, model, provider, kind, speed, tier, geo, factor_percent, price_state, ifnull(price, ''))""",
    "DROP VIEW usage_row",
    """CREATE VIEW usage_row AS
  SELECT usage.id, key, assistant.name AS assistant, time_ms, model, provider, kind, speed, tier, geo, input,
    cache_read, cache_write_5m, cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key,
    moves_head, estimated, factor_percent, request_id, reported_cost, session.name AS session,
    directory.path AS directory, log_place.branch AS hint, is_stale AS hint_stale, repository, place.worktree,
    place.branch, evidence, list_cost, price_state, price, claim, claim_version, source, tokens,
    usage.place AS place_id, usage.series AS series_id, usage.session AS session_id
  FROM usage
  JOIN assistant ON assistant.id = usage.assistant
  JOIN series ON series.id = usage.series
  JOIN place ON place.id = usage.place
  JOIN log_place ON log_place.id = usage.log_place
  JOIN directory ON directory.id = log_place.directory
  JOIN session ON session.id = usage.session""",
)


@migrations()
def m008_factors(db: Database) -> None:
    """The factor by which tokens counted in text were multiplied; 0 if we did not count the tokens."""
    db.conn.create_function("tokcost_factor", 1, _factor_of_schema_7, deterministic=True)
    for statement in _FACTORS:
        db.conn.execute(statement)
    db.conn.execute("PRAGMA user_version = 8")


# Frozen: these are the factors of the version that recorded the usage, whatever the present rule is.
def _factor_of_schema_7(model: str) -> int:
    """The percentage that was applied to a model's name before it was recorded."""
    if "claude" not in model.lower():
        return 100
    version = re.search(r"(?<![0-9])([0-9]{1,2})(?![0-9])(?:[.-]([0-9]{1,2})(?![0-9]))?", model)
    return 153 if version is None or (int(version[1]), int(version[2] or 0)) >= (4, 7) else 118


_SUBAGENTS = (
    "ALTER TABLE series ADD COLUMN subagent INTEGER NOT NULL DEFAULT 0 CHECK (subagent IN (0, 1))",
    "DROP INDEX series_content",
    """CREATE UNIQUE INDEX series_content
  ON series (assistant, model, provider, kind, speed, tier, geo, factor_percent, subagent, price_state,
    ifnull(price, ''))""",
    "DROP VIEW usage_row",
    """CREATE VIEW usage_row AS
  SELECT usage.id, key, assistant.name AS assistant, time_ms, model, provider, kind, speed, tier, geo, input,
    cache_read, cache_write_5m, cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key,
    moves_head, estimated, factor_percent, subagent, request_id, reported_cost, session.name AS session,
    directory.path AS directory, log_place.branch AS hint, is_stale AS hint_stale, repository, place.worktree,
    place.branch, evidence, list_cost, price_state, price, claim, claim_version, source, tokens,
    usage.place AS place_id, usage.series AS series_id, usage.session AS session_id
  FROM usage
  JOIN assistant ON assistant.id = usage.assistant
  JOIN series ON series.id = usage.series
  JOIN place ON place.id = usage.place
  JOIN log_place ON log_place.id = usage.log_place
  JOIN directory ON directory.id = log_place.directory
  JOIN session ON session.id = usage.session""",
)


@migrations()
def m009_subagents(db: Database) -> None:
    """Whether a sub-agent made the responses of a series, according to logs; for older usage, only paths show it."""
    for statement in _SUBAGENTS:
        db.conn.execute(statement)
    db.conn.execute("PRAGMA user_version = 9")


_NONE = (
    # First of all: renaming a table fails while a view names one that does not exist at that moment.
    "DROP VIEW usage_row",
    "DROP VIEW rollup_row",
    """CREATE TABLE repository_10 ( -- a clone, with all its worktrees
  id INTEGER PRIMARY KEY,
  common_dir TEXT NOT NULL UNIQUE, -- path of its git folder, which its worktrees share
  root TEXT NOT NULL, -- path under which it is shown
  fingerprint TEXT CHECK (fingerprint != '') -- recognises a moved clone; NULL: unknown
) STRICT""",
    "INSERT INTO repository_10 SELECT id, common_dir, root, nullif(fingerprint, '') FROM repository",
    """CREATE TABLE worktree_10 ( -- a worktree of a clone, remembered after it is gone
  id INTEGER PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repository(id),
  path TEXT NOT NULL UNIQUE, -- its root folder; of one that another has replaced, with a mark behind it
  git_dir TEXT CHECK (git_dir != ''), -- path of its own git folder; NULL: it was gone when found, or lost
  stamp TEXT CHECK (stamp != ''), -- state of its HEAD reflog when its usage was last placed; NULL: never placed
  placed_second INTEGER, -- newest entry of that reflog, in seconds since 1970-01-01 UTC; NULL as for stamp
  origin_path TEXT CHECK (origin_path != ''), -- path it was created from; NULL: no assistant created it for itself
  origin_branch TEXT CHECK (origin_branch != '') -- branch it was created from; NULL: none, or purged
) STRICT""",
    """INSERT INTO worktree_10 SELECT id, repository, path, nullif(git_dir, ''), nullif(stamp, ''),
    nullif(placed_second, 0), nullif(origin_path, ''), nullif(origin_branch, '') FROM worktree""",
    """CREATE TABLE directory_10 ( -- a working directory of an assistant
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE, -- '' stands for usage whose log names none: it is a key
  worktree INTEGER -- the worktree that it is in, or was in before it was deleted; NULL: in none
) STRICT""",
    "INSERT INTO directory_10 SELECT id, path, worktree FROM directory",
    """CREATE TABLE session_10 ( -- a conversation with an assistant
  id INTEGER PRIMARY KEY,
  assistant TEXT NOT NULL, -- the reader's name
  name TEXT NOT NULL, -- the assistant's own id; '' stands for usage whose log names none: it is a key
  UNIQUE (name, assistant)
) STRICT""",
    "INSERT INTO session_10 SELECT id, assistant, name FROM session",
    """CREATE TABLE price_10 ( -- the rate cards of a model; only added, never changed
  id TEXT PRIMARY KEY, -- hash of the content
  provider TEXT CHECK (provider != ''), -- as logged; NULL: the log has none
  model TEXT NOT NULL, -- as logged
  basis TEXT CHECK (basis != ''), -- the price source and its version; NULL: a stand-in for a lost row
  body TEXT CHECK (body != ''), -- the cards as JSON (pricing/cards.py); NULL as for basis
  added_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  current INTEGER NOT NULL -- 1: prices new usage of the model
) STRICT, WITHOUT ROWID""",
    """INSERT INTO price_10 SELECT id, nullif(provider, ''), model, nullif(basis, ''), nullif(body, ''), added_ms,
    current FROM price""",
    """CREATE TABLE setting_10 ( -- facts that the ledger remembers about itself and its repositories
  name TEXT PRIMARY KEY, -- in words, with the number of the repository if it is about one
  value TEXT NOT NULL -- '' is a text like any other; without a value there is no row
) STRICT, WITHOUT ROWID""",
    "INSERT INTO setting_10 SELECT name, value FROM setting",
    """CREATE TABLE assignment_10 ( -- usage that the user moved by hand
  id INTEGER PRIMARY KEY,
  made_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  what TEXT NOT NULL, -- the selection, as the user gave it
  branch TEXT CHECK (branch != ''), -- the branch it was moved to; NULL: to none
  usage INTEGER NOT NULL -- number of responses
) STRICT""",
    "INSERT INTO assignment_10 SELECT id, made_ms, what, nullif(branch, ''), usage FROM assignment",
    """CREATE TABLE tip_10 ( -- the refs at the last look for claims in messages
  repository INTEGER NOT NULL REFERENCES repository(id),
  ref TEXT NOT NULL, -- its whole name, or the path of a HEAD that is on no branch
  commit_id TEXT NOT NULL, -- the commit that it named
  PRIMARY KEY (repository, ref)
) STRICT, WITHOUT ROWID""",
    "INSERT INTO tip_10 SELECT repository, ref, commit_id FROM tip",
    """CREATE TABLE observation_10 ( -- a period in which the server saw HEAD of a worktree unchanged
  git_dir TEXT NOT NULL, -- path of the worktree's own git folder
  first_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  last_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  branch TEXT CHECK (branch != ''), -- NULL: on no branch
  PRIMARY KEY (git_dir, first_ms)
) STRICT, WITHOUT ROWID""",
    "INSERT INTO observation_10 SELECT git_dir, first_ms, last_ms, nullif(branch, '') FROM observation",
    """CREATE TABLE listing_10 ( -- folders and files below a root of logs, so that unchanged ones are not listed again
  reader TEXT NOT NULL, -- the reader's name
  root TEXT NOT NULL, -- path
  data BLOB NOT NULL, -- as usage/change_detection.py writes it
  PRIMARY KEY (reader, root)
) STRICT""",
    "INSERT INTO listing_10 SELECT reader, root, data FROM listing",
    """CREATE TABLE series_10 ( -- how responses were made, and how they are priced
  id INTEGER PRIMARY KEY,
  assistant INTEGER NOT NULL REFERENCES assistant(id),
  model TEXT NOT NULL, -- as the log has it
  provider TEXT CHECK (provider != ''), -- as the log has it; NULL: prices infer it
  kind TEXT NOT NULL -- the response itself, a broken-off one, one that left no line, or one made for another
    CHECK (kind IN ('response', 'partial', 'unlogged', 'advisor', 'fallback')),
  speed TEXT CHECK (speed != ''), -- NULL: the standard one
  tier TEXT CHECK (tier != ''), -- NULL: the standard one
  price_state TEXT NOT NULL CHECK (price_state IN ('priced', 'estimated', 'included', 'free', 'unpriced')),
    -- how sure its list cost is
  price TEXT REFERENCES price(id), -- the rate cards it was priced with; NULL: none
  geo TEXT DEFAULT NULL CHECK (geo != ''), -- where the provider kept the inference; NULL: anywhere
  factor_percent INTEGER DEFAULT NULL CHECK (factor_percent > 0),
    -- by which tokens that we counted in text were multiplied; NULL: we did not count them
  subagent INTEGER NOT NULL DEFAULT 0 CHECK (subagent IN (0, 1)) -- 1: its log says that a sub-agent made it
) STRICT""",
    """INSERT INTO series_10 SELECT id, assistant, model, nullif(provider, ''), kind, nullif(speed, ''),
    nullif(tier, ''), price_state, price, nullif(geo, ''), nullif(factor_percent, 0), subagent FROM series""",
    """CREATE TABLE source_10 ( -- a file or store of logs
  id INTEGER PRIMARY KEY,
  assistant TEXT NOT NULL, -- the reader's name
  path TEXT NOT NULL, -- of the file
  size INTEGER NOT NULL, -- bytes when it was read
  mtime_ns INTEGER NOT NULL, -- when it had been written; the least integer: it is to be read again
  cursor BLOB CHECK (cursor != x''), -- where its reader continues; opaque; NULL: at the beginning
  consumed INTEGER NOT NULL, -- bytes read so far
  problem TEXT CHECK (problem != ''), -- why it could not be read; NULL: it could
  UNIQUE (path, assistant)
) STRICT""",
    """INSERT INTO source_10 SELECT id, assistant, path, size, mtime_ns, nullif(cursor, x''), consumed,
    nullif(problem, '') FROM source""",
    *(
        statement
        for table in (
            *("repository", "worktree", "directory", "session", "price", "setting", "assignment", "tip"),
            *("observation", "listing", "series", "source"),
        )
        for statement in (f"DROP TABLE {table}", f"ALTER TABLE {table}_10 RENAME TO {table}")
    ),
    """CREATE UNIQUE INDEX series_content
  ON series (assistant, model, ifnull(provider, ''), kind, ifnull(speed, ''), ifnull(tier, ''), ifnull(geo, ''),
    ifnull(factor_percent, 0), subagent, price_state, ifnull(price, ''))""",
    "CREATE INDEX source_problem ON source (path) WHERE problem IS NOT NULL",
    """CREATE VIEW usage_row AS
  SELECT usage.id, key, assistant.name AS assistant, time_ms, model, provider, kind, speed, tier, geo, input,
    cache_read, cache_write_5m, cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key,
    moves_head, estimated, factor_percent, subagent, request_id, reported_cost, session.name AS session,
    directory.path AS directory, log_place.branch AS hint, is_stale AS hint_stale, repository, place.worktree,
    place.branch, evidence, list_cost, price_state, price, claim, claim_version, source, tokens,
    usage.place AS place_id, usage.series AS series_id, usage.session AS session_id
  FROM usage
  JOIN assistant ON assistant.id = usage.assistant
  JOIN series ON series.id = usage.series
  JOIN place ON place.id = usage.place
  JOIN log_place ON log_place.id = usage.log_place
  JOIN directory ON directory.id = log_place.directory
  JOIN session ON session.id = usage.session""",
    """CREATE VIEW rollup_row AS
  SELECT repository, branch, assistant.name AS assistant, model, evidence, kind, rollup.*
  FROM rollup
  JOIN place ON place.id = rollup.place
  JOIN series ON series.id = rollup.series
  JOIN assistant ON assistant.id = series.assistant""",
)


@migrations()
def m010_one_none(db: Database) -> None:
    """NULL for everything that is none; '' only in keys, since NULLs differ from each other. Comments beside columns.

    Columns keep their order, because a rescue reads the pages of all versions since 5 in the newest shape.
    """
    for statement in _NONE:
        db.conn.execute(statement)
    db.conn.execute("PRAGMA user_version = 10")


def apply(connection: sqlite3.Connection, version: int | None = None) -> None:
    """Upgrade a database to a version of the schema, by default the newest. The caller holds the write lock or is
    alone with the file."""
    # Foreign keys are still off (`open.py`): DROP TABLE deletes all rows first, and their deletion would cascade to
    # other tables (https://sqlite.org/foreignkeys.html).
    database = Database(connection)
    steps = migrations.pending(database)
    last = None if version is None else next((one.name for one in steps if int(one.name[1:4]) > version), None)
    migrations.apply(database, stop_before=last)
