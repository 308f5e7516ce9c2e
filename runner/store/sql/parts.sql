-- The parts of a long step, such as the batches of a script: how each stands.

-- name: put_part
INSERT INTO part (job, step, number, colour, facts) VALUES (:job, :step, :number, :colour, :facts)
ON CONFLICT (job, step, number) DO UPDATE SET colour = excluded.colour, facts = excluded.facts

-- name: mend_part
INSERT INTO part (job, step, number, colour, facts) VALUES (:job, :step, :number, :colour, :facts)
ON CONFLICT (job, step, number) DO UPDATE SET colour = excluded.colour, facts = excluded.facts
WHERE part.colour <> excluded.colour

-- name: count_parts
SELECT step, colour, COUNT(*) AS parts FROM part WHERE job = :job GROUP BY step, colour ORDER BY step, colour

-- name: parts
SELECT number, colour, facts FROM part WHERE job = :job AND step = :step AND number > :after ORDER BY number LIMIT :most

-- name: parts_of_colour
SELECT number, colour, facts FROM part WHERE job = :job AND step = :step AND colour = :colour AND number > :after
ORDER BY number LIMIT :most
