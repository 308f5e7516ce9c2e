-- Letters of authorization. One that has ended counts as void, whether a sweep has come by or not.

-- name: insert_letter
INSERT INTO letter (tenant, kind, state, reason, last_day, ends_at, asked_by, asked_at)
VALUES (:tenant, :kind, :state, :reason, :last_day, :ends_at, :asked_by, :asked_at)
RETURNING number

-- name: letter
SELECT * FROM letter WHERE number = :number

-- Every letter of a tenant and kind that is not over, for a change of one of them: in one order, so that two who come
-- at once take turns, and the second sees what the first has done.
-- name: living_letters_for_update
SELECT * FROM letter WHERE tenant = :tenant AND kind = :kind AND state IN ('draft', 'in-review', 'effective')
ORDER BY number /*pg FOR UPDATE */

-- name: effective_letters
SELECT * FROM letter WHERE tenant = :tenant AND state = 'effective' AND ends_at > :now ORDER BY number

-- name: open_letters
SELECT count(*) AS letters FROM letter WHERE tenant = :tenant AND state IN ('draft', 'in-review') AND ends_at > :now

-- Until the end of the transaction: those who ask for one tenant take turns, and their count is exact.
-- name: lock_letters_pg
SELECT pg_advisory_xact_lock(7959, hashtext(:tenant))

-- name: move_letter
UPDATE letter SET state = :state, scanned_at = :scanned_at, review_due_at = :review_due_at, alarm_at = :alarm_at,
  decided_by = :decided_by, decided_at = :decided_at, opinion = :opinion, ended_at = :ended_at, ended_why = :ended_why,
  replaced_by = :replaced_by, rev = rev + 1
WHERE number = :number AND state = :was AND rev = :rev

-- name: letters
SELECT * FROM letter
WHERE number < :before AND (:kind = '' OR kind = :kind) AND (:state = '' OR :state =
  CASE WHEN state IN ('draft', 'in-review', 'effective') AND ends_at <= :now THEN 'void' ELSE state END)
ORDER BY number DESC LIMIT :most

-- name: letters_of_tenant
SELECT * FROM letter
WHERE tenant = :tenant AND number < :before AND (:kind = '' OR kind = :kind) AND (:state = '' OR :state =
  CASE WHEN state IN ('draft', 'in-review', 'effective') AND ends_at <= :now THEN 'void' ELSE state END)
ORDER BY number DESC LIMIT :most

-- name: ended_letters
SELECT number, tenant, kind FROM letter /*lite INDEXED BY letter_ending */
WHERE state IN ('draft', 'in-review', 'effective') AND ends_at <= :now
ORDER BY ends_at LIMIT :most

-- name: alarming_letters
SELECT number FROM letter /*lite INDEXED BY letter_alarm */
WHERE state = 'in-review' AND alarm_at IS NOT NULL AND alarm_at <= :now
ORDER BY alarm_at LIMIT :most

-- Given once: whoever blanks the time gives the alarm.
-- name: take_alarm
UPDATE letter SET alarm_at = NULL
WHERE number = :number AND state = 'in-review' AND alarm_at <= :now AND ends_at > :now
RETURNING tenant, kind, review_due_at

-- name: insert_scan
INSERT INTO letter_scan (id, letter, name, media_type, size, sha256, content, added_by, added_at)
VALUES (:id, :letter, :name, :media_type, :size, :sha256, :content, :added_by, :added_at)

-- name: scans
SELECT id, letter, name, media_type, size, sha256, added_by, added_at FROM letter_scan WHERE letter = :letter
ORDER BY added_at, id

-- name: scan
SELECT * FROM letter_scan WHERE letter = :letter AND id = :id
