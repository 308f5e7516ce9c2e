-- Messages that wait to be sent (messages/).

-- name: setting
SELECT value FROM setting WHERE name = :name

-- What a message about a job needs, and whom it is for.
-- name: to_be_told
SELECT j.number, j.rev, j.operation, j.place, j.tenant, j.planned_at, j.opinion,
       r.email AS asked_email, a.email AS account_email
FROM job j
JOIN request r ON r.number = j.number AND r.version = j.version
LEFT JOIN account a ON a.name = j.asked_by
WHERE j.number IN (/*pg SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:numbers AS json)) */
                   /*lite SELECT value FROM json_each(:numbers) */)

-- The same message is put once, however often it is tried.
-- name: put_message
INSERT INTO outbox (message_id, job, tenant, kind, channel, recipient, subject, body, state, next_at, expires_at, created_at)
VALUES (:message_id, :job, :tenant, :kind, :channel, :recipient, :subject, :body, :state, :at, :expires_at, :at)
ON CONFLICT (message_id) DO NOTHING

-- name: messages_due
SELECT id, attempts FROM outbox
WHERE state = 'waiting' AND next_at <= :now AND (channel = :one OR channel = :other) ORDER BY next_at, id LIMIT :most

-- The count of attempts is the guard: of two senders one gets the row, and one that was overtaken records nothing.
-- name: claim_message
UPDATE outbox SET attempts = attempts + 1, next_at = :until
WHERE id = :id AND state = 'waiting' AND attempts = :attempts AND next_at <= :now
RETURNING *

-- name: message_sent
UPDATE outbox SET state = 'sent', sent_at = :now, error = NULL, body = CASE WHEN expires_at IS NULL THEN body END
WHERE id = :id AND state = 'waiting' AND attempts = :attempts

-- name: message_later
UPDATE outbox SET next_at = :next_at, error = :error WHERE id = :id AND state = 'waiting' AND attempts = :attempts

-- name: message_failed
UPDATE outbox SET state = 'failed', error = :error, body = CASE WHEN expires_at IS NULL THEN body END
WHERE id = :id AND state = 'waiting' AND attempts = :attempts

-- name: messages_expired
UPDATE outbox SET state = 'failed', error = :error, body = NULL
WHERE state = 'waiting' AND expires_at <= :now
RETURNING id, job, tenant, channel

-- name: retry_message
UPDATE outbox SET state = 'waiting', attempts = 0, next_at = :now, error = NULL
WHERE id = :id AND state IN ('failed', 'off') AND body IS NOT NULL

-- name: message
SELECT * FROM outbox WHERE id = :id

-- name: messages
SELECT * FROM outbox
WHERE id < :below AND (:state = '' OR state = :state) AND (CAST(:job AS bigint) = 0 OR job = :job)
ORDER BY id DESC LIMIT :most

-- name: forget_messages
DELETE FROM outbox WHERE state <> 'waiting' AND created_at < :before

-- Whoever brought a file: only uploads have an upload.
-- name: uploader
SELECT a.email FROM artifact f JOIN account a ON a.name = f.added_by WHERE f.id = :id AND f.upload IS NOT NULL

-- name: accounts_to_tell
SELECT email, roles FROM account WHERE tenant = :tenant AND active = 1 AND email IS NOT NULL AND email <> ''
