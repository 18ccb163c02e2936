-- Homomorphic programs on sums.

-- Evaluation keys, whose bytes lie in files beside the store. A key is there once its row is.
CREATE TABLE evaluation_keys (
    id          TEXT PRIMARY KEY,
    engine      TEXT NOT NULL CHECK (engine IN ('exact', 'tfhe-cpu')),
    fingerprint TEXT NOT NULL,
    bytes       INTEGER NOT NULL
) STRICT;

-- Jobs that compute programs. They close no epoch, and any number may be asked of a sum.
CREATE TABLE fhe_jobs (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    key        TEXT NOT NULL,
    request    TEXT NOT NULL,
    estimate   TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT 'queued'
               CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    engine     TEXT,
    compute_us INTEGER,
    problem    TEXT,
    result     BLOB,
    CHECK ((state = 'done') = (result IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
) STRICT;

CREATE INDEX fhe_jobs_by_state ON fhe_jobs (state, position);
