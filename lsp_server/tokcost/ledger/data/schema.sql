BEGIN;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
-- assistant: an assistant whose logs were read
CREATE TABLE assistant (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE -- the reader's name, for example claude-code
) STRICT;
-- place: where usage belongs
--   worktree: NULL: unknown, or a bare repository
--   evidence: how the branch is known (docs/concepts.md)
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
-- log_place: where a log says that usage was made
CREATE TABLE log_place (
  id INTEGER PRIMARY KEY,
  directory INTEGER NOT NULL REFERENCES directory(id), -- the assistant's working directory
  branch TEXT CHECK (branch != ''), -- the assistant's own branch field
  is_stale INTEGER NOT NULL CHECK (is_stale IN (0, 1)) -- HEAD is likely to have moved since that field was taken
) STRICT;
CREATE UNIQUE INDEX log_place_content ON log_place (directory, ifnull(branch, ''), is_stale);
-- tally: records of a source without usage
--   kind: damaged and skipped, or a repetition of another record
--   reason: a short phrase
--   count: number of records
CREATE TABLE "tally" (
  source INTEGER NOT NULL REFERENCES source(id),
  kind TEXT NOT NULL CHECK (kind IN ('skipped', 'duplicate')),
  reason TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (source, kind, reason)
) STRICT, WITHOUT ROWID;
-- claim: usage bound to a commit, as an append-only list; a version is a length of that list
--   ever_carried: the newest version that any ref ever carried; 0: none
CREATE TABLE "claim" (
  id INTEGER PRIMARY KEY, -- larger is newer
  name TEXT NOT NULL UNIQUE, -- the published id
  repository INTEGER NOT NULL REFERENCES repository(id),
  version INTEGER NOT NULL CHECK (version >= 0), -- the newest; 0 before the first was proposed
  fate TEXT CHECK (fate IN ('withheld', 'bound')), -- what its owner decided; NULL: it may be published
  carried INTEGER NOT NULL DEFAULT 0 CHECK (carried >= 0), -- the newest version on any ref; 0: none
  ever_carried INTEGER NOT NULL DEFAULT 0 CHECK (ever_carried >= 0)
) STRICT;
-- claim_version: a published version of a claim
--   version: 1 is the first
--   tokens: as published
--   line: the published line
CREATE TABLE "claim_version" (
  claim INTEGER NOT NULL REFERENCES claim(id) ON DELETE CASCADE,
  version INTEGER NOT NULL CHECK (version > 0),
  cost INTEGER, -- nano-dollars as published; NULL: unpriced
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  line TEXT NOT NULL,
  PRIMARY KEY (claim, version)
) STRICT, WITHOUT ROWID;
-- carrier: a commit whose message carries a version of a claim
--   version: the one carried
--   commit_id: its hash
CREATE TABLE "carrier" (
  claim INTEGER NOT NULL REFERENCES claim(id) ON DELETE CASCADE,
  version INTEGER NOT NULL CHECK (version > 0),
  commit_id TEXT NOT NULL,
  PRIMARY KEY (claim, version, commit_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_repository ON claim (repository, fate, carried);
CREATE INDEX carrier_commit ON carrier (commit_id);
-- usage: one billed response of a model
--   input: tokens that no cache had
--   cache_read: tokens read from the cache
--   cache_write_5m: tokens written to the cache for five minutes
--   cache_write_1h: tokens written to the cache for an hour
--   tokens: all five classes together
--   web_searches: number of searches billed with it
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
-- session_total: an assistant's own running total of a session and a model at one moment
--   model: as the log has it
--   time_ms: milliseconds since 1970-01-01 UTC
--   input: as in usage
--   cache_read: as in usage
--   cache_write_5m: as in usage
--   cache_write_1h: as in usage
--   output: as in usage
--   reasoning: as in usage
--   web_searches: as in usage
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
-- session_copy: usage that a session's files repeat from another session
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
-- rollup: a sum over usage with one place, series and version of a claim, kept in the transaction that changes a row
--   claim_version: NULL as for claim: pending, or unplaced
--   input: sum over usage
--   cache_read: sum over usage
--   cache_write_5m: sum over usage
--   cache_write_1h: sum over usage
--   output: sum over usage
--   reasoning: sum over usage
--   tokens: sum over usage
--   unpriced_tokens: those of usage without a price
--   lower_bound: number of responses whose output is only a lower bound
--   first_ms: time of the first response
--   last_ms: time of the last response
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
CREATE INDEX usage_pending ON usage (place, estimated, time_ms) WHERE claim IS NULL;
CREATE INDEX usage_estimated ON usage (place, time_ms) WHERE estimated = 1;
CREATE TABLE "repository" ( -- a clone, with all its worktrees
  id INTEGER PRIMARY KEY,
  common_dir TEXT NOT NULL UNIQUE, -- path of its git folder, which its worktrees share
  root TEXT NOT NULL, -- path under which it is shown
  fingerprint TEXT CHECK (fingerprint != '') -- recognises a moved clone; NULL: unknown
) STRICT;
CREATE TABLE "worktree" ( -- a worktree of a clone, remembered after it is gone
  id INTEGER PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repository(id),
  path TEXT NOT NULL UNIQUE, -- its root folder; of one that another has replaced, with a mark behind it
  git_dir TEXT CHECK (git_dir != ''), -- path of its own git folder; NULL: it was gone when found, or lost
  stamp TEXT CHECK (stamp != ''), -- state of its HEAD reflog when its usage was last placed; NULL: never placed
  placed_second INTEGER, -- newest entry of that reflog, in seconds since 1970-01-01 UTC; NULL as for stamp
  origin_path TEXT CHECK (origin_path != ''), -- path it was created from; NULL: no assistant created it for itself
  origin_branch TEXT CHECK (origin_branch != '') -- branch it was created from; NULL: none, or purged
) STRICT;
CREATE TABLE "directory" ( -- a working directory of an assistant
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE, -- '' stands for usage whose log names none: it is a key
  worktree INTEGER -- the worktree that it is in, or was in before it was deleted; NULL: in none
) STRICT;
CREATE TABLE "session" ( -- a conversation with an assistant
  id INTEGER PRIMARY KEY,
  assistant TEXT NOT NULL, -- the reader's name
  name TEXT NOT NULL, -- the assistant's own id; '' stands for usage whose log names none: it is a key
  UNIQUE (name, assistant)
) STRICT;
CREATE TABLE "price" ( -- the rate cards of a model; only added, never changed
  id TEXT PRIMARY KEY, -- hash of the content
  provider TEXT CHECK (provider != ''), -- as logged; NULL: the log has none
  model TEXT NOT NULL, -- as logged
  basis TEXT CHECK (basis != ''), -- the price source and its version; NULL: a stand-in for a lost row
  body TEXT CHECK (body != ''), -- the cards as JSON (pricing/cards.py); NULL as for basis
  added_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  current INTEGER NOT NULL -- 1: prices new usage of the model
) STRICT, WITHOUT ROWID;
CREATE TABLE "setting" ( -- facts that the ledger remembers about itself and its repositories
  name TEXT PRIMARY KEY, -- in words, with the number of the repository if it is about one
  value TEXT NOT NULL -- '' is a text like any other; without a value there is no row
) STRICT, WITHOUT ROWID;
CREATE TABLE "assignment" ( -- usage that the user moved by hand
  id INTEGER PRIMARY KEY,
  made_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  what TEXT NOT NULL, -- the selection, as the user gave it
  branch TEXT CHECK (branch != ''), -- the branch it was moved to; NULL: to none
  usage INTEGER NOT NULL -- number of responses
) STRICT;
CREATE TABLE "tip" ( -- the refs at the last look for claims in messages
  repository INTEGER NOT NULL REFERENCES repository(id),
  ref TEXT NOT NULL, -- its whole name, or the path of a HEAD that is on no branch
  commit_id TEXT NOT NULL, -- the commit that it named
  PRIMARY KEY (repository, ref)
) STRICT, WITHOUT ROWID;
CREATE TABLE "observation" ( -- a period in which the server saw HEAD of a worktree unchanged
  git_dir TEXT NOT NULL, -- path of the worktree's own git folder
  first_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  last_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  branch TEXT CHECK (branch != ''), -- NULL: on no branch
  PRIMARY KEY (git_dir, first_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE "listing" ( -- folders and files below a root of logs, so that unchanged ones are not listed again
  reader TEXT NOT NULL, -- the reader's name
  root TEXT NOT NULL, -- path
  data BLOB NOT NULL, -- as usage/change_detection.py writes it
  PRIMARY KEY (reader, root)
) STRICT;
CREATE TABLE "series" ( -- how responses were made, and how they are priced
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
) STRICT;
CREATE TABLE "source" ( -- a file or store of logs
  id INTEGER PRIMARY KEY,
  assistant TEXT NOT NULL, -- the reader's name
  path TEXT NOT NULL, -- of the file
  size INTEGER NOT NULL, -- bytes when it was read
  mtime_ns INTEGER NOT NULL, -- when it had been written; the least integer: it is to be read again
  cursor BLOB CHECK (cursor != x''), -- where its reader continues; opaque; NULL: at the beginning
  consumed INTEGER NOT NULL, -- bytes read so far
  problem TEXT CHECK (problem != ''), -- why it could not be read; NULL: it could
  UNIQUE (path, assistant)
) STRICT;
CREATE UNIQUE INDEX series_content
  ON series (assistant, model, ifnull(provider, ''), kind, ifnull(speed, ''), ifnull(tier, ''), ifnull(geo, ''),
    ifnull(factor_percent, 0), subagent, price_state, ifnull(price, ''));
CREATE INDEX source_problem ON source (path) WHERE problem IS NOT NULL;
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
CREATE VIEW rollup_row AS
  SELECT repository, branch, assistant.name AS assistant, model, evidence, kind, rollup.*
  FROM rollup
  JOIN place ON place.id = rollup.place
  JOIN series ON series.id = rollup.series
  JOIN assistant ON assistant.id = series.assistant;
INSERT INTO _sqlite_migrations VALUES (1, 'tokcost', 'm001_usage_places_and_prices', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (2, 'tokcost', 'm002_claims', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (3, 'tokcost', 'm003_observations', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (4, 'tokcost', 'm004_listings', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (5, 'tokcost', 'm005_series_and_places', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (6, 'tokcost', 'm006_geo', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (7, 'tokcost', 'm007_estimates', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (8, 'tokcost', 'm008_factors', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (9, 'tokcost', 'm009_subagents', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (10, 'tokcost', 'm010_one_none', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
PRAGMA user_version = 10;
COMMIT;
