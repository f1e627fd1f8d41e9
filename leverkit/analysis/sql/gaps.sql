-- One row per gap: opportunity (o), contact (c) and one of the tags `wanted` (t) that it lacks while another
-- opportunity of the contact has it. `since`: creation of the newer one of the two, ms since the epoch.

CREATE TEMP TABLE gap AS
WITH held AS MATERIALIZED (
    SELECT o, c, t
    FROM tagging SEMI JOIN (FROM inconsistent SEMI JOIN wanted USING (t)) AS lacking USING (c, t)),
first AS (SELECT held.c, t, min(created_at) AS first FROM held JOIN opp USING (o) GROUP BY held.c, t)
SELECT o, c, t, p, origin, greatest(created_at, first) AS since
FROM opp JOIN first USING (c) ANTI JOIN held USING (o, t);

SELECT 'month' AS kind, strftime(make_timestamp_ms(since), '%Y-%m') AS value, t, count(*) AS gaps
FROM gap GROUP BY ALL
UNION ALL
SELECT 'origin', coalesce(value, 'unknown'), t, count(*)
FROM gap LEFT JOIN trait ON v = origin GROUP BY ALL
UNION ALL
SELECT 'posting', coalesce(postings.text, 'unlisted posting ' || value[:8], 'no posting'), t, count(*)
FROM gap LEFT JOIN trait ON v = p LEFT JOIN postings ON postings.id = value GROUP BY ALL
ORDER BY ALL;
