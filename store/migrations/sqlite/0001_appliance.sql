-- What the appliance must not forget. The store is also the job queue.
--
-- Epochs and sequence numbers are unsigned 64-bit numbers, kept as 8 big-endian bytes so that their
-- order is the numbers' order.

-- The SRS that everything below was checked against; a store never changes its SRS.
CREATE TABLE appliance (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    srs  TEXT NOT NULL
) STRICT;

CREATE TABLE regions (
    name   TEXT PRIMARY KEY,
    roster TEXT NOT NULL
) STRICT;

CREATE TABLE submissions (
    region   TEXT NOT NULL REFERENCES regions (name),
    epoch    BLOB NOT NULL CHECK (length(epoch) = 8),
    device   TEXT NOT NULL,
    sequence BLOB NOT NULL CHECK (length(sequence) = 8),
    bytes    BLOB NOT NULL,
    -- Results released that open this commitment: its blinders hide three openings, not four.
    openings INTEGER NOT NULL DEFAULT 0 CHECK (openings BETWEEN 0 AND 3),
    PRIMARY KEY (region, epoch, device),
    UNIQUE (region, device, sequence)
) STRICT;

-- A job closes its epoch: one job per region and epoch.
CREATE TABLE jobs (
    position  INTEGER PRIMARY KEY AUTOINCREMENT,
    id        TEXT NOT NULL UNIQUE,
    region    TEXT NOT NULL REFERENCES regions (name),
    epoch     BLOB NOT NULL CHECK (length(epoch) = 8),
    request   TEXT NOT NULL,
    -- The roster when the epoch was closed.
    roster    TEXT NOT NULL,
    state     TEXT NOT NULL DEFAULT 'queued'
              CHECK (state IN ('queued', 'running', 'done', 'failed')),
    backend   TEXT,
    prove_us  INTEGER,
    verify_us INTEGER,
    problem   TEXT,
    result    BLOB,
    UNIQUE (region, epoch),
    CHECK ((state = 'done') = (result IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
) STRICT;

CREATE INDEX jobs_by_state ON jobs (state, position);
