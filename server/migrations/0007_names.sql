-- The names of a circuit's signals.
ALTER TABLE circuits ADD COLUMN sym TEXT;
ALTER TABLE circuits ADD COLUMN sym_bytes INTEGER CHECK ((sym IS NULL) = (sym_bytes IS NULL));
