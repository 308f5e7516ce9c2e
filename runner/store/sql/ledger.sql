-- name: chain_head
SELECT seq, hash FROM chain WHERE id = 1 /*pg FOR UPDATE */

-- name: move_chain
UPDATE chain SET seq = :end_seq, hash = :end_hash WHERE id = 1

-- name: insert_event
INSERT INTO event (seq, at, job, tenant, kind, actor, body, digest, hash)
VALUES (:seq, :at, :job, :tenant, :kind, :actor, :body, :digest, :hash)

-- The events of a transaction and the chain's new end, in one statement: others wait for that row.
-- name: insert_events_pg
WITH moved AS (UPDATE chain SET seq = :end_seq, hash = :end_hash WHERE id = 1)
INSERT INTO event (seq, at, job, tenant, kind, actor, body, digest, hash)
SELECT * FROM unnest(CAST(:seq AS bigint[]), CAST(:at AS bigint[]), CAST(:job AS bigint[]), CAST(:tenant AS text[]),
  CAST(:kind AS text[]), CAST(:actor AS text[]), CAST(:body AS text[]), CAST(:digest AS bytea[]), CAST(:hash AS bytea[]))

-- name: events_between
SELECT seq, at, job, tenant, kind, actor, body FROM event WHERE seq > :after AND seq <= :last ORDER BY seq LIMIT :most

-- name: tenant_events_between
SELECT seq, at, job, tenant, kind, actor, body FROM event
WHERE seq > :after AND seq <= :last AND tenant = :tenant ORDER BY seq LIMIT :most

-- name: job_events_after
SELECT seq, at, job, tenant, kind, actor, body FROM event WHERE job = :job AND seq > :after ORDER BY seq LIMIT :most

-- name: chain_links
SELECT seq, at, job, tenant, kind, actor, body, digest, hash FROM event WHERE seq > :after ORDER BY seq LIMIT :most

-- Output outlives its use: the text goes, its digest stays, so that the chain can still be verified.
-- name: blank_output
UPDATE event SET body = NULL WHERE seq IN (
  SELECT seq FROM event WHERE kind = 'output' AND at < :before AND body IS NOT NULL AND seq > :after
  ORDER BY seq LIMIT :most)
RETURNING seq

-- name: quota_used
SELECT used FROM quota WHERE key = :key

-- Exact under concurrency: the row decides, not what somebody read before.
-- name: quota_take
INSERT INTO quota (key, used) SELECT :key, 1 WHERE :limit > 0
ON CONFLICT (key) DO UPDATE SET used = quota.used + 1 WHERE quota.used < :limit

-- name: quota_give_back
UPDATE quota SET used = used - 1 WHERE key = :key AND used > 0

-- name: idempotent_answer
SELECT body_hash, answer FROM idempotency WHERE actor = :actor AND key = :key

-- name: remember_answer
INSERT INTO idempotency (actor, key, body_hash, answer, at) VALUES (:actor, :key, :body_hash, :answer, :at)

-- name: forget_answers
DELETE FROM idempotency WHERE at < :before

-- name: chain_end
SELECT seq, hash FROM chain WHERE id = 1
