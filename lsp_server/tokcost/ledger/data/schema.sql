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
CREATE TABLE source (
      id INTEGER PRIMARY KEY, assistant TEXT NOT NULL, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
      mtime_ns INTEGER NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL, offset INTEGER NOT NULL,
      tail BLOB NOT NULL, state BLOB NOT NULL, problem TEXT NOT NULL DEFAULT ''
    ) STRICT;
CREATE TABLE tally (
      source INTEGER NOT NULL REFERENCES source(id), kind TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL,
      PRIMARY KEY (source, kind, reason)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE price (
      id TEXT PRIMARY KEY, provider TEXT NOT NULL, model TEXT NOT NULL, basis TEXT NOT NULL, body TEXT NOT NULL,
      added_ms INTEGER NOT NULL, current INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE session_total (
      session INTEGER NOT NULL REFERENCES session(id), model TEXT NOT NULL, time_ms INTEGER NOT NULL,
      input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
      cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
      web_searches INTEGER NOT NULL, directory INTEGER NOT NULL, hint TEXT NOT NULL, parents TEXT NOT NULL,
      PRIMARY KEY (session, model, time_ms)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE session_copy (
      session INTEGER NOT NULL, usage INTEGER NOT NULL, PRIMARY KEY (session, usage)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE assignment (
      id INTEGER PRIMARY KEY, made_ms INTEGER NOT NULL, what TEXT NOT NULL, branch TEXT NOT NULL, usage INTEGER NOT NULL
    ) STRICT;
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
, claim INTEGER NOT NULL DEFAULT 0, claim_version INTEGER NOT NULL DEFAULT 0) STRICT
;
CREATE UNIQUE INDEX usage_key ON usage (key, assistant);
CREATE INDEX usage_worktree ON usage (worktree, time_ms);
CREATE INDEX usage_session ON usage (session);
CREATE INDEX usage_branch ON usage (repository, branch, claim, time_ms);
CREATE TABLE rollup (
      repository INTEGER NOT NULL, branch TEXT NOT NULL, assistant TEXT NOT NULL, model TEXT NOT NULL,
      evidence TEXT NOT NULL, kind TEXT NOT NULL, claim INTEGER NOT NULL, claim_version INTEGER NOT NULL,
      usage INTEGER NOT NULL, input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
      cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL, list_cost INTEGER NOT NULL,
      unpriced_tokens INTEGER NOT NULL, lower_bound INTEGER NOT NULL, first_ms INTEGER NOT NULL,
      last_ms INTEGER NOT NULL,
      PRIMARY KEY (repository, branch, assistant, model, evidence, kind, claim, claim_version)
    ) STRICT, WITHOUT ROWID;
CREATE INDEX rollup_claim ON rollup (claim) WHERE claim != 0;
CREATE TABLE claim (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, repository INTEGER NOT NULL REFERENCES repository(id),
      version INTEGER NOT NULL, fate TEXT NOT NULL DEFAULT '', carried INTEGER NOT NULL DEFAULT 0,
      ever_carried INTEGER NOT NULL DEFAULT 0
    ) STRICT;
CREATE INDEX claim_repository ON claim (repository, fate, carried);
CREATE TABLE claim_version (
      claim INTEGER NOT NULL REFERENCES claim(id), version INTEGER NOT NULL, cost INTEGER, tokens INTEGER NOT NULL,
      line TEXT NOT NULL, PRIMARY KEY (claim, version)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE carrier (
      claim INTEGER NOT NULL REFERENCES claim(id), version INTEGER NOT NULL, commit_id TEXT NOT NULL,
      PRIMARY KEY (claim, version, commit_id)
    ) STRICT, WITHOUT ROWID;
CREATE INDEX carrier_commit ON carrier (commit_id);
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
CREATE INDEX source_problem ON source (path) WHERE problem != '';
INSERT INTO _sqlite_migrations VALUES (1, 'tokcost', 'm001_usage_places_and_prices', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (2, 'tokcost', 'm002_claims', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (3, 'tokcost', 'm003_observations', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
INSERT INTO _sqlite_migrations VALUES (4, 'tokcost', 'm004_listings', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
PRAGMA user_version = 4;
COMMIT;
