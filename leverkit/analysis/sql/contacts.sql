-- One row per contact with several opportunities.

WITH tags AS (
    SELECT c, count(*) AS tags, count(*) FILTER (lack > 0) AS inconsistent_tags,
           count(*) FILTER (lack > 0 AND wanted.t IS NOT NULL) AS tags_to_decide
    FROM holding LEFT JOIN wanted USING (t) GROUP BY c)
SELECT c, contact, total::BIGINT AS opportunities, archived, coalesce(tags, 0) AS tags,
       coalesce(inconsistent_tags, 0) AS inconsistent_tags,
       make_timestamp_ms(first) AS first_created_at, make_timestamp_ms(last) AS last_created_at,
       coalesce(tags_to_decide, 0) AS tags_to_decide
FROM split LEFT JOIN tags USING (c) ORDER BY opportunities DESC, c;
