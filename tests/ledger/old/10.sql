BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'tokcost','m001_usage_places_and_prices','2026-11-23 21:55:36.242360+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'tokcost','m002_claims','2026-11-24 06:05:03.673732+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'tokcost','m003_observations','2026-11-24 22:00:46.726747+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'tokcost','m004_listings','2026-11-25 00:38:53.336825+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'tokcost','m005_series_and_places','2026-11-27 03:08:57.834861+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'tokcost','m006_geo','2026-11-27 10:07:37.984829+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'tokcost','m007_estimates','2026-11-27 14:25:53.160111+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'tokcost','m008_factors','2026-11-27 19:57:38.902444+00:00');
INSERT INTO "_sqlite_migrations" VALUES(9,'tokcost','m009_subagents','2026-11-27 20:47:36.146482+00:00');
INSERT INTO "_sqlite_migrations" VALUES(10,'tokcost','m010_one_none','2026-11-28 14:55:34.601691+00:00');
CREATE TABLE "assignment" ( -- usage that the user moved by hand
  id INTEGER PRIMARY KEY,
  made_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  what TEXT NOT NULL, -- the selection, as the user gave it
  branch TEXT CHECK (branch != ''), -- the branch it was moved to; NULL: to none
  usage INTEGER NOT NULL -- number of responses
) STRICT;
CREATE TABLE assistant (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE -- the reader's name, for example claude-code
) STRICT;
INSERT INTO "assistant" VALUES(1,'claude-code');
CREATE TABLE "carrier" (
  claim INTEGER NOT NULL REFERENCES claim(id) ON DELETE CASCADE,
  version INTEGER NOT NULL CHECK (version > 0),
  commit_id TEXT NOT NULL,
  PRIMARY KEY (claim, version, commit_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "carrier" VALUES(1,1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
CREATE TABLE "claim" (
  id INTEGER PRIMARY KEY, -- larger is newer
  name TEXT NOT NULL UNIQUE, -- the published id
  repository INTEGER NOT NULL REFERENCES repository(id),
  version INTEGER NOT NULL CHECK (version >= 0), -- the newest; 0 before the first was proposed
  fate TEXT CHECK (fate IN ('withheld', 'bound')), -- what its owner decided; NULL: it may be published
  carried INTEGER NOT NULL DEFAULT 0 CHECK (carried >= 0), -- the newest version on any ref; 0: none
  ever_carried INTEGER NOT NULL DEFAULT 0 CHECK (ever_carried >= 0)
) STRICT;
INSERT INTO "claim" VALUES(1,'7k3qf9x2m4tc',1,1,NULL,1,1);
CREATE TABLE "claim_version" (
  claim INTEGER NOT NULL REFERENCES claim(id) ON DELETE CASCADE,
  version INTEGER NOT NULL CHECK (version > 0),
  cost INTEGER, -- nano-dollars as published; NULL: unpriced
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  line TEXT NOT NULL,
  PRIMARY KEY (claim, version)
) STRICT, WITHOUT ROWID;
INSERT INTO "claim_version" VALUES(1,1,10000000,11000,'AI-Cost: ~0.01 USD list; ~10k tokens; claude-sonnet-4-5; 7k3qf9x2m4tc');
CREATE TABLE "directory" ( -- a working directory of an assistant
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE, -- '' stands for usage whose log names none: it is a key
  worktree INTEGER -- the worktree that it is in, or was in before it was deleted; NULL: in none
) STRICT;
INSERT INTO "directory" VALUES(1,'/home/dev/claude-2.1.330/S1-single/repo',1);
CREATE TABLE "listing" ( -- folders and files below a root of logs, so that unchanged ones are not listed again
  reader TEXT NOT NULL, -- the reader's name
  root TEXT NOT NULL, -- path
  data BLOB NOT NULL, -- as usage/change_detection.py writes it
  PRIMARY KEY (reader, root)
) STRICT;
INSERT INTO "listing" VALUES('claude-code','/home/somebody/.claude/projects',X'00');
CREATE TABLE log_place (
  id INTEGER PRIMARY KEY,
  directory INTEGER NOT NULL REFERENCES directory(id), -- the assistant's working directory
  branch TEXT CHECK (branch != ''), -- the assistant's own branch field
  is_stale INTEGER NOT NULL CHECK (is_stale IN (0, 1)) -- HEAD is likely to have moved since that field was taken
) STRICT;
INSERT INTO "log_place" VALUES(1,1,'feat/a',0);
CREATE TABLE "observation" ( -- a period in which the server saw HEAD of a worktree unchanged
  git_dir TEXT NOT NULL, -- path of the worktree's own git folder
  first_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  last_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  branch TEXT CHECK (branch != ''), -- NULL: on no branch
  PRIMARY KEY (git_dir, first_ms)
) STRICT, WITHOUT ROWID;
INSERT INTO "observation" VALUES('/home/dev/claude-2.1.330/S1-single/repo/.git',1795459400000,1795459500000,'feat/a');
CREATE TABLE place (
  id INTEGER PRIMARY KEY,
  repository INTEGER REFERENCES repository(id), -- NULL: in no repository
  worktree INTEGER REFERENCES worktree(id),
  branch TEXT CHECK (branch != ''), -- NULL: on no branch, or on an unknown one
  evidence TEXT NOT NULL
    CHECK (evidence IN ('observed', 'reflog', 'transcript', 'carried', 'assigned', 'none'))
) STRICT;
INSERT INTO "place" VALUES(1,1,1,'feat/a','reflog');
CREATE TABLE "price" ( -- the rate cards of a model; only added, never changed
  id TEXT PRIMARY KEY, -- hash of the content
  provider TEXT CHECK (provider != ''), -- as logged; NULL: the log has none
  model TEXT NOT NULL, -- as logged
  basis TEXT CHECK (basis != ''), -- the price source and its version; NULL: a stand-in for a lost row
  body TEXT CHECK (body != ''), -- the cards as JSON (pricing/cards.py); NULL as for basis
  added_ms INTEGER NOT NULL, -- milliseconds since 1970-01-01 UTC
  current INTEGER NOT NULL -- 1: prices new usage of the model
) STRICT, WITHOUT ROWID;
INSERT INTO "price" VALUES('cdf0b39e5c1ac8915d938562',NULL,'claude-sonnet-4-5','genai-prices/0.2.3+0816c533e678','["","claude-sonnet-4-5","anthropic/claude-sonnet-4-5","priced","genai-prices/0.2.3+0816c533e678",[["",null,1791936000000,0,1440,[[-1,[3000000000000,300000000000,3750000000000,6000000000000,15000000000000,10000000000000000,0]],[200000,[6000000000000,600000000000,7500000000000,12000000000000,22500000000000,10000000000000000,0]]],""],["",1791936000000,null,0,1440,[[-1,[3000000000000,300000000000,3750000000000,6000000000000,15000000000000,10000000000000000,0]],[200000,[6000000000000,600000000000,7500000000000,12000000000000,22500000000000,10000000000000000,0]]],""],["batch",1791936000000,null,0,1440,[[-1,[1500000000000,150000000000,1875000000000,3000000000000,7500000000000,10000000000000000,0]],[200000,[3000000000000,300000000000,3750000000000,6000000000000,11250000000000,10000000000000000,0]]],""]]]',1795470936433,1);
CREATE TABLE "repository" ( -- a clone, with all its worktrees
  id INTEGER PRIMARY KEY,
  common_dir TEXT NOT NULL UNIQUE, -- path of its git folder, which its worktrees share
  root TEXT NOT NULL, -- path under which it is shown
  fingerprint TEXT CHECK (fingerprint != '') -- recognises a moved clone; NULL: unknown
) STRICT;
INSERT INTO "repository" VALUES(1,'/home/dev/claude-2.1.330/S1-single/repo/.git','/home/dev/claude-2.1.330/S1-single/repo','inode:65024:2213534:1795459200000000000 reflog:6110c8da0f05f6e0cc34f3a825651974');
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
INSERT INTO "rollup" VALUES(1,1,1,1,1,4,10100,501,701,201,41,12141750,0,0,1795459488788,1795459488788);
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
INSERT INTO "series" VALUES(1,1,'claude-sonnet-4-5',NULL,'response',NULL,NULL,'priced','cdf0b39e5c1ac8915d938562','us',NULL,0);
CREATE TABLE "session" ( -- a conversation with an assistant
  id INTEGER PRIMARY KEY,
  assistant TEXT NOT NULL, -- the reader's name
  name TEXT NOT NULL, -- the assistant's own id; '' stands for usage whose log names none: it is a key
  UNIQUE (name, assistant)
) STRICT;
INSERT INTO "session" VALUES(1,'claude-code','7536fbb0-b2ab-4e0a-8f0f-e8b9b638c2a8');
CREATE TABLE "session_copy" (
  session INTEGER NOT NULL REFERENCES session(id), -- its files repeat
  usage INTEGER NOT NULL REFERENCES usage(id) ON DELETE CASCADE, -- this usage of another session
  PRIMARY KEY (session, usage)
) STRICT, WITHOUT ROWID;
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
INSERT INTO "session_total" VALUES(1,'claude-sonnet-4-5',1795459488887,4,10100,501,701,201,41,0,1,'[]');
CREATE TABLE "setting" ( -- facts that the ledger remembers about itself and its repositories
  name TEXT PRIMARY KEY, -- in words, with the number of the repository if it is about one
  value TEXT NOT NULL -- '' is a text like any other; without a value there is no row
) STRICT, WITHOUT ROWID;
INSERT INTO "setting" VALUES('price source','1593104:1795466428362099599');
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
INSERT INTO "source" VALUES(1,'claude-code','/home/dev/claude-2.1.330/S1-single/home/.claude/projects/-home-dev-tokcost-labs-claude-2-1-330-S1-single-repo/7536fbb0-b2ab-4e0a-8f0f-e8b9b638c2a8.jsonl',48255,1795470936179518354,X'10BC18296584686B85584D60B7A750FF2C7B22706172656E7473223A5B5D2C22637764223A222F746D702F746D707A6C796E685F61652F636C617564652D322E312E3333302F53312D73696E676C652F7265706F222C226272616E6368223A22666561742F61222C2274696D655F6D73223A313739353435393438383833302C226D6F7665645F6279223A22227D',48255,NULL);
CREATE TABLE "tally" (
  source INTEGER NOT NULL REFERENCES source(id),
  kind TEXT NOT NULL CHECK (kind IN ('skipped', 'duplicate')),
  reason TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (source, kind, reason)
) STRICT, WITHOUT ROWID;
INSERT INTO "tally" VALUES(1,'duplicate','further line of the same response',1);
CREATE TABLE "tip" ( -- the refs at the last look for claims in messages
  repository INTEGER NOT NULL REFERENCES repository(id),
  ref TEXT NOT NULL, -- its whole name, or the path of a HEAD that is on no branch
  commit_id TEXT NOT NULL, -- the commit that it named
  PRIMARY KEY (repository, ref)
) STRICT, WITHOUT ROWID;
INSERT INTO "tip" VALUES(1,'refs/heads/feat/a','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
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
INSERT INTO "usage" VALUES(1,'msg_mock00001',1,1,1,1,1,NULL,1795459488788,4,10100,501,701,201,41,0,0,0,0,0,0,NULL,12141750,NULL,1,1);
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
INSERT INTO "worktree" VALUES(1,1,'/home/dev/claude-2.1.330/S1-single/repo','/home/dev/claude-2.1.330/S1-single/repo/.git','320:1795459200000000000:2213544',1795459488,NULL,NULL);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX place_content
  ON place (ifnull(repository, 0), ifnull(branch, ''), ifnull(worktree, 0), evidence);
CREATE INDEX place_worktree ON place (worktree);
CREATE UNIQUE INDEX log_place_content ON log_place (directory, ifnull(branch, ''), is_stale);
CREATE INDEX claim_repository ON claim (repository, fate, carried);
CREATE INDEX carrier_commit ON carrier (commit_id);
CREATE INDEX session_copy_usage ON session_copy (usage);
CREATE UNIQUE INDEX usage_key ON usage (key, assistant);
CREATE INDEX usage_place ON usage (place, time_ms);
CREATE INDEX usage_claim ON usage (claim, claim_version) WHERE claim IS NOT NULL;
CREATE INDEX usage_session ON usage (session);
CREATE UNIQUE INDEX rollup_group
  ON rollup (place, series, ifnull(claim, 0), ifnull(claim_version, 0));
CREATE INDEX rollup_claim ON rollup (claim) WHERE claim IS NOT NULL;
CREATE INDEX usage_pending ON usage (place, estimated, time_ms) WHERE claim IS NULL;
CREATE INDEX usage_estimated ON usage (place, time_ms) WHERE estimated = 1;
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
COMMIT;
PRAGMA user_version = 10;
