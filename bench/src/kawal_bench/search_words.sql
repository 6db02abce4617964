-- Makes the texts of seeded cases as different as people's are: words by Zipf's law (the most frequent in two of five
-- cases, most of 20,000 in a few dozen), and names of 12,000 kinds. `setseed` makes every run the same.
SET LOCAL session_replication_role = replica;
SET LOCAL synchronous_commit = off;
SELECT setseed(0.5);

CREATE TEMPORARY TABLE seed_word ON COMMIT DROP AS
SELECT rank,
       (ARRAY['ba', 'ka', 'ma', 'sa', 'ta', 'pe', 'di', 'ke', 'lu', 'ro'])[1 + rank % 10]
           || (ARRAY['la', 'ri', 'tu', 'nga', 'mbo', 'ndi', 'su', 'hi', 'wa', 'yo'])[1 + rank / 10 % 10]
           || (ARRAY['n', 'k', 'r', 's', 't', 'ng', 'h', 'p', 'm', 'l'])[1 + rank / 100 % 10]
           || CASE WHEN rank >= 1000 THEN (ARRAY['ado', 'ibu', 'ega', 'opi', 'uka'])[1 + rank / 1000 % 5] ELSE '' END
           || CASE WHEN rank >= 5000 THEN (ARRAY['si', 'ta', 'no', 'ru'])[1 + rank / 5000] ELSE '' END AS word
FROM generate_series(0, 19999) AS rank;

CREATE TEMPORARY TABLE seed_words ON COMMIT DROP AS
SELECT array_agg(word ORDER BY rank) AS words FROM seed_word;

-- The terms that depend on the row are zero: without them the random words would be drawn once for all rows.
UPDATE core.timeline SET text = text || ' ' || (
    SELECT string_agg(words[1 + least((exp(random() * ln(20000)) - 1)::int, 19999)], ' ')
    FROM seed_words, generate_series(1, 8 + timeline.seq * 0)
)
WHERE kind = 'message' AND seq = 2;

UPDATE core.participants SET name = (
    SELECT initcap(words[1 + (random() * 99)::int]) || ' ' || initcap(words[101 + (random() * 119)::int])
    FROM seed_words, generate_series(1, 1 + length(participants.locale) * 0)
);
