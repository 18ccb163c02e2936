-- What shows that a circuit's key is a toy, if anything does: so that its proofs are marked, and no more are made
-- by an appliance that does not allow it.
ALTER TABLE circuits ADD COLUMN weakness TEXT;
UPDATE circuits SET weakness = 'no-contribution' WHERE contributions = 0;
