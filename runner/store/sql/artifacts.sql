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
