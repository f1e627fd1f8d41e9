-- One row per contact with several opportunities.

WITH tags AS (
    SELECT c, count(*) AS tags, count(*) FILTER (lack > 0) AS inconsistent_tags FROM holding GROUP BY c),
contact_times AS (
    SELECT c, count(*) AS opportunities, count(*) FILTER (archived) AS archived,
           make_timestamp_ms(min(created_at)) AS first_created_at,
           make_timestamp_ms(max(created_at)) AS last_created_at
    FROM opp WHERE total > 1 GROUP BY c)
SELECT c, contact, opportunities, archived, coalesce(tags, 0) AS tags,
       coalesce(inconsistent_tags, 0) AS inconsistent_tags,
       first_created_at, last_created_at
FROM contact_times JOIN split USING (c) LEFT JOIN tags USING (c) ORDER BY opportunities DESC, c;
