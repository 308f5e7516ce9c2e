-- Bulk load of valid rows, places as in estate.py. Statements are separated by a line of two hyphens and a semicolon.
-- As many rows each as the count says; moments in microseconds. Future work was asked for in
-- the last two hours, after all that is finished, and is planned from tomorrow on.
INSERT INTO job (version, rev, state, operation, tenant, place, lock_mode, planned_at, due_at, latest_start,
                 asked_by, asked_at, search, epoch, step, tries, started_at, ended_at, percent, plan, outcome,
                 rating, quota_keys)
WITH RECURSIVE n(i) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
SELECT 1, 4, CASE i % 20 WHEN 0 THEN 'failed' WHEN 1 THEN 'cancelled' ELSE 'succeeded' END, 'noop',
       't' || (i % 20), 't' || (i % 20) || '/prod/d' || (i / 20 % 50), 'exclusive',
       :now + (i - :count) * 1000000, :now + (i - :count) * 1000000, :now + (300 + i - :count) * 1000000,
       'bench', :now + (i - :count - 7260) * 1000000,
       CASE i % 100000 WHEN 7 THEN 'rare needle ' ELSE 'finished work ' END || i || :line || 'bench' || :line,
       1, 1, 1, :now + (i - :count) * 1000000, :now + (1 + i - :count) * 1000000, 100, :plan, :outcome,
       CASE i % 10 WHEN 3 THEN 5 END, '[]'
FROM n ORDER BY i
--;
INSERT INTO job (version, state, operation, tenant, place, lock_mode, planned_at, due_at, latest_start,
                 asked_by, asked_at, search, quota_keys)
WITH RECURSIVE n(i) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
SELECT 1, 'waiting', 'noop', 't' || (i % 20), 't' || (i % 20) || '/prod/d' || (i / 20 % 50), 'exclusive',
       :now + (86400 + i) * 1000000, :now + (86400 + i) * 1000000, :now + (86700 + i) * 1000000,
       'bench', :now - 7200000000 + i * 3000, 'planned work ' || i || :line || 'bench' || :line, '[]'
FROM n ORDER BY i
--;
INSERT INTO request (number, version, operation, place, tenant, params, planned_at, asked_at, asked_by, description, email)
SELECT number, version, operation, place, tenant, :params, planned_at, asked_at, asked_by, 'bulk ' || number, ''
FROM job WHERE number > :after ORDER BY number
