-- One row per gap: opportunity (o) and one of the tags `wanted` (t) that it lacks while another opportunity
-- of the contact has it. `since`: creation of the newer one of the two, ms since the epoch.

CREATE TABLE gap AS
WITH pair AS MATERIALIZED (
    SELECT o, opp.c, t, p, origin, created_at, list_contains(tags, t) AS has
    FROM opp JOIN (FROM inconsistent SEMI JOIN wanted USING (t)) AS lacking USING (c) WHERE NOT is_anonymized),
first AS (SELECT c, t, min(created_at) AS first FROM pair WHERE has GROUP BY c, t)
SELECT o, t, p, origin, greatest(created_at, first) AS since FROM pair JOIN first USING (c, t) WHERE NOT has;

SELECT 'month' AS kind, strftime(day, '%Y-%m') AS value, t, sum(gaps)::BIGINT AS gaps
FROM (SELECT make_timestamp_ms(since)::DATE AS day, t, count(*) AS gaps FROM gap GROUP BY ALL) GROUP BY ALL
UNION ALL
SELECT 'origin', coalesce(value, 'unknown'), t, gaps
FROM (SELECT origin AS v, t, count(*) AS gaps FROM gap GROUP BY ALL) LEFT JOIN trait USING (v)
UNION ALL
SELECT 'posting', coalesce(postings.text, 'unlisted posting ' || value[:8], 'no posting') AS value, t, sum(gaps)::BIGINT
FROM (SELECT p AS v, t, count(*) AS gaps FROM gap GROUP BY ALL) LEFT JOIN trait USING (v)
LEFT JOIN postings ON postings.id = trait.value GROUP BY ALL
ORDER BY ALL;
