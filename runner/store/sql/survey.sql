-- What the survey has seen of database servers and data centers.

-- name: begin_survey
INSERT INTO seen (place, begun_at, seen_at, facts) VALUES (:place, :now, NULL, '{}')
ON CONFLICT (place) DO UPDATE SET begun_at = excluded.begun_at WHERE seen.begun_at <= :before

-- name: put_seen
INSERT INTO seen (place, begun_at, seen_at, facts) VALUES (:place, :at, :at, :facts)
ON CONFLICT (place) DO UPDATE SET begun_at = excluded.begun_at, seen_at = excluded.seen_at, facts = excluded.facts

-- name: seen
SELECT seen_at, facts FROM seen WHERE place = :place AND seen_at IS NOT NULL

-- name: work_at
SELECT number, operation, state, percent, planned_at FROM job
WHERE tenant = :tenant AND place = :place AND state IN ('running', 'stopping', 'in-doubt', 'needs-attention')
UNION ALL
SELECT number, operation, state, percent, planned_at FROM job
WHERE tenant = :tenant AND place = :place AND state = 'waiting'
ORDER BY planned_at LIMIT 20

-- name: last_success
SELECT j.number, j.started_at, j.ended_at
FROM (SELECT DISTINCT number FROM request WHERE place = :place ORDER BY number DESC LIMIT 200) r
JOIN job j ON j.number = r.number
WHERE j.operation = :operation AND j.state = 'succeeded' AND j.started_at IS NOT NULL AND j.ended_at IS NOT NULL
ORDER BY j.number DESC LIMIT :most

-- name: place_names
SELECT place, title, database, was_title, was_database FROM place_name ORDER BY place, at, job

-- name: put_place_name
INSERT INTO place_name (place, title, database, was_title, was_database, job, at)
VALUES (:place, :title, :database, :was_title, :was_database, :job, :at)
ON CONFLICT (place, job) DO NOTHING
