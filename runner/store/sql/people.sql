-- name: account
SELECT * FROM account WHERE name = :name

-- name: accounts
SELECT * FROM account ORDER BY name

-- name: put_account
INSERT INTO account (name, tenant, roles, active, created_at) VALUES (:name, :tenant, :roles, :active, :created_at)
ON CONFLICT (name) DO UPDATE SET tenant = :tenant, roles = :roles, active = :active

-- name: account_for_update
SELECT * FROM account WHERE name = :name /*pg FOR UPDATE */

-- name: set_contact
UPDATE account SET email = :email, phone = :phone WHERE name = :name

-- name: insert_token
INSERT INTO token (id, account, scopes, hash, created_at, expires_at) VALUES (:id, :account, :scopes, :hash, :created_at, :expires_at)

-- name: token
SELECT t.*, a.tenant, a.roles, a.active FROM token t JOIN account a ON a.name = t.account WHERE t.id = :id

-- name: tokens
SELECT id, account, scopes, created_at, expires_at, revoked_at FROM token ORDER BY created_at

-- name: revoke_token
UPDATE token SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL

-- name: insert_worker
INSERT INTO worker (id, host, pid, slots, started_at, beat_at) VALUES (:id, :host, :pid, :slots, :at, :at)

-- name: beat
UPDATE worker SET beat_at = :at WHERE id = :id RETURNING paused

-- name: worker_stopped
UPDATE worker SET stopped_at = :at WHERE id = :id

-- name: pause_workers
UPDATE worker SET paused = :paused WHERE stopped_at IS NULL AND (id = :id OR :id = 'all')

-- name: workers
SELECT * FROM worker WHERE stopped_at IS NULL ORDER BY started_at

-- name: forget_workers
DELETE FROM worker WHERE beat_at < :before
