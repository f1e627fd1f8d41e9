-- The tables of a snapshot's figures, from its opportunities.
-- Opportunities (o), contacts (c), tags (t) and postings (p) are numbers, which are joined and grouped far
-- faster than ids. `c` numbers the contacts with several opportunities in the order of their ids; it is
-- -o - 1 for a contact with one. `total`: opportunities of the contact; `upto`, `since`: how many of them are
-- not younger, not older than this one; `hidden`: archived, while another is active.

CREATE TEMP TABLE split AS
SELECT contact, count(*)::INTEGER AS total, row_number() OVER (ORDER BY contact)::INTEGER AS c,
       count(*) FILTER (archived_at IS NULL) > 0 AS active
FROM opportunities GROUP BY contact HAVING count(*) > 1;

CREATE TEMP TABLE trait AS
SELECT row_number() OVER (ORDER BY kind, value)::INTEGER AS v, * FROM (
    SELECT 'posting' AS kind, postings[1] AS value, count(*) AS uses FROM opportunities GROUP BY value
    UNION ALL SELECT 'stage', stage, count(*) FROM opportunities GROUP BY stage
    UNION ALL SELECT 'origin', origin, count(*) FROM opportunities GROUP BY origin
    UNION ALL SELECT 'source', sources[1] AS value, count(*) FROM opportunities GROUP BY value)
WHERE value IS NOT NULL;

CREATE TEMP TABLE opp AS
WITH numbered AS (
    SELECT file_row_number::INTEGER AS o, coalesce(c, -o - 1) AS c, coalesce(total, 1)::SMALLINT AS total,
           created_at, updated_at IS NULL AS untouched, archived_at IS NOT NULL AS archived,
           archived AND coalesce(active, false) AS hidden, len(tags) > 0 AS tagged,
           posting.v AS p, stage.v AS stage, origin.v AS origin, source.v AS source,
           hash(archive_reason) AS reason, hash(owner) AS owner
    FROM opportunities LEFT JOIN split USING (contact)
    LEFT JOIN trait AS posting ON posting.kind = 'posting' AND posting.value = postings[1]
    LEFT JOIN trait AS stage ON stage.kind = 'stage' AND stage.value = opportunities.stage
    LEFT JOIN trait AS origin ON origin.kind = 'origin' AND origin.value = opportunities.origin
    LEFT JOIN trait AS source ON source.kind = 'source' AND source.value = sources[1])
SELECT *, 1::SMALLINT AS upto, 1::SMALLINT AS since FROM numbered WHERE total = 1
UNION ALL
SELECT *, (total + 1 - rank() OVER (PARTITION BY c ORDER BY created_at DESC))::SMALLINT,
       (total + 1 - rank() OVER (PARTITION BY c ORDER BY created_at))::SMALLINT
FROM numbered WHERE total > 1;

CREATE TEMP TABLE tag AS
SELECT row_number() OVER (ORDER BY text)::INTEGER AS t, text
FROM (SELECT DISTINCT unnest(tags) AS text FROM opportunities) WHERE text IS NOT NULL;

-- As narrow as can be, as it is the largest table; `opp` has the rest. list_distinct would take four times as long.
CREATE TEMP TABLE tagging AS
SELECT o, t, c, total, archived, p
FROM (SELECT o, c, total, archived, p,
             unnest(list_filter(tags, lambda tag, place: list_position(tags, tag) = place)) AS text
      FROM opportunities JOIN opp ON o = file_row_number)
JOIN tag USING (text);
