-- In which settings the tags of people are used; reads `kept` of placements.sql and `spelt`. A setting is a month, an
-- outcome (stage and archive reason), a channel (origin and source), an owner or a posting. `g` numbers the
-- tags, all spellings of one together. `others` is the share of the others in the setting that carry the tag.

CREATE TEMP MACRO short(wide) AS (wide >> 32)::UINTEGER;  -- half the memory; a few values are told apart

CREATE TEMP TABLE scene AS
SELECT kept.o, kept.c, kept.total, short(hash(place)) AS place, (opp.created_at // 86400000)::INTEGER AS day,
       abs(opp.created_at // 2592000000)::UINTEGER AS month, short(hash(opp.stage, reason)) AS outcome,
       short(hash(opp.origin, opp.source)) AS channel, short(owner) AS owner, opp.p::UINTEGER AS posting
FROM kept JOIN opp USING (o);

DROP TABLE kept;

CREATE TEMP TABLE hand AS
SELECT DISTINCT g, scene.* FROM tagging JOIN spelt USING (t) JOIN scene USING (o);

CREATE TEMP TABLE use AS
SELECT g, count(*) AS used, used / any_value(every) AS rate, count(DISTINCT c) FILTER (total > 1) AS people,
       quantile_disc(day, 0.9) - quantile_disc(day, 0.1) AS days, any_value(span) AS span
FROM hand, (
    SELECT count(*) AS every, quantile_disc(day, 0.9) - quantile_disc(day, 0.1) AS span FROM scene)
GROUP BY g;

CREATE TEMP TABLE setting AS
WITH held AS (
    SELECT g, 'month' AS kind, month AS v, count(*) AS k FROM hand GROUP BY g, v
    UNION ALL SELECT g, 'outcome', outcome, count(*) FROM hand GROUP BY g, outcome
    UNION ALL SELECT g, 'channel', channel, count(*) FROM hand GROUP BY g, channel
    UNION ALL SELECT g, 'owner', owner, count(*) FROM hand GROUP BY g, owner
    UNION ALL SELECT g, 'posting', posting, count(*) FROM hand WHERE posting IS NOT NULL GROUP BY g, posting),
size AS (
    SELECT 'month' AS kind, month AS v, count(*) AS n FROM scene GROUP BY v
    UNION ALL SELECT 'outcome', outcome, count(*) FROM scene GROUP BY outcome
    UNION ALL SELECT 'channel', channel, count(*) FROM scene GROUP BY channel
    UNION ALL SELECT 'owner', owner, count(*) FROM scene GROUP BY owner
    UNION ALL SELECT 'posting', posting, count(*) FROM scene WHERE posting IS NOT NULL GROUP BY posting)
SELECT g, kind, v, k, n, (k - 1) / greatest(n - 1, 1) AS others FROM held JOIN size USING (kind, v);
