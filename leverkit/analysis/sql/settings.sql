-- In which settings the tags of people are used; reads the tables of placements.sql. `others` is the share of the
-- others in the setting that carry the tag.

CREATE TABLE use AS
WITH days AS (
    SELECT count(*) AS every, quantile_disc(day, [0.1, 0.9]) AS span FROM scene),
people AS (SELECT g, count(*) AS people FROM held GROUP BY g)
SELECT g, parts, any_value(people) AS people, count(*) * parts AS used, used / any_value(every) AS rate,
       quantile_disc(day, [0.1, 0.9]) AS tenths, tenths[2] - tenths[1] AS days, any_value(span[2] - span[1]) AS span
FROM hand LEFT JOIN people USING (g), days GROUP BY g, parts;

CREATE TABLE setting AS
WITH held AS (
    SELECT g, parts, 'month' AS kind, month AS v, count(*) AS k FROM hand GROUP BY g, parts, v
    UNION ALL SELECT g, parts, 'outcome', outcome, count(*) FROM hand GROUP BY g, parts, outcome
    UNION ALL SELECT g, parts, 'channel', channel, count(*) FROM hand GROUP BY g, parts, channel
    UNION ALL SELECT g, parts, 'owner', owner, count(*) FROM hand GROUP BY g, parts, owner
    UNION ALL SELECT g, parts, 'posting', posting, count(*) FROM hand WHERE posting IS NOT NULL GROUP BY g, parts, posting),
size AS (
    SELECT 'month' AS kind, month AS v, count(*) AS n FROM scene GROUP BY v
    UNION ALL SELECT 'outcome', outcome, count(*) FROM scene GROUP BY outcome
    UNION ALL SELECT 'channel', channel, count(*) FROM scene GROUP BY channel
    UNION ALL SELECT 'owner', owner, count(*) FROM scene GROUP BY owner
    UNION ALL SELECT 'posting', posting, count(*) FROM scene WHERE posting IS NOT NULL GROUP BY posting)
SELECT g, kind, v, k, n, least((k - 1) * parts / greatest(n - 1, 1), 1) AS others FROM held JOIN size USING (kind, v);
