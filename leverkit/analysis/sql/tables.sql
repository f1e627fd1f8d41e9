-- The tables of a snapshot's figures, from its opportunities.
-- Opportunities (o), contacts (c), tags (t) and postings (p) are numbers, which are joined and grouped far
-- faster than texts. `c` numbers the contacts with several opportunities in the order of their ids; it is
-- -o - 1 for a contact with one. `total`: opportunities of the contact.

CREATE TABLE split AS
SELECT contact, row_number() OVER (ORDER BY contact)::INTEGER AS c, count(*)::INTEGER AS total,
       count(*) FILTER (NOT is_anonymized)::SMALLINT AS named, count(archived_at) AS archived,
       count(*) > count(archived_at) AS active, min(created_at) AS first, max(created_at) AS last
FROM opportunities GROUP BY contact HAVING count(*) > 1;

CREATE TABLE trait AS
SELECT row_number() OVER (ORDER BY kind, value)::INTEGER AS v, * FROM (
    SELECT 'posting' AS kind, postings[1] AS value, count(*) AS uses FROM opportunities GROUP BY value
    UNION ALL SELECT 'stage', stage, count(*) FROM opportunities GROUP BY stage
    UNION ALL SELECT 'origin', origin, count(*) FROM opportunities GROUP BY origin
    UNION ALL SELECT 'source', sources[1] AS value, count(*) FROM opportunities GROUP BY value)
WHERE value IS NOT NULL;

CREATE TABLE tag AS
SELECT (row_number() OVER (ORDER BY text) - 1)::INTEGER AS t, text
FROM (SELECT DISTINCT unnest(tags) AS text FROM opportunities);

-- A cast finds the number of a text faster than a join, which would need a row for each tagging.
CREATE TYPE label AS ENUM (SELECT text FROM tag ORDER BY t);

CREATE MACRO short(wide) AS (wide >> 32)::UINTEGER;  -- half the memory; a few values are told apart

CREATE TABLE opp AS
SELECT file_row_number::INTEGER AS o, coalesce(c, -o - 1) AS c, coalesce(total, 1)::SMALLINT AS total,
       created_at, archived_at IS NOT NULL AS archived, is_anonymized,
       posting.v AS p, stage.v AS stage, origin.v AS origin, source.v AS source,
       short(hash(stage.v, archive_reason)) AS outcome, short(hash(owner)) AS owner,
       list_transform(tags::label[], lambda each: enum_code(each)::INTEGER) AS tags
FROM opportunities LEFT JOIN split USING (contact)
LEFT JOIN trait AS posting ON posting.kind = 'posting' AND posting.value = postings[1]
LEFT JOIN trait AS stage ON stage.kind = 'stage' AND stage.value = opportunities.stage
LEFT JOIN trait AS origin ON origin.kind = 'origin' AND origin.value = opportunities.origin
LEFT JOIN trait AS source ON source.kind = 'source' AND source.value = sources[1];

-- Tags of a snapshot are sets. A table of the taggings would be the largest one, and all others would be joined to it.
CREATE VIEW tagging AS SELECT * EXCLUDE (tags), unnest(tags) AS t FROM opp;

-- The taggings of contacts with several opportunities. `upto`, `since`: how many of the contact are not younger, not
-- older than this one, without anonymized ones; `hidden`: archived, while another is active.
CREATE VIEW shared AS
SELECT * EXCLUDE (tags), unnest(tags) AS t
FROM (SELECT c, opp.total, named, is_anonymized, opp.archived AND active AS hidden, tags,
             (count(*) OVER older)::SMALLINT AS upto, (named + 1 - rank() OVER older)::SMALLINT AS since
      FROM opp JOIN split USING (c) WHERE opp.total > 1 AND NOT is_anonymized
      WINDOW older AS (PARTITION BY c ORDER BY opp.created_at NULLS FIRST)
      UNION ALL SELECT c, opp.total, named, true, true, tags, 0, 0 FROM opp JOIN split USING (c) WHERE is_anonymized);

-- The uses of a tag by month of creation.
CREATE TABLE month AS
SELECT t, created_at // 2592000000 AS month, count(*) AS uses, count(*) FILTER (total = 1) AS alone,
       count(*) FILTER (archived) AS archived, min(created_at) AS first, max(created_at) AS last
FROM tagging GROUP BY t, month;
