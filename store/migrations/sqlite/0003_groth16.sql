-- Groth16 as a service. Files lie beside the store, each called by SHA-256 of its bytes.

-- Circuits, each with the key that proves it. A circuit is there once its row is, and its key was
-- checked then.
CREATE TABLE circuits (
    name          TEXT PRIMARY KEY,
    curve         TEXT NOT NULL,
    signals       INTEGER NOT NULL,
    public        INTEGER NOT NULL,
    domain_log    INTEGER NOT NULL,
    contributions INTEGER NOT NULL,
    zkey          TEXT NOT NULL,
    zkey_bytes    INTEGER NOT NULL,
    wasm          TEXT,
    wasm_bytes    INTEGER,
    r1cs          TEXT,
    r1cs_bytes    INTEGER,
    CHECK ((wasm IS NULL) = (wasm_bytes IS NULL)),
    CHECK ((r1cs IS NULL) = (r1cs_bytes IS NULL))
) STRICT;

-- Jobs that prove circuits. The request is without inputs: what is secret is never in the store.
CREATE TABLE groth16_jobs (
    position  INTEGER PRIMARY KEY AUTOINCREMENT,
    id        TEXT NOT NULL UNIQUE,
    circuit   TEXT NOT NULL,
    request   TEXT NOT NULL,
    -- The file of the inputs or of the witness, until it was removed after the job's end.
    secret    TEXT,
    state     TEXT NOT NULL DEFAULT 'queued'
              CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    backend   TEXT,
    prove_us  INTEGER,
    verify_us INTEGER,
    retried   TEXT,
    problem   TEXT,
    result    BLOB,
    CHECK (secret IS NOT NULL OR state NOT IN ('queued', 'running')),
    CHECK ((state = 'done') = (result IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
) STRICT;

CREATE INDEX groth16_jobs_by_state ON groth16_jobs (state, position);

-- The files that must stay.
CREATE VIEW blobs_needed (id) AS
    SELECT id FROM evaluation_keys
    UNION SELECT zkey FROM circuits
    UNION SELECT wasm FROM circuits WHERE wasm IS NOT NULL
    UNION SELECT r1cs FROM circuits WHERE r1cs IS NOT NULL
    UNION SELECT secret FROM groth16_jobs WHERE state IN ('queued', 'running');
