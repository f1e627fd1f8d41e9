-- Contacts by tag, number of places, and on how many of them they carry it. `$preferred` is the preferred
-- spelling of each of the `$tags`. Lever gives every opportunity of a posting its tags. Where the active ones
-- have them, an opportunity without any tag has lost them all, as archived ones do, and is no evidence about
-- the tags of its contact.

CREATE TEMP TABLE kept AS
WITH rule AS (
    SELECT coalesce(avg(tagged::INTEGER), 0) >= 0.95 AS lost
    FROM opp WHERE p IS NOT NULL AND NOT archived),
seen AS (SELECT o, c, total, p, tagged FROM opp, rule WHERE tagged OR p IS NULL OR NOT lost)
SELECT o, c, total, CASE WHEN total > 1 THEN hash(p) END AS place
FROM seen WHERE total = 1 OR p IS NOT NULL
UNION ALL
SELECT o, c, total, hash(CASE WHEN tagged THEN list_sort(list_distinct(tags))::VARCHAR ELSE '-' || o END)
FROM seen JOIN opportunities ON file_row_number = o WHERE total > 1 AND p IS NULL;

WITH person AS (SELECT c, count(DISTINCT place) AS n FROM kept WHERE total > 1 GROUP BY c),
size AS (
    SELECT n, count(*) AS total
    FROM (SELECT n FROM person UNION ALL SELECT 1 FROM kept WHERE total = 1) GROUP BY n),
held AS (
    SELECT g, tagging.c, count(DISTINCT place) AS k
    FROM tagging JOIN spelt USING (t) JOIN kept USING (o) WHERE tagging.total > 1
    GROUP BY g, tagging.c),
alone AS (SELECT DISTINCT g, o FROM tagging JOIN spelt USING (t) WHERE total = 1),
placed AS (
    SELECT g, n, k, count(*) AS contacts FROM held JOIN person USING (c) GROUP BY g, n, k
    UNION ALL SELECT g, 1, 1, count(*) FROM alone GROUP BY g),
named AS (SELECT DISTINCT g, preferred FROM spelt)
SELECT preferred AS tag, n, k, sum(contacts)::BIGINT AS contacts, any_value(total) AS total
FROM placed JOIN size USING (n) JOIN named USING (g) GROUP BY preferred, n, k ORDER BY ALL;
