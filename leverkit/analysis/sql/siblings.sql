-- The siblings of the opportunities with a tag, by how far apart the two were created: those of the same weeks
-- are hardly independent. At most about 1,000 people are looked at for a tag. Reads the tables of settings.sql.

CREATE TABLE sibling AS
WITH looked AS (
    SELECT hand.* FROM hand JOIN use USING (g) WHERE total > 1 AND c % greatest(people // 1000, 1) = 0),
theirs AS (FROM scene SEMI JOIN looked USING (c))
SELECT a.g, a.c, b.month, b.outcome, b.channel, b.owner, b.posting, h.o IS NOT NULL AS has,
       greatest(a.month, b.month) AS newer,
       CASE WHEN abs(a.day - b.day) <= 30 THEN 'near' WHEN abs(a.day - b.day) <= 150 THEN 'mid'
            ELSE 'far' END AS apart
FROM looked a JOIN theirs b ON a.c = b.c AND a.place <> b.place LEFT JOIN looked h ON h.o = b.o AND h.g = a.g;

DROP TABLE hand;
DROP TABLE held;

-- Where older siblings agree on nearly all tags until some month, whatever the tags are about, an earlier
-- migration has copied them, and these siblings are no evidence. Each tag counts the same.
CREATE TABLE copied AS
WITH monthly AS (
    SELECT g, newer, count(*) AS pairs, count(*) FILTER (has) AS hits,
           sum(count(*)) OVER (PARTITION BY g) AS every
    FROM sibling WHERE apart <> 'near' GROUP BY g, newer),
months AS (
    SELECT newer, sum(pairs) AS pairs, sum(pairs / every) AS n, sum(hits / every) AS k FROM monthly GROUP BY newer),
grown AS (
    SELECT newer, sum(pairs) OVER before AS pairs, sum(n) OVER before AS n, sum(k) OVER before AS k,
           sum(k) OVER late / sum(n) OVER late AS late
    FROM months
    WINDOW before AS (ORDER BY newer), late AS (ORDER BY newer ROWS 3 PRECEDING))
SELECT coalesce(max(newer), 0) AS month FROM grown
WHERE pairs >= 50 AND n >= 3 AND k >= 0.85 * n AND late >= 0.85
  AND newer < (SELECT quantile_disc(month, 0.8) FROM scene);

-- `chance`: what siblings in the same setting carry, in the setting that explains most; a person counts once.
CREATE TABLE apart AS
WITH pair AS (
    SELECT sibling.*, has::INTEGER AS hit, parts, rate
    FROM sibling JOIN use USING (g) WHERE newer > (SELECT month FROM copied)),
chance AS (
    SELECT pair.g, pair.c, apart, avg(hit) AS agree,
           avg(((coalesce(m.k, 0) - hit) * parts + rate) / coalesce(m.n, 1)) AS month,
           avg(((coalesce(s.k, 0) - hit) * parts + rate) / coalesce(s.n, 1)) AS outcome,
           avg(((coalesce(w.k, 0) - hit) * parts + rate) / coalesce(w.n, 1)) AS channel,
           avg(((coalesce(u.k, 0) - hit) * parts + rate) / coalesce(u.n, 1)) AS owner,
           avg(((coalesce(p.k, 0) - hit) * parts + rate) / coalesce(p.n, 1)) AS posting
    FROM pair
    LEFT JOIN setting m ON m.g = pair.g AND m.kind = 'month' AND m.v = pair.month
    LEFT JOIN setting s ON s.g = pair.g AND s.kind = 'outcome' AND s.v = pair.outcome
    LEFT JOIN setting w ON w.g = pair.g AND w.kind = 'channel' AND w.v = pair.channel
    LEFT JOIN setting u ON u.g = pair.g AND u.kind = 'owner' AND u.v = pair.owner
    LEFT JOIN setting p ON p.g = pair.g AND p.kind = 'posting' AND p.v = pair.posting
    GROUP BY pair.g, pair.c, apart)
SELECT g, apart, count(*)::DOUBLE AS people, avg(agree) AS agree,
       greatest(avg(month), avg(outcome), avg(channel), avg(owner), avg(posting)) AS chance
FROM chance GROUP BY g, apart;
