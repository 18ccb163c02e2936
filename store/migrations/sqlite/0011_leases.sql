-- Leases that run out, so that several may take jobs of one store; how far a job is; when what happened to it; who is
-- served first, and who asked.
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
-- Whoever has the job writes under this token; nobody who had it before can.
ALTER TABLE jobs ADD COLUMN lease TEXT;
-- Times are milliseconds since 1970. From this one on others may take the job.
ALTER TABLE jobs ADD COLUMN lease_expires_ms INTEGER CHECK (lease_expires_ms IS NULL OR lease IS NOT NULL);
-- What is being done, and thousandths of it.
ALTER TABLE jobs ADD COLUMN stage TEXT;
ALTER TABLE jobs ADD COLUMN per_mille INTEGER CHECK (per_mille BETWEEN 0 AND 1000);
-- Not known of jobs of earlier versions.
ALTER TABLE jobs ADD COLUMN queued_ms INTEGER;
ALTER TABLE jobs ADD COLUMN started_ms INTEGER;
ALTER TABLE jobs ADD COLUMN ended_ms INTEGER;
-- A client that asks twice under one key gets the job that it got before, if it asks for the same.
ALTER TABLE jobs ADD COLUMN client TEXT;
ALTER TABLE jobs ADD COLUMN idempotency_key TEXT CHECK ((idempotency_key IS NULL) = (client IS NULL));
ALTER TABLE jobs ADD COLUMN request_digest TEXT CHECK ((request_digest IS NULL) = (client IS NULL));

CREATE UNIQUE INDEX jobs_by_client ON jobs (client, idempotency_key)
    WHERE client IS NOT NULL AND idempotency_key IS NOT NULL;

-- Jobs that have ended are in no index but that of their ids.
DROP INDEX jobs_by_state;
CREATE INDEX jobs_queued ON jobs (kind, priority DESC, position) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (kind, lease_expires_ms) WHERE state = 'running';
