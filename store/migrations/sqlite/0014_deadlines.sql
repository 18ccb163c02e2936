-- Until when a job is worth anything. Jobs that have ended are found by when that was, to be forgotten; sums stay, since
-- each closes its epoch for ever.
ALTER TABLE jobs ADD COLUMN deadline_ms INTEGER;

CREATE INDEX jobs_by_deadline ON jobs (deadline_ms)
    WHERE deadline_ms IS NOT NULL AND state IN ('queued', 'running');
CREATE INDEX jobs_by_end ON jobs (ended_ms)
    WHERE ended_ms IS NOT NULL AND kind <> 'aggregate';
