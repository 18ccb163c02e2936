-- Witnesses are named by tokens that only their makers have. A job says that it has a witness, and neither its
-- token nor, as it did before, its hash.
ALTER TABLE groth16_jobs ADD COLUMN from_witness INTEGER NOT NULL DEFAULT 0
    CHECK (from_witness IN (0, 1));
UPDATE groth16_jobs SET from_witness = 1, request = json_remove(request, '$.witness')
    WHERE json_extract(request, '$.witness') IS NOT NULL;
