-- Traffic is only ever added to: the row adds, not what somebody read before, so that no byte is lost or counted twice.

-- name: count_traffic
INSERT INTO traffic (tenant, day, kind, bytes) VALUES (:tenant, :day, :kind, :bytes)
ON CONFLICT (tenant, day, kind) DO UPDATE SET bytes = traffic.bytes + excluded.bytes

-- name: traffic_used
SELECT coalesce(CAST(sum(bytes) AS bigint), 0) AS bytes FROM traffic WHERE tenant = :tenant

-- name: traffic_by_day
SELECT day, kind, bytes FROM traffic
WHERE tenant = :tenant AND day >= :first AND day <= :last AND (:kind = '' OR kind = :kind)
ORDER BY day, kind

-- Storage: what the files of a tenant take that are ready. Served by artifact_by_tenant.
-- name: stored_bytes
SELECT coalesce(CAST(sum(size) AS bigint), 0) AS bytes FROM artifact WHERE tenant = :tenant AND state = 'ready'
