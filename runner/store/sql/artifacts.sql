-- Artifacts on record. What an artifact's bytes are is in the artifact store, under its key.

-- name: insert_artifact
INSERT INTO artifact (id, tenant, kind, key, place, name, description, size, sha256, state, facts, job, added_by, added_at)
VALUES (:id, :tenant, :kind, :key, :place, :name, :description, :size, :sha256, :state, :facts, :job, :added_by, :added_at)
ON CONFLICT (key) DO NOTHING

-- name: artifact
SELECT * FROM artifact WHERE id = :id

-- name: artifacts_of_job
SELECT * FROM artifact WHERE job = :job ORDER BY added_at, id

-- name: newest_artifact
SELECT * FROM artifact WHERE tenant = :tenant AND kind = :kind AND place = :place AND state = 'ready'
ORDER BY added_at DESC, id DESC LIMIT 1

-- name: artifacts_of_tenant
SELECT * FROM artifact
WHERE tenant = :tenant AND (:kind = '' OR kind = :kind) AND (:place = '' OR place = :place)
AND (:state = '' OR state = :state) AND (added_at < :at OR (added_at = :at AND id < :id))
ORDER BY added_at DESC, id DESC LIMIT :most

-- name: artifacts
SELECT * FROM artifact
WHERE (:kind = '' OR kind = :kind) AND (:place = '' OR place = :place)
AND (:state = '' OR state = :state) AND (added_at < :at OR (added_at = :at AND id < :id))
ORDER BY added_at DESC, id DESC LIMIT :most

-- The unfinished jobs that made an artifact, or whose parameters name it. Served by job_by_tenant_state.
-- name: jobs_using_artifact
SELECT j.number FROM job j JOIN request r ON r.number = j.number AND r.version = j.version
WHERE j.tenant = :tenant
AND j.state IN ('pending', 'waiting', 'running', 'stopping', 'in-doubt', 'needs-attention')
AND (j.number = :job OR r.params LIKE '%"' || :id || '"%')
ORDER BY j.number LIMIT 5

-- name: open_uploads
SELECT count(*) AS open, coalesce(CAST(sum(size) AS bigint), 0) AS bytes FROM artifact
WHERE tenant = :tenant AND state IN ('uploading', 'checking')

-- name: insert_upload
INSERT INTO artifact (id, tenant, kind, key, place, name, description, size, state, facts, upload, added_by, added_at,
expires_at)
VALUES (:id, :tenant, :kind, :key, :place, :name, :description, :size, 'uploading', :facts, :upload, :added_by,
:added_at, :expires_at)

-- name: upload_on_record
SELECT * FROM artifact WHERE upload = :upload AND tenant = :tenant AND state IN ('uploading', 'checking')

-- name: keep_upload
UPDATE artifact SET expires_at = :expires_at WHERE id = :id AND state = 'uploading'

-- name: check_upload
UPDATE artifact SET state = 'checking', expires_at = :expires_at WHERE id = :id AND state IN ('uploading', 'checking')

-- name: take_upload
UPDATE artifact SET state = 'ready', size = :size, sha256 = :sha256, facts = :facts, expires_at = NULL
WHERE id = :id AND state IN ('uploading', 'checking')

-- What ends keeps its moment to be swept until its bytes are gone.
-- name: end_artifact
UPDATE artifact SET state = :state, facts = :facts, expires_at = :now
WHERE id = :id AND state IN ('uploading', 'checking')

-- The same where nobody goes on with it: what is being kept or checked at this moment stays.
-- name: end_left_upload
UPDATE artifact SET state = :state, facts = :facts, expires_at = :now
WHERE id = :id AND ((state = 'uploading' AND expires_at <= :now)
OR (state = 'checking' AND expires_at <= :claimed_before))

-- name: delete_artifact
UPDATE artifact SET state = 'deleted', expires_at = :now WHERE id = :id AND state = 'ready'

-- name: artifact_is_swept
UPDATE artifact SET expires_at = NULL WHERE id = :id AND state IN ('refused', 'failed', 'deleted')

-- name: artifacts_to_sweep
SELECT * FROM artifact
WHERE expires_at <= :now AND state IN ('uploading', 'checking', 'refused', 'failed', 'deleted', 'ready')
ORDER BY expires_at, id LIMIT :most

-- A script that is ready has a moment to be looked at until a request names it.
-- name: insert_script
INSERT INTO artifact (id, tenant, kind, key, place, name, description, size, sha256, state, facts, added_by, added_at,
expires_at)
VALUES (:id, :tenant, 'script', :key, :place, :name, '', :size, :sha256, 'ready', :facts, :added_by, :added_at,
:expires_at)
ON CONFLICT (key) DO NOTHING

-- name: renew_script
UPDATE artifact SET expires_at = CASE WHEN expires_at IS NULL THEN NULL ELSE CAST(:expires_at AS bigint) END
WHERE id = :id AND state = 'ready'

-- name: keep_script
UPDATE artifact SET expires_at = NULL WHERE id = :id AND state = 'ready'

-- name: script_due
SELECT id FROM artifact WHERE id = :id AND state = 'ready' AND expires_at <= :now /*pg FOR UPDATE */

-- A request of which any version names a script. Served by request_by_place: a script is for one place.
-- name: request_naming
SELECT number FROM request /*lite INDEXED BY request_by_place */
WHERE place = :place AND params LIKE '%"' || :id || '"%' ORDER BY number LIMIT 1

-- Backups beyond the newest ones of their data center, old enough to go.
-- name: old_backups
SELECT * FROM (
  SELECT a.*, ROW_NUMBER() OVER (PARTITION BY place ORDER BY added_at DESC, id DESC) AS place_in_line
  FROM artifact a WHERE kind = 'backup' AND state = 'ready') ranked
WHERE place_in_line > :keep AND added_at < :before ORDER BY added_at, id LIMIT :most
