-- What was done, and for whom, in the order of the transactions that did it.
CREATE TABLE audit (
    position  INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms     INTEGER NOT NULL,
    who       TEXT NOT NULL,
    -- A JSON object, hashed as it is written here.
    act       TEXT NOT NULL,
    -- Of this and all before; not there yet while this is new.
    hash      TEXT,
    signature TEXT CHECK (signature IS NULL OR hash IS NOT NULL)
) STRICT;

CREATE INDEX audit_unsealed ON audit (position) WHERE hash IS NULL;
