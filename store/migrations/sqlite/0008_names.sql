-- The names of a circuit's signals.
ALTER TABLE circuits ADD COLUMN sym TEXT;
ALTER TABLE circuits ADD COLUMN sym_bytes INTEGER CHECK ((sym IS NULL) = (sym_bytes IS NULL));

DROP VIEW blobs_needed;
CREATE VIEW blobs_needed (id) AS
    SELECT id FROM evaluation_keys
    UNION SELECT zkey FROM circuits
    UNION SELECT wasm FROM circuits WHERE wasm IS NOT NULL
    UNION SELECT r1cs FROM circuits WHERE r1cs IS NOT NULL
    UNION SELECT sym FROM circuits WHERE sym IS NOT NULL
    UNION SELECT secret FROM groth16_jobs WHERE state IN ('queued', 'running');
