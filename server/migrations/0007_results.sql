-- Proved results of other appliances, for programs that a quorum computes. Each was verified when it came.

CREATE TABLE results (
    digest TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    epoch  BLOB NOT NULL CHECK (length(epoch) = 8),
    bytes  BLOB NOT NULL
) STRICT;
