-- Whose vault this is.
CREATE TABLE authority (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    public_key TEXT NOT NULL,
    -- SHA-256 of the evaluation key in the file beside, once there is one.
    evaluation_key TEXT
) STRICT;

-- Every version of a region's roster that was ever trusted here.
CREATE TABLE rosters (
    region TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (region, digest)
) STRICT, WITHOUT ROWID;

-- A device key belongs to the region whose roster had it first, for ever.
CREATE TABLE devices (
    key BLOB PRIMARY KEY,
    region TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The one claim of each region and epoch, and how many bits were released about it.
CREATE TABLE claims (
    region TEXT NOT NULL,
    epoch BLOB NOT NULL,
    claim TEXT NOT NULL,
    bits INTEGER NOT NULL CHECK (bits >= 0),
    PRIMARY KEY (region, epoch)
) STRICT, WITHOUT ROWID;

-- What was asked and paid for; the answer follows once it is computed.
CREATE TABLE questions (
    digest TEXT PRIMARY KEY,
    answer BLOB
) STRICT, WITHOUT ROWID;
