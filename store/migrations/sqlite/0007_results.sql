-- Sums that other appliances proved, for programs that a quorum computes: each by what was summed and what came
-- of it, so that a sum proved anew is no other. Each was verified when it came.

CREATE TABLE results (
    digest TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    epoch  BLOB NOT NULL CHECK (length(epoch) = 8),
    bytes  BLOB NOT NULL
) STRICT;

-- Which of them programs take.
CREATE TABLE fhe_job_results (
    job    TEXT NOT NULL REFERENCES fhe_jobs (id),
    digest TEXT NOT NULL,
    PRIMARY KEY (digest, job)
) STRICT, WITHOUT ROWID;
