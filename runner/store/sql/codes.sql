-- One-time codes. The guards are here: of many tries at once no more than the limit count, and a code is used once.

-- name: insert_code
INSERT INTO code (account, action, place, bound, digest, sent_at, expires_at, tries)
VALUES (:account, :action, :place, :bound, :digest, :sent_at, :expires_at, 0) RETURNING id

-- name: seal_code
UPDATE code SET digest = :digest WHERE id = :id

-- name: void_codes
UPDATE code SET used_at = :now WHERE account = :account AND action = :action AND place = :place AND used_at IS NULL

-- name: open_code
SELECT id, digest FROM code
WHERE account = :account AND action = :action AND place = :place AND bound = :bound
  AND used_at IS NULL AND expires_at > :now
ORDER BY id DESC LIMIT 1

-- name: try_code
UPDATE code SET tries = tries + 1 WHERE id = :id AND tries < :most AND used_at IS NULL RETURNING tries

-- name: use_code
UPDATE code SET used_at = :now WHERE id = :id AND used_at IS NULL AND expires_at > :now

-- name: last_code
SELECT sent_at FROM code WHERE account = :account AND action = :action AND place = :place ORDER BY id DESC LIMIT 1

-- name: count_codes
SELECT COUNT(*) AS codes FROM code WHERE account = :account AND sent_at >= :since

-- name: forget_codes
DELETE FROM code WHERE expires_at < :before

-- name: put_setting
INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING

-- For tests and the demo's proof alone: codes that wait to be sent, the newest first.
-- name: waiting_codes
SELECT id, body FROM outbox WHERE kind = 'code' AND state = 'waiting' AND body IS NOT NULL ORDER BY id DESC LIMIT 1
