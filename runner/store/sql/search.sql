-- Which grams occur on which shelf of requests (runner/shelves.py).

-- name: shelves
SELECT shelf FROM search_shelf

-- name: shelves_having
SELECT shelf FROM search_gram
WHERE gram IN (/*pg SELECT value FROM json_array_elements_text(CAST(:grams AS json)) */
               /*lite SELECT value FROM json_each(:grams) */)
GROUP BY shelf HAVING count(*) = :count

-- The newest request that was asked for long enough ago; all numbers below it were taken before.
-- name: last_settled
SELECT number FROM request WHERE asked_at < :before AND version = 1 ORDER BY asked_at DESC, number DESC LIMIT 1

-- name: texts_between
SELECT number, search FROM job WHERE number >= :low AND number < :high ORDER BY number

-- Until the end of the transaction: shelving and forgetting the same shelf take turns.
-- name: lock_shelf_pg
SELECT pg_advisory_xact_lock(7958, CAST(:shelf AS integer))

-- name: put_grams
INSERT INTO search_gram (gram, shelf)
SELECT value, CAST(:shelf AS integer)
FROM /*pg json_array_elements_text(CAST(:grams AS json)) */ /*lite json_each(:grams) */
WHERE 1 = 1
ON CONFLICT DO NOTHING

-- name: put_shelf
INSERT INTO search_shelf (shelf) VALUES (:shelf) ON CONFLICT DO NOTHING

-- name: forget_shelf
DELETE FROM search_shelf WHERE shelf = :shelf

-- Bounds by number for a list by time of asking, each found at once by the index.
-- name: first_asked_from
SELECT number FROM request WHERE asked_at >= :moment AND version = 1 ORDER BY asked_at LIMIT 1

-- name: last_asked_before
SELECT number FROM request WHERE asked_at < :moment AND version = 1 ORDER BY asked_at DESC LIMIT 1
