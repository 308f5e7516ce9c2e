-- What the figures of a portal are made of. Live rows by their indexes; finished jobs are never walked over.

-- name: live_jobs
SELECT state, count(*) AS jobs FROM job
WHERE state IN ('pending', 'waiting', 'running', 'stopping', 'in-doubt', 'needs-attention')
GROUP BY state

-- name: count_expired_leases
SELECT count(*) AS jobs FROM job WHERE state IN ('running', 'stopping', 'in-doubt') AND lease_until < :now

-- Served by event_by_kind: only what was appended since.
-- name: moves_since
SELECT e.seq, e.kind, e.at, e.body, j.due_at FROM event e JOIN job j ON j.number = e.job
WHERE e.kind IN ('claimed', 'succeeded', 'failed', 'refused', 'missed', 'cancelled', 'lost', 'undecided')
  AND e.at >= :since
ORDER BY e.at, e.seq LIMIT :most
