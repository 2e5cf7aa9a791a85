BEGIN;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TABLE repository (
      id INTEGER PRIMARY KEY, common_dir TEXT NOT NULL UNIQUE, root TEXT NOT NULL, fingerprint TEXT NOT NULL
    ) STRICT;
CREATE TABLE worktree (
      id INTEGER PRIMARY KEY, repository INTEGER NOT NULL REFERENCES repository(id), path TEXT NOT NULL UNIQUE,
      git_dir TEXT NOT NULL, stamp TEXT NOT NULL DEFAULT '', placed_second INTEGER NOT NULL DEFAULT 0,
      origin_path TEXT NOT NULL DEFAULT '', origin_branch TEXT NOT NULL DEFAULT ''
    ) STRICT;
CREATE TABLE directory (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, worktree INTEGER) STRICT;
CREATE TABLE session (
      id INTEGER PRIMARY KEY, assistant TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (name, assistant)
    ) STRICT;
CREATE TABLE price (
      id TEXT PRIMARY KEY, provider TEXT NOT NULL, model TEXT NOT NULL, basis TEXT NOT NULL, body TEXT NOT NULL,
      added_ms INTEGER NOT NULL, current INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE assignment (
      id INTEGER PRIMARY KEY, made_ms INTEGER NOT NULL, what TEXT NOT NULL, branch TEXT NOT NULL, usage INTEGER NOT NULL
    ) STRICT;
CREATE TABLE tip (
      repository INTEGER NOT NULL REFERENCES repository(id), ref TEXT NOT NULL, commit_id TEXT NOT NULL,
      PRIMARY KEY (repository, ref)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE observation (
  git_dir TEXT NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, branch TEXT NOT NULL,
  PRIMARY KEY (git_dir, first_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE listing (
      reader TEXT NOT NULL, root TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (reader, root)
    ) STRICT;
CREATE TABLE assistant (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE -- the reader's name, for example claude-code
) STRICT;
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  assistant INTEGER NOT NULL REFERENCES assistant(id),
  model TEXT NOT NULL, -- as the log has it
  provider TEXT NOT NULL, -- as the log has it; '' lets prices infer it
  kind TEXT NOT NULL CHECK (kind IN ('response', 'partial', 'unlogged', 'advisor', 'fallback')),
  speed TEXT NOT NULL, -- '' is the standard one
  tier TEXT NOT NULL, -- '' is the standard one
  price_state TEXT NOT NULL CHECK (price_state IN ('priced', 'estimated', 'included', 'free', 'unpriced')),
  price TEXT REFERENCES price(id) -- the rate cards it was priced with
, geo TEXT NOT NULL DEFAULT '', factor_percent INTEGER NOT NULL DEFAULT 0 CHECK (factor_percent >= 0), subagent INTEGER NOT NULL DEFAULT 0 CHECK (subagent IN (0, 1))) STRICT;
CREATE TABLE place (
  id INTEGER PRIMARY KEY,
  repository INTEGER REFERENCES repository(id), -- NULL: in no repository
  worktree INTEGER REFERENCES worktree(id),
  branch TEXT CHECK (branch != ''), -- NULL: on no branch, or on an unknown one
  evidence TEXT NOT NULL
    CHECK (evidence IN ('observed', 'reflog', 'transcript', 'carried', 'assigned', 'none'))
) STRICT;
CREATE UNIQUE INDEX place_content
  ON place (ifnull(repository, 0), ifnull(branch, ''), ifnull(worktree, 0), evidence);
CREATE INDEX place_worktree ON place (worktree);
CREATE TABLE log_place (
  id INTEGER PRIMARY KEY,
  directory INTEGER NOT NULL REFERENCES directory(id), -- the assistant's working directory
  branch TEXT CHECK (branch != ''), -- the assistant's own branch field
  is_stale INTEGER NOT NULL CHECK (is_stale IN (0, 1)) -- HEAD is likely to have moved since that field was taken
) STRICT;
CREATE UNIQUE INDEX log_place_content ON log_place (directory, ifnull(branch, ''), is_stale);
CREATE TABLE "source" (
  id INTEGER PRIMARY KEY,
  assistant TEXT NOT NULL, -- the reader's name
  path TEXT NOT NULL,
  size INTEGER NOT NULL, -- bytes when it was read
  mtime_ns INTEGER NOT NULL, -- when it had been written; the least integer: it is to be read again
  cursor BLOB NOT NULL, -- where its reader goes on; opaque
  consumed INTEGER NOT NULL, -- bytes read so far
  problem TEXT, -- why it could not be read
  UNIQUE (path, assistant)
) STRICT;
CREATE TABLE "tally" (
  source INTEGER NOT NULL REFERENCES source(id),
  kind TEXT NOT NULL CHECK (kind IN ('skipped', 'duplicate')),
  reason TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (source, kind, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX source_problem ON source (path) WHERE problem IS NOT NULL;
CREATE TABLE "claim" (
  id INTEGER PRIMARY KEY, -- larger is newer
  name TEXT NOT NULL UNIQUE, -- the published id
  repository INTEGER NOT NULL REFERENCES repository(id),
  version INTEGER NOT NULL CHECK (version >= 0), -- the newest; 0 before the first was proposed
  fate TEXT CHECK (fate IN ('withheld', 'bound')), -- what its owner decided; NULL: it may be published
  carried INTEGER NOT NULL DEFAULT 0 CHECK (carried >= 0), -- the newest version on any ref; 0: none
  ever_carried INTEGER NOT NULL DEFAULT 0 CHECK (ever_carried >= 0)
) STRICT;
CREATE TABLE "claim_version" (
  claim INTEGER NOT NULL REFERENCES claim(id) ON DELETE CASCADE,
  version INTEGER NOT NULL CHECK (version > 0),
  cost INTEGER, -- nano-dollars as published; NULL: unpriced
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  line TEXT NOT NULL,
  PRIMARY KEY (claim, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE "carrier" (
  claim INTEGER NOT NULL REFERENCES claim(id) ON DELETE CASCADE,
  version INTEGER NOT NULL CHECK (version > 0),
  commit_id TEXT NOT NULL,
  PRIMARY KEY (claim, version, commit_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_repository ON claim (repository, fate, carried);
CREATE INDEX carrier_commit ON carrier (commit_id);
CREATE TABLE "usage" (
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
) STRICT;
CREATE TABLE "session_total" (
  session INTEGER NOT NULL REFERENCES session(id),
  model TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
  cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
  web_searches INTEGER NOT NULL,
  log_place INTEGER NOT NULL REFERENCES log_place(id),
  parents TEXT NOT NULL, -- JSON list of the sessions whose history this one was forked from
  PRIMARY KEY (session, model, time_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE "session_copy" (
  session INTEGER NOT NULL REFERENCES session(id), -- its files repeat
  usage INTEGER NOT NULL REFERENCES usage(id) ON DELETE CASCADE, -- this usage of another session
  PRIMARY KEY (session, usage)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_copy_usage ON session_copy (usage);
CREATE UNIQUE INDEX usage_key ON usage (key, assistant);
CREATE INDEX usage_place ON usage (place, time_ms);
CREATE INDEX usage_claim ON usage (claim, claim_version) WHERE claim IS NOT NULL;
CREATE INDEX usage_session ON usage (session);
CREATE TABLE rollup (
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
) STRICT;
CREATE UNIQUE INDEX rollup_group
  ON rollup (place, series, ifnull(claim, 0), ifnull(claim_version, 0));
CREATE INDEX rollup_claim ON rollup (claim) WHERE claim IS NOT NULL;
CREATE VIEW rollup_row AS
  SELECT repository, branch, assistant.name AS assistant, model, evidence, kind, rollup.*
  FROM rollup
  JOIN place ON place.id = rollup.place
  JOIN series ON series.id = rollup.series
  JOIN assistant ON assistant.id = series.assistant;
CREATE INDEX usage_pending ON usage (place, estimated, time_ms) WHERE claim IS NULL;
CREATE INDEX usage_estimated ON usage (place, time_ms) WHERE estimated = 1;
CREATE UNIQUE INDEX series_content
  ON series (assistant, model, provider, kind, speed, tier, geo, factor_percent, subagent, price_state,
    ifnull(price, ''));
CREATE VIEW usage_row AS
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
  JOIN session ON session.id = usage.session;
INSERT INTO _sqlite_migrations VALUES (1, 'tokcost', 'm001_usage_places_and_prices', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (2, 'tokcost', 'm002_claims', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (3, 'tokcost', 'm003_observations', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (4, 'tokcost', 'm004_listings', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (5, 'tokcost', 'm005_series_and_places', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (6, 'tokcost', 'm006_geo', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (7, 'tokcost', 'm007_estimates', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (8, 'tokcost', 'm008_factors', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (9, 'tokcost', 'm009_subagents', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
PRAGMA user_version = 9;
COMMIT;
