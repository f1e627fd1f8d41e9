-- What the opportunities of a tag have in common far beyond chance; reads `used` of posting_tables.sql.

CREATE TABLE department AS
SELECT v AS p, department FROM trait JOIN postings ON kind = 'posting' AND id = value
WHERE department IS NOT NULL;

WITH every AS (
    SELECT kind, value, uses / (SELECT count(*) FROM opp) AS expected FROM trait WHERE kind <> 'posting'
    UNION ALL SELECT 'department', department, count(*) / (SELECT count(*) FROM opp)
    FROM opp JOIN department USING (p) GROUP BY department),
held AS (
    SELECT t, kind, value, held
    FROM (SELECT t, stage AS v, count(*) AS held FROM tagging GROUP BY t, stage
          UNION ALL SELECT t, origin, count(*) FROM tagging GROUP BY t, origin
          UNION ALL SELECT t, source, count(*) FROM tagging GROUP BY t, source)
    JOIN trait USING (v)
    UNION ALL SELECT t, 'department', department, sum(k)::BIGINT
    FROM used JOIN department USING (p) GROUP BY t, department),
total AS (SELECT t, sum(uses)::BIGINT AS total FROM month GROUP BY t),
excess AS (
    SELECT t, kind, value, held / total AS share, expected, (share - expected) / (1 - expected) AS excess
    FROM held JOIN every USING (kind, value) JOIN total USING (t)
    WHERE total >= $fewest AND expected < 1 AND held * ln(share / expected) >= $proof),
best AS (
    SELECT t, arg_max(kind, (excess, kind, value)) AS kind,
           arg_max(value, (excess, kind, value)) AS value, arg_max(share, (excess, kind, value)) AS share,
           arg_max(expected, (excess, kind, value)) AS expected, max(excess) AS excess
    FROM excess GROUP BY t),
months AS (
    SELECT t, min(first) AS first, max(last) AS last, max(uses) / sum(uses) AS busiest FROM month GROUP BY t)
SELECT t, CASE WHEN excess >= $bound THEN kind END AS goes_with,
       CASE WHEN excess >= $bound THEN coalesce(stages.text, value) END AS goes_with_what,
       CASE WHEN excess >= $bound THEN share END AS goes_with_share,
       CASE WHEN excess >= $bound THEN best.expected END AS goes_with_expected,
       make_timestamp_ms(first) AS first_on, make_timestamp_ms(last) AS last_on, busiest AS busiest_month
FROM months LEFT JOIN best USING (t)
LEFT JOIN stages ON kind = 'stage' AND stages.id = value ORDER BY t;
