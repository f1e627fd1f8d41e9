-- Contacts by tag, number of places, and on how many of them they carry it. `spelt` has the tags of people, all
-- spellings of one with one number (g). Lever gives every opportunity of a posting its tags. Where the active
-- ones have them, an opportunity without any tag has lost them all, as archived ones do, and is no evidence
-- about the tags of its contact.

CREATE TABLE rule AS
SELECT coalesce(avg((len(tags) > 0)::INTEGER), 0) >= 0.95 AS lost FROM opp WHERE p IS NOT NULL AND NOT archived;

-- A setting is a month, an outcome (stage and archive reason), a channel (origin and source), an owner or a posting.
CREATE VIEW scene AS
SELECT o, c, total, tags,
       CASE WHEN total = 1 THEN NULL WHEN p IS NOT NULL THEN short(hash(p))
            WHEN len(tags) > 0 THEN short(hash(list_sort(tags)::VARCHAR)) ELSE short(hash(-o)) END AS place,
       (created_at // 86400000)::INTEGER AS day, abs(created_at // 2592000000)::UINTEGER AS month, outcome,
       short(hash(origin, source)) AS channel, owner, p::UINTEGER AS posting
FROM opp WHERE len(tags) > 0 OR p IS NULL OR NOT (SELECT lost FROM rule);

-- The opportunities with a tag, of one in `parts` of its contacts. Of several spellings on one, one counts.
CREATE TABLE hand AS
WITH written AS (
    SELECT g, single, parts, scene.* EXCLUDE (tags, t)
    FROM (SELECT *, unnest(tags) AS t FROM scene) AS scene JOIN spelt USING (t) WHERE hash(c) % parts = 0)
SELECT * EXCLUDE (single) FROM written WHERE single
UNION ALL SELECT DISTINCT * EXCLUDE (single) FROM written WHERE NOT single;

CREATE TABLE held AS
SELECT g, c, parts, count(DISTINCT place) AS k FROM hand WHERE total > 1 GROUP BY g, c, parts;

WITH person AS (SELECT c, count(DISTINCT place) AS n FROM scene WHERE total > 1 GROUP BY c),
size AS (
    SELECT n, count(*) AS total
    FROM (SELECT n FROM person UNION ALL SELECT 1 FROM scene WHERE total = 1) GROUP BY n),
placed AS (
    SELECT g, n, k, sum(parts) AS contacts FROM held JOIN person USING (c) GROUP BY g, n, k
    UNION ALL SELECT g, 1, 1, sum(parts) FROM hand WHERE total = 1 GROUP BY g),
named AS (SELECT DISTINCT g, preferred FROM spelt)
SELECT preferred AS tag, n, k, sum(contacts)::BIGINT AS contacts, any_value(total) AS total
FROM placed JOIN size USING (n) JOIN named USING (g) GROUP BY preferred, n, k ORDER BY ALL;
