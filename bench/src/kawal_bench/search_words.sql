-- Makes the texts of seeded cases as different as people's are: words by Zipf's law (the most frequent in two of five
-- cases, most of 20,000 in a few dozen), and names of 12,000 kinds. `setseed` makes every run the same.
SET LOCAL session_replication_role = replica;
SET LOCAL synchronous_commit = off;
SELECT setseed(0.5);

-- From 0 to 19,999. Made anew each time: to look one up in an array of them all is far slower.
CREATE FUNCTION pg_temp.seed_word(rank int) RETURNS text LANGUAGE sql IMMUTABLE RETURN
    (ARRAY['ba', 'ka', 'ma', 'sa', 'ta', 'pe', 'di', 'ke', 'lu', 'ro'])[1 + rank % 10]
    || (ARRAY['la', 'ri', 'tu', 'nga', 'mbo', 'ndi', 'su', 'hi', 'wa', 'yo'])[1 + rank / 10 % 10]
    || (ARRAY['n', 'k', 'r', 's', 't', 'ng', 'h', 'p', 'm', 'l'])[1 + rank / 100 % 10]
    || CASE WHEN rank >= 1000 THEN (ARRAY['ado', 'ibu', 'ega', 'opi', 'uka'])[1 + rank / 1000 % 5] ELSE '' END
    || CASE WHEN rank >= 5000 THEN (ARRAY['si', 'ta', 'no', 'ru'])[1 + rank / 5000] ELSE '' END;

-- The terms that depend on the row are zero: without them the random words would be drawn once for all rows.
UPDATE core.timeline SET text = text || ' ' || (
    SELECT string_agg(pg_temp.seed_word(drawn.rank), ' ')
    FROM (
        SELECT least((exp(random() * ln(20000::float8)) - 1)::int, 19999) AS rank
        FROM generate_series(1, 8 + timeline.seq * 0) OFFSET 0
    ) AS drawn
)
WHERE kind = 'message' AND seq = 2;

UPDATE core.participants SET name = (
    SELECT initcap(pg_temp.seed_word(drawn.first)) || ' ' || initcap(pg_temp.seed_word(drawn.last))
    FROM (
        SELECT (random() * 99)::int AS first, 101 + (random() * 119)::int AS last
        FROM generate_series(1, 1 + length(participants.locale) * 0) OFFSET 0
    ) AS drawn
);
