-- Named statements: `-- name: x` starts one. Parameters are :named. `/*pg … */` is kept on PostgreSQL only, and
-- `/*lite … */` on SQLite. SQLite is told which index to use: without statistics, which it never gathers by itself, it
-- prefers an equality on the state, and walks over a million future jobs to find the eight that are due.

-- name: insert_job
INSERT INTO job (version, state, operation, tenant, place, lock_mode, planned_at, due_at, latest_start,
                 asked_by, asked_at, search, quota_keys)
VALUES (1, :state, :operation, :tenant, :place, :lock_mode, :planned_at, :due_at, :latest_start,
        :asked_by, :asked_at, :search, :quota_keys)
RETURNING number

-- name: insert_request
INSERT INTO request (number, version, operation, place, tenant, params, planned_at, asked_at, asked_by, description, email)
VALUES (:number, :version, :operation, :place, :tenant, :params, :planned_at, :asked_at, :asked_by, :description, :email)

-- name: job
SELECT * FROM job WHERE number = :number

-- name: job_for_update
SELECT * FROM job WHERE number = :number /*pg FOR UPDATE */

-- name: request
SELECT * FROM request WHERE number = :number AND version = :version

-- name: request_versions
SELECT * FROM request WHERE number = :number ORDER BY version

-- What is due and may be claimed, longest due first. Served by the partial index job_due: O(due).
-- name: due_jobs
SELECT j.*, r.params AS request_params, a.tenant AS actor_tenant, a.roles AS actor_roles, a.active AS actor_active
FROM job j /*lite INDEXED BY job_due */
JOIN request r ON r.number = j.number AND r.version = j.version
LEFT JOIN account a ON a.name = j.asked_by
WHERE j.state = 'waiting' AND j.blocked_by IS NULL AND j.due_at <= :now
ORDER BY j.due_at, j.number
LIMIT :most
/*pg FOR UPDATE OF j SKIP LOCKED */

-- name: next_due
SELECT min(due_at) AS due_at FROM job /*lite INDEXED BY job_due */ WHERE state = 'waiting' AND blocked_by IS NULL

-- Until the end of the transaction; a tenant that another transaction holds answers false.
-- name: lock_tenants_pg
SELECT tenant, pg_try_advisory_xact_lock(7957, hashtext(tenant)) AS ours FROM unnest(CAST(:tenants AS text[])) AS tenant

-- For each wanted place the first job that stands in the way: one that holds a lock on this place, on the place above it
-- or on one below it; else one that is due and ahead in line. Two halves, each served by its own partial index.
-- name: lock_conflicts
SELECT me.number, coalesce(
  (SELECT o.number FROM job o /*lite INDEXED BY job_holding */
   WHERE o.state IN ('running', 'stopping', 'in-doubt', 'needs-attention')
     AND (o.state <> 'needs-attention' OR o.started_at IS NOT NULL) -- a question about a late start keeps nobody out
     AND o.tenant = me.tenant AND o.number <> me.number AND o.lock_mode <> 'none'
     AND (o.lock_mode = 'exclusive' OR me.lock_mode = 'exclusive')
     AND (o.place = me.place OR o.place = me.above OR substr(o.place, 1, length(me.below)) = me.below)
   ORDER BY o.due_at, o.number LIMIT 1),
  (SELECT o.number FROM job o /*lite INDEXED BY job_in_line */
   WHERE o.state = 'waiting'
     AND o.tenant = me.tenant AND o.number <> me.number AND o.lock_mode <> 'none'
     AND (o.lock_mode = 'exclusive' OR me.lock_mode = 'exclusive')
     AND (o.place = me.place OR o.place = me.above OR substr(o.place, 1, length(me.below)) = me.below)
     AND o.due_at <= me.due_at AND (o.due_at < me.due_at OR o.number < me.number)
   ORDER BY o.due_at, o.number LIMIT 1)) AS blocker
FROM
/*pg json_to_recordset(CAST(:wanted AS json))
  AS me (number bigint, tenant text, lock_mode text, place text, above text, below text, due_at bigint) */
/*lite (SELECT json_extract(value, '$.number') AS number, json_extract(value, '$.tenant') AS tenant, json_extract(value, '$.lock_mode') AS lock_mode,
    json_extract(value, '$.place') AS place, json_extract(value, '$.above') AS above, json_extract(value, '$.below') AS below, json_extract(value, '$.due_at') AS due_at
  FROM json_each(:wanted)) AS me */

-- name: block
UPDATE job SET blocked_by = :blocked_by, rev = rev + 1 WHERE number = :number AND state = 'waiting'

-- Those who wait for one of these jobs.
-- name: followers
SELECT number, tenant, blocked_by FROM job /*lite INDEXED BY job_blocked */
WHERE blocked_by IS NOT NULL
  AND blocked_by IN (/*pg SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:numbers AS json)) */
                     /*lite SELECT value FROM json_each(:numbers) */)
ORDER BY number /*pg FOR UPDATE */

-- name: unblock
UPDATE job SET blocked_by = NULL, rev = rev + 1 WHERE number = :number

-- Heals a wait for somebody who no longer stands in the way (its end was committed while we looked).
-- name: unblock_orphans
UPDATE job /*lite INDEXED BY job_blocked */ SET blocked_by = NULL, rev = rev + 1
WHERE blocked_by IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM job b WHERE b.number = job.blocked_by
    AND (b.state IN ('running', 'stopping', 'in-doubt') OR (b.state = 'needs-attention' AND b.started_at IS NOT NULL)
      OR (b.state = 'waiting' AND b.due_at <= :now -- and still ahead in line: it may have been given another time
        AND (b.due_at < job.due_at OR (b.due_at = job.due_at AND b.number < job.number)))))
RETURNING number, tenant

-- name: clear_receipt
UPDATE job SET quota_keys = '[]' WHERE number = :number

-- Committed before the first effect of a destructive step. A worker whose lease has run out cannot begin.
-- name: begin_step
UPDATE job SET step = :step, begun = 1, run = :run, percent = :percent, rev = rev + 1
WHERE number = :number AND epoch = :epoch AND worker = :worker AND state = 'running' AND lease_until > :now

-- name: record_step
UPDATE job SET step = :step, begun = 0, percent = :percent, run = :run, rev = rev + 1
WHERE number = :number AND epoch = :epoch AND worker = :worker AND state IN ('running', 'stopping', 'in-doubt')

-- name: still_mine
UPDATE job SET percent = :percent
WHERE number = :number AND epoch = :epoch AND worker = :worker AND state IN ('running', 'stopping', 'in-doubt')

-- name: renew_lease
UPDATE job SET lease_until = :lease_until
WHERE number = :number AND epoch = :epoch AND worker = :worker AND state IN ('running', 'stopping', 'in-doubt')
RETURNING state

-- name: expired_leases
SELECT * FROM job /*lite INDEXED BY job_leased */
WHERE state IN ('running', 'stopping', 'in-doubt') AND lease_until IS NOT NULL AND lease_until < :now
ORDER BY lease_until LIMIT :most

-- name: doubtful_jobs
SELECT * FROM job
WHERE state = 'in-doubt' AND (lease_until IS NULL OR lease_until < :now) AND due_at <= :now
ORDER BY number LIMIT :most /*pg FOR UPDATE SKIP LOCKED */

-- name: claim_doubt
UPDATE job SET epoch = epoch + 1, worker = :worker, lease_until = :lease_until, tries = tries + 1, rev = rev + 1
WHERE number = :number AND state = 'in-doubt' AND epoch = :epoch
RETURNING epoch

-- name: late_waiting
SELECT * FROM job /*lite INDEXED BY job_late */ WHERE state = 'waiting' AND started_at IS NULL AND latest_start < :now
ORDER BY latest_start LIMIT :most /*pg FOR UPDATE SKIP LOCKED */

-- name: late_pending
SELECT * FROM job /*lite INDEXED BY job_pending */ WHERE state = 'pending' AND planned_at < :now
ORDER BY planned_at LIMIT :most /*pg FOR UPDATE SKIP LOCKED */

-- name: edit_job
UPDATE job SET version = :version, planned_at = :planned_at, due_at = :planned_at, latest_start = :latest_start,
  search = :search, blocked_by = NULL, rev = rev + 1
WHERE number = :number AND rev = :rev

-- name: rate
UPDATE job SET rating = :rating, rev = rev + 1 WHERE number = :number AND rating IS NULL

-- name: set_opinion
UPDATE job SET opinion = :opinion, search = :search, rev = rev + 1 WHERE number = :number

-- name: work_since
SELECT j.number, j.operation
FROM (SELECT DISTINCT number FROM request WHERE place = :place ORDER BY number DESC LIMIT 200) r
JOIN job j ON j.number = r.number
WHERE j.started_at >= :since ORDER BY j.number DESC LIMIT 20
