-- What the words of devices mean, and whether devices prove it: regions whose roster names a profile that is
-- not here take no submissions until it is handed in.

CREATE TABLE profiles (
    digest TEXT PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;
