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
CREATE TABLE assignment (
      id INTEGER PRIMARY KEY, made_ms INTEGER NOT NULL, what TEXT NOT NULL, branch TEXT NOT NULL, usage INTEGER NOT NULL
    ) STRICT;
CREATE TABLE carrier (
      claim INTEGER NOT NULL REFERENCES claim(id), version INTEGER NOT NULL, commit_id TEXT NOT NULL,
      PRIMARY KEY (claim, version, commit_id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "carrier" VALUES(1,1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
CREATE TABLE claim (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, repository INTEGER NOT NULL REFERENCES repository(id),
      version INTEGER NOT NULL, fate TEXT NOT NULL DEFAULT '', carried INTEGER NOT NULL DEFAULT 0,
      ever_carried INTEGER NOT NULL DEFAULT 0
    ) STRICT;
INSERT INTO "claim" VALUES(1,'7k3qf9x2m4tc',1,1,'',1,1);
CREATE TABLE claim_version (
      claim INTEGER NOT NULL REFERENCES claim(id), version INTEGER NOT NULL, cost INTEGER, tokens INTEGER NOT NULL,
      line TEXT NOT NULL, PRIMARY KEY (claim, version)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "claim_version" VALUES(1,1,10000000,11000,'AI-Cost: ~0.01 USD list; ~10k tokens; claude-sonnet-4-5; 7k3qf9x2m4tc');
CREATE TABLE directory (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, worktree INTEGER) STRICT;
INSERT INTO "directory" VALUES(1,'/home/dev/claude-2.1.330/S1-single/repo',1);
CREATE TABLE listing (
      reader TEXT NOT NULL, root TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (reader, root)
    ) STRICT;
INSERT INTO "listing" VALUES('claude-code','/home/somebody/.claude/projects',X'00');
CREATE TABLE observation (
  git_dir TEXT NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, branch TEXT NOT NULL,
  PRIMARY KEY (git_dir, first_ms)
) STRICT, WITHOUT ROWID;
INSERT INTO "observation" VALUES('/home/dev/claude-2.1.330/S1-single/repo/.git',1795459400000,1795459500000,'feat/a');
CREATE TABLE price (
      id TEXT PRIMARY KEY, provider TEXT NOT NULL, model TEXT NOT NULL, basis TEXT NOT NULL, body TEXT NOT NULL,
      added_ms INTEGER NOT NULL, current INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "price" VALUES('cdf0b39e5c1ac8915d938562','','claude-sonnet-4-5','genai-prices/0.2.3+0816c533e678','["","claude-sonnet-4-5","anthropic/claude-sonnet-4-5","priced","genai-prices/0.2.3+0816c533e678",[["",null,1791936000000,0,1440,[[-1,[3000000000000,300000000000,3750000000000,6000000000000,15000000000000,10000000000000000,0]],[200000,[6000000000000,600000000000,7500000000000,12000000000000,22500000000000,10000000000000000,0]]],""],["",1791936000000,null,0,1440,[[-1,[3000000000000,300000000000,3750000000000,6000000000000,15000000000000,10000000000000000,0]],[200000,[6000000000000,600000000000,7500000000000,12000000000000,22500000000000,10000000000000000,0]]],""],["batch",1791936000000,null,0,1440,[[-1,[1500000000000,150000000000,1875000000000,3000000000000,7500000000000,10000000000000000,0]],[200000,[3000000000000,300000000000,3750000000000,6000000000000,11250000000000,10000000000000000,0]]],""]]]',1795470936433,1);
CREATE TABLE repository (
      id INTEGER PRIMARY KEY, common_dir TEXT NOT NULL UNIQUE, root TEXT NOT NULL, fingerprint TEXT NOT NULL
    ) STRICT;
INSERT INTO "repository" VALUES(1,'/home/dev/claude-2.1.330/S1-single/repo/.git','/home/dev/claude-2.1.330/S1-single/repo','inode:65024:2213534:1795459200000000000 reflog:6110c8da0f05f6e0cc34f3a825651974');
CREATE TABLE rollup (
      repository INTEGER NOT NULL, branch TEXT NOT NULL, assistant TEXT NOT NULL, model TEXT NOT NULL,
      evidence TEXT NOT NULL, kind TEXT NOT NULL, claim INTEGER NOT NULL, claim_version INTEGER NOT NULL,
      usage INTEGER NOT NULL, input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
      cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL, list_cost INTEGER NOT NULL,
      unpriced_tokens INTEGER NOT NULL, lower_bound INTEGER NOT NULL, first_ms INTEGER NOT NULL,
      last_ms INTEGER NOT NULL,
      PRIMARY KEY (repository, branch, assistant, model, evidence, kind, claim, claim_version)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "rollup" VALUES(1,'feat/a','claude-code','claude-sonnet-4-5','reflog','response',1,1,1,4,10100,501,701,201,41,12141750,0,0,1795459488788,1795459488788);
CREATE TABLE session (
      id INTEGER PRIMARY KEY, assistant TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (name, assistant)
    ) STRICT;
INSERT INTO "session" VALUES(1,'claude-code','7536fbb0-b2ab-4e0a-8f0f-e8b9b638c2a8');
CREATE TABLE session_copy (
      session INTEGER NOT NULL, usage INTEGER NOT NULL, PRIMARY KEY (session, usage)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE session_total (
      session INTEGER NOT NULL REFERENCES session(id), model TEXT NOT NULL, time_ms INTEGER NOT NULL,
      input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL,
      cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
      web_searches INTEGER NOT NULL, directory INTEGER NOT NULL, hint TEXT NOT NULL, parents TEXT NOT NULL,
      PRIMARY KEY (session, model, time_ms)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "session_total" VALUES(1,'claude-sonnet-4-5',1795459488887,4,10100,501,701,201,41,0,1,'feat/a','[]');
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "setting" VALUES('price source','1593104:1795466428362099599');
CREATE TABLE source (
      id INTEGER PRIMARY KEY, assistant TEXT NOT NULL, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
      mtime_ns INTEGER NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL, offset INTEGER NOT NULL,
      tail BLOB NOT NULL, state BLOB NOT NULL, problem TEXT NOT NULL DEFAULT ''
    ) STRICT;
INSERT INTO "source" VALUES(1,'claude-code','/home/dev/claude-2.1.330/S1-single/home/.claude/projects/-home-dev-tokcost-labs-claude-2-1-330-S1-single-repo/7536fbb0-b2ab-4e0a-8f0f-e8b9b638c2a8.jsonl',48255,1795470936179518354,65024,2213532,48255,X'BC18296584686B85584D60B7A750FF2C',X'7B22706172656E7473223A5B5D2C22637764223A222F746D702F746D707A6C796E685F61652F636C617564652D322E312E3333302F53312D73696E676C652F7265706F222C226272616E6368223A22666561742F61222C2274696D655F6D73223A313739353435393438383833302C226D6F7665645F6279223A22227D','');
CREATE TABLE tally (
      source INTEGER NOT NULL REFERENCES source(id), kind TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL,
      PRIMARY KEY (source, kind, reason)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "tally" VALUES(1,'duplicate','further line of the same response',1);
CREATE TABLE tip (
      repository INTEGER NOT NULL REFERENCES repository(id), ref TEXT NOT NULL, commit_id TEXT NOT NULL,
      PRIMARY KEY (repository, ref)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "tip" VALUES(1,'refs/heads/feat/a','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
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
INSERT INTO "usage" VALUES(1,'msg_mock00001','claude-code',1795459488788,'claude-sonnet-4-5','','response','','',4,10100,501,701,201,41,0,0,0,0,1,1,'feat/a',0,1,1,'feat/a','reflog',12141750,'priced','cdf0b39e5c1ac8915d938562',1,1);
CREATE TABLE worktree (
      id INTEGER PRIMARY KEY, repository INTEGER NOT NULL REFERENCES repository(id), path TEXT NOT NULL UNIQUE,
      git_dir TEXT NOT NULL, stamp TEXT NOT NULL DEFAULT '', placed_second INTEGER NOT NULL DEFAULT 0,
      origin_path TEXT NOT NULL DEFAULT '', origin_branch TEXT NOT NULL DEFAULT ''
    ) STRICT;
INSERT INTO "worktree" VALUES(1,1,'/home/dev/claude-2.1.330/S1-single/repo','/home/dev/claude-2.1.330/S1-single/repo/.git','320:1795459200000000000:2213544',1795459488,'','');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX usage_key ON usage (key, assistant);
CREATE INDEX usage_worktree ON usage (worktree, time_ms);
CREATE INDEX usage_session ON usage (session);
CREATE INDEX usage_branch ON usage (repository, branch, claim, time_ms);
CREATE INDEX rollup_claim ON rollup (claim) WHERE claim != 0;
CREATE INDEX claim_repository ON claim (repository, fate, carried);
CREATE INDEX carrier_commit ON carrier (commit_id);
CREATE INDEX source_problem ON source (path) WHERE problem != '';
COMMIT;
PRAGMA user_version = 4;
