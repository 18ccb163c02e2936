-- The backend that failed at a sum before the processor proved it, as for proofs of circuits.
ALTER TABLE jobs ADD COLUMN retried TEXT;
