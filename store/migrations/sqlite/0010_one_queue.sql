-- One table for jobs of every kind. What a kind needs beside it has a table of its own, so that no question about
-- jobs at work looks at those that have ended.

DROP VIEW blobs_needed;
ALTER TABLE jobs RENAME TO old_jobs;
DROP INDEX jobs_by_state;

CREATE TABLE jobs (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    kind     TEXT NOT NULL CHECK (kind IN ('aggregate', 'fhe', 'groth16')),
    request  TEXT NOT NULL,
    state    TEXT NOT NULL DEFAULT 'queued'
             CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    -- How often it was taken. Whoever has it writes under this number, and nobody who had it before can.
    attempts INTEGER NOT NULL DEFAULT 0,
    -- What is known of it beside: a JSON object, whose fields are those of the answer to GET /v1/jobs/{id}.
    facts    TEXT NOT NULL,
    problem  TEXT,
    result   BLOB,
    CHECK ((state = 'done') = (result IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
) STRICT;

CREATE INDEX jobs_by_state ON jobs (state, kind, position);

-- A job that sums closes its epoch: one job per region and epoch, for ever.
CREATE TABLE closed_epochs (
    region TEXT NOT NULL REFERENCES regions (name),
    epoch  BLOB NOT NULL CHECK (length(epoch) = 8),
    job    TEXT NOT NULL UNIQUE REFERENCES jobs (id),
    -- The roster when the epoch was closed.
    roster TEXT NOT NULL,
    PRIMARY KEY (region, epoch)
) STRICT, WITHOUT ROWID;

-- What unfinished jobs need, so that nobody removes it.
CREATE TABLE job_needs (
    what TEXT NOT NULL CHECK (what IN ('evaluation-key', 'circuit', 'result')),
    name TEXT NOT NULL,
    job  TEXT NOT NULL REFERENCES jobs (id),
    PRIMARY KEY (what, name, job)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_needs_by_job ON job_needs (job);

-- The files of inputs and witnesses, until they were removed after the job's end.
CREATE TABLE job_secrets (
    job          TEXT PRIMARY KEY REFERENCES jobs (id),
    file         TEXT NOT NULL,
    from_witness INTEGER NOT NULL CHECK (from_witness IN (0, 1)),
    spent        INTEGER NOT NULL DEFAULT 0 CHECK (spent IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX job_secrets_by_file ON job_secrets (file);
CREATE INDEX job_secrets_spent ON job_secrets (spent) WHERE spent = 1;

-- Fields without a value are left out of facts: a null in a patch removes.
INSERT INTO jobs (id, kind, request, state, facts, problem, result)
    SELECT id, 'aggregate', request, state,
           json_patch('{}', json_object('backend', backend, 'prove_us', prove_us,
                                        'verify_us', verify_us, 'retried', json(retried))),
           problem, result
    FROM old_jobs ORDER BY position;
INSERT INTO jobs (id, kind, request, state, facts, problem, result)
    SELECT id, 'fhe', json_set(request, '$.kind', 'fhe'), state,
           json_patch('{}', json_object('estimate', json(estimate), 'engine', engine,
                                        'compute_us', compute_us)),
           problem, result
    FROM fhe_jobs ORDER BY position;
INSERT INTO jobs (id, kind, request, state, facts, problem, result)
    SELECT id, 'groth16', json_set(request, '$.kind', 'groth16'), state,
           json_patch('{}', json_object('backend', backend, 'prove_us', prove_us,
                                        'verify_us', verify_us, 'retried', json(retried))),
           problem, result
    FROM groth16_jobs ORDER BY position;

INSERT INTO closed_epochs (region, epoch, job, roster)
    SELECT region, epoch, id, roster FROM old_jobs;
INSERT INTO job_needs (what, name, job)
    SELECT 'evaluation-key', key, id FROM fhe_jobs WHERE state IN ('queued', 'running')
    UNION SELECT 'circuit', circuit, id FROM groth16_jobs WHERE state IN ('queued', 'running')
    UNION SELECT 'result', digest, job FROM fhe_job_results
          JOIN fhe_jobs ON id = job WHERE state IN ('queued', 'running');
INSERT INTO job_secrets (job, file, from_witness, spent)
    SELECT id, secret, from_witness, state NOT IN ('queued', 'running')
    FROM groth16_jobs WHERE secret IS NOT NULL;

DROP TABLE fhe_job_results;
DROP TABLE fhe_jobs;
DROP TABLE groth16_jobs;
DROP TABLE old_jobs;

-- The files that must stay.
CREATE VIEW blobs_needed (id) AS
    SELECT id FROM evaluation_keys
    UNION ALL SELECT zkey FROM circuits
    UNION ALL SELECT wasm FROM circuits WHERE wasm IS NOT NULL
    UNION ALL SELECT r1cs FROM circuits WHERE r1cs IS NOT NULL
    UNION ALL SELECT sym FROM circuits WHERE sym IS NOT NULL
    UNION ALL SELECT file FROM job_secrets WHERE spent = 0;
