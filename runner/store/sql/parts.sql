-- The parts of a long step, such as the batches of a script: how each stands.

-- What is only known from a look (`looked`) has no messages: it adds, and corrects a colour, and replaces nothing else.
-- name: put_part
INSERT INTO part (job, step, number, colour, facts) VALUES (:job, :step, :number, :colour, :facts)
ON CONFLICT (job, step, number) DO UPDATE SET colour = excluded.colour, facts = excluded.facts
WHERE CAST(:looked AS integer) = 0 OR part.colour <> excluded.colour

-- name: count_parts
SELECT step, colour, COUNT(*) AS parts FROM part WHERE job = :job GROUP BY step, colour ORDER BY step, colour

-- name: parts
SELECT number, colour, facts FROM part WHERE job = :job AND step = :step AND number > :after ORDER BY number LIMIT :most

-- name: parts_of_colour
SELECT number, colour, facts FROM part WHERE job = :job AND step = :step AND colour = :colour AND number > :after
ORDER BY number LIMIT :most
