-- Who asked for a job, always, so that clients take turns and nobody sees another's; tokens that say who asks.
-- No earlier version let anybody name a key: nothing is lost with these columns.
DROP INDEX jobs_by_client;
ALTER TABLE jobs DROP COLUMN idempotency_key;
ALTER TABLE jobs DROP COLUMN request_digest;
ALTER TABLE jobs DROP COLUMN client;
-- Empty of jobs of earlier versions.
ALTER TABLE jobs ADD COLUMN client TEXT NOT NULL DEFAULT '';
-- A client that asks twice under one key gets the job that it got before, if it asks for the same.
ALTER TABLE jobs ADD COLUMN idempotency_key TEXT;
ALTER TABLE jobs ADD COLUMN request_digest TEXT CHECK ((request_digest IS NULL) = (idempotency_key IS NULL));

CREATE UNIQUE INDEX jobs_by_key ON jobs (client, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- All of a client's jobs, for lists: beside the index of ids, the only one with jobs that have ended.
CREATE INDEX jobs_by_client ON jobs (client, position);

DROP INDEX jobs_queued;
CREATE INDEX jobs_queued ON jobs (kind, client, priority DESC, position) WHERE state = 'queued';
DROP INDEX jobs_running;
CREATE INDEX jobs_running ON jobs (kind, client, lease_expires_ms) WHERE state = 'running';

-- When whose job was taken last, in turns: whoever was served least recently is next.
CREATE TABLE turns (
    kind   TEXT NOT NULL,
    client TEXT NOT NULL,
    turn   INTEGER NOT NULL,
    PRIMARY KEY (kind, client)
) STRICT, WITHOUT ROWID;

CREATE INDEX turns_in_order ON turns (kind, turn);

-- Tokens of those who may ask. Of what is secret only a hash.
CREATE TABLE tokens (
    id         TEXT PRIMARY KEY,
    digest     TEXT NOT NULL,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('gateway', 'operator', 'auditor', 'clinician')),
    -- A JSON array of names; none for every region.
    regions    TEXT,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    revoked_ms INTEGER
) STRICT, WITHOUT ROWID;
